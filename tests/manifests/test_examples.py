"""The examples work with the command line that their README gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.running import ingressd

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "manifests/examples"
EXAMPLES = sorted([*(path.name for path in FOLDER.iterdir() if path.is_file()), "python/ingress.yaml"])
README = (ROOT / "manifests/README.md").read_text(encoding="utf-8")
LINES = dict(re.findall(r"`ingressd dev manifests/examples/(\S+\.yaml) ?([^`]*)`", README))


def test_each_example_has_its_line() -> None:
    assert sorted(LINES) == EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_no_error_and_every_route_an_endpoint(name: str, tmp_path: Path) -> None:
    place = str(ROOT / "manifests/examples" / name)
    checked = ingressd(tmp_path, "check", "--json", place, *LINES[name].split())
    assert checked.code == 0, checked.output
    rows = ingressd(tmp_path, "routes", "--json", place, *LINES[name].split()).document["routes"]
    assert rows
    assert [row["unavailable"] for row in rows] == [""] * len(rows)
