from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.compiled_files import LIBRARY, compiled_file, compiled_sources, faults_of

SOURCE = "ingressd/proxy/lane.py"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with one compiled module, made one second after its source was written."""
    for seconds, name in enumerate((SOURCE, compiled_file(SOURCE), LIBRARY)):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        os.utime(place, (seconds + 1, seconds + 1))
    return tmp_path


def test_what_is_listed_is_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[tool.ingressd]\ncompiled = ["{SOURCE}"]\n')
    assert compiled_sources(tmp_path) == [SOURCE]


def test_compiled_after_the_last_change(root: Path) -> None:
    assert faults_of(root, [SOURCE]) == []


def test_changed_since(root: Path) -> None:
    os.utime(root / SOURCE, (9, 9))
    assert faults_of(root, [SOURCE]) == [f"{SOURCE} has changed since it was compiled."]


def test_not_compiled(root: Path) -> None:
    (root / compiled_file(SOURCE)).unlink()
    assert faults_of(root, [SOURCE]) == [f"{SOURCE} is not compiled."]


def test_left_over(root: Path) -> None:
    assert faults_of(root, []) == [f"{compiled_file(SOURCE)} is left over from another build."]
