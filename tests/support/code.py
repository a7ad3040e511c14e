"""Python code as an operator writes it: a module in a folder, and the environment in which ingressd finds it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "manifests/examples/python"


def write_module(folder: Path, name: str, text: str) -> dict[str, str]:
    """Write a module into ``folder/code`` and return the environment in which it can be imported."""
    place = folder / "code"
    place.mkdir(exist_ok=True)
    (place / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    return {"PYTHONPATH": f"{ROOT}:{place}"}


def with_examples(folder: Path) -> dict[str, str]:
    """Return the environment in which the examples can be imported, with one API key: ``secret``, of ``alice``."""
    keys = folder / "keys.json"
    keys.write_text('{"secret": "alice"}', encoding="utf-8")
    return {"PYTHONPATH": f"{ROOT}:{EXAMPLES}", "API_KEYS_FILE": str(keys)}
