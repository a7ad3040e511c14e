"""The data plane runs compiled where it is compiled, and from its sources where that is asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, SourceFileLoader
from pathlib import Path

import pytest

from ingressd.compilation import PURE_VARIABLE, SourceFinder, describe, prefer_sources, runs_compiled
from tests.support.compiled_files import compiled_sources
from tests.support.running import PROGRAM, environment_of

LISTED = compiled_sources(Path(__file__).parents[1])


@pytest.fixture
def package(tmp_path: Path) -> list[str]:
    """The search path of a package with a source, the same as an extension module, and a package below."""
    for name in ("lane.py", f"lane{EXTENSION_SUFFIXES[0]}", "below/__init__.py", "data/manifest.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return [str(tmp_path)]


@pytest.mark.parametrize("source", LISTED)
def test_every_listed_module_runs_as_is_said(source: str) -> None:
    spec = import_module(source.removesuffix(".py").replace("/", ".")).__spec__
    assert spec is not None
    assert isinstance(spec.loader, ExtensionFileLoader if runs_compiled() else SourceFileLoader)


def test_other_processes_run_the_same(tmp_path: Path) -> None:
    done = subprocess.run([*PROGRAM, "--version"], env=environment_of(tmp_path), capture_output=True, check=True)
    assert done.stdout.decode().endswith(f" ({describe()})\n")


@pytest.mark.parametrize("name", ["shop.lane", "shop.below"])
def test_sources_are_found_before_what_is_compiled(package: list[str], name: str) -> None:
    spec = SourceFinder("shop").find_spec(name, package)
    assert spec is not None
    assert isinstance(spec.loader, SourceFileLoader)


@pytest.mark.parametrize("name", ["shop.absent", "shop.data", "shopping.lane", "lane"])
def test_everything_else_is_left_to_the_other_finders(package: list[str], name: str) -> None:
    assert SourceFinder("shop").find_spec(name, package) is None


def test_a_package_itself_is_left_to_the_other_finders() -> None:
    assert SourceFinder("shop").find_spec("shop") is None


@pytest.mark.parametrize(("value", "pure"), [(None, False), ("", False), ("0", False), ("1", True), ("yes", True)])
def test_the_environment_asks_for_sources(monkeypatch: pytest.MonkeyPatch, value: str | None, pure: bool) -> None:
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if not isinstance(finder, SourceFinder)])
    prefer_sources({} if value is None else {PURE_VARIABLE: value})
    assert isinstance(sys.meta_path[0], SourceFinder) is pure


def test_sources_are_not_called_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [SourceFinder("ingressd"), *sys.meta_path])
    assert describe() == "pure Python"
