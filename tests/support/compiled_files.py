"""The files that ``make compile`` puts beside the sources, and whether they are what the sources say."""

from __future__ import annotations

import sysconfig
import tomllib
from collections.abc import Sequence
from pathlib import Path

from ingressd.compilation import PACKAGES

SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
LIBRARY = f"ingressd/data_plane__mypyc{SUFFIX}"


def compiled_sources(root: Path) -> list[str]:
    """Return what ``[tool.ingressd] compiled`` lists in the pyproject.toml of ``root``."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    listed: list[str] = project["tool"]["ingressd"]["compiled"]
    return listed


def compiled_file(source: str) -> str:
    return source.removesuffix(".py") + SUFFIX


def faults_of(root: Path, sources: Sequence[str]) -> list[str]:
    """Return a sentence for each source that is not compiled, or changed since, and each file that is left over."""
    expected = {compiled_file(source): source for source in sources}
    files = [path for package in PACKAGES for path in root.glob(f"{package}/**/*{SUFFIX}")]
    found = {path.relative_to(root).as_posix(): path.stat().st_mtime for path in files}
    faults = [
        f"{source} is not compiled." if name not in found else f"{source} has changed since it was compiled."
        for name, source in expected.items()
        if found.get(name, 0.0) < (root / source).stat().st_mtime
    ]
    return faults + [f"{name} is left over from another build." for name in sorted(found.keys() - expected - {LIBRARY})]
