"""setup.py compiles where it can, says why where it cannot, and builds what is asked for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from zipfile import ZipFile

import grimp
import pytest

from tests.support.compiled_files import LIBRARY, compiled_file, compiled_sources

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# One that imports nothing of ours: compiling all would take much longer, and show no more.
SOURCE = "ingressd/routing/methods.py"
NO_COMPILER = {"CC": "no-such-compiler"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a wheel is built from, with one module that is compiled."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for name in ("ingressd", "tls"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for source in set(compiled_sources(ROOT)) - {SOURCE}:
        text = text.replace(f'  "{source}",\n', "")
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def build(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "setup.py", "--quiet", *arguments, "--dist-dir", "dist"],
        cwd=checkout,
        env={"PATH": os.environ.get("PATH", os.defpath), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def wheel_in(checkout: Path) -> Path:
    (wheel,) = (checkout / "dist").glob("*.whl")
    return wheel


def extension_modules(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if name.endswith(".so")}


@pytest.mark.compiled
def test_a_compiled_wheel(checkout: Path, tmp_path: Path) -> None:
    """It is for this Python and machine, adds nothing beside the packages, and keeps the sources for INGRESSD_PURE."""
    done = build(checkout, "bdist_wheel", INGRESSD_COMPILE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    wheel = wheel_in(checkout)
    assert f"-cp{sys.version_info.major}{sys.version_info.minor}-" in wheel.name
    assert not wheel.name.endswith("-any.whl")
    assert extension_modules(wheel) == {LIBRARY, compiled_file(SOURCE)}
    with ZipFile(wheel) as archive:
        assert {SOURCE, "ingressd/py.typed"} <= set(archive.namelist())
    shutil.unpack_archive(wheel, tmp_path / "installed", "zip")
    for pure, expected in (("", "compiled"), ("1", "pure Python")):
        version = subprocess.run(
            [sys.executable, "-m", "ingressd", "--version"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path / "installed"), "INGRESSD_PURE": pure},
            capture_output=True,
            text=True,
            check=True,
        )
        assert version.stdout.endswith(f"({expected})\n")


@pytest.mark.compiled
def test_c_that_does_not_compile_ends_the_build(checkout: Path) -> None:
    compiler = checkout / "cc"
    compiler.write_text('#!/bin/sh\ncase "$*" in *needs_python_h*) exec cc "$@" ;; esac\nexit 1\n', encoding="utf-8")
    compiler.chmod(0o755)
    done = build(checkout, "bdist_wheel", CC=str(compiler))
    assert done.returncode == 1
    assert "INGRESSD_COMPILE=0 builds it as pure Python." in done.stderr
    assert not (checkout / "dist").exists()


def test_without_a_compiler_the_wheel_is_pure_and_the_build_says_so(checkout: Path) -> None:
    done = build(checkout, "bdist_wheel", **NO_COMPILER)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("WARNING: ingressd is built as pure Python, which is slower: no C compiler")
    assert wheel_in(checkout).name.endswith("-py3-none-any.whl")
    assert extension_modules(wheel_in(checkout)) == set()


def test_without_mypy_the_build_says_so(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "mypyc.py").write_text("raise ModuleNotFoundError('not here')")
    done = build(checkout, "bdist_wheel", PYTHONPATH=str(tmp_path))
    assert done.stdout.startswith("WARNING: ingressd is built as pure Python, which is slower: mypy is not installed")
    assert wheel_in(checkout).name.endswith("-py3-none-any.whl")


@pytest.mark.compiled
def test_sources_that_mypyc_refuses_are_not_compiled(checkout: Path) -> None:
    with (checkout / SOURCE).open("a", encoding="utf-8") as source:
        source.write('\nWRONG: int = "text"\n')
    done = build(checkout, "bdist_wheel")
    assert "Incompatible types in assignment" in done.stdout
    assert "WARNING: ingressd is built as pure Python, which is slower: mypyc refuses the sources" in done.stdout
    assert wheel_in(checkout).name.endswith("-py3-none-any.whl")


def test_pure_python_that_is_asked_for_needs_no_warning(checkout: Path) -> None:
    done = build(checkout, "bdist_wheel", INGRESSD_COMPILE="0", **NO_COMPILER)
    assert (done.returncode, done.stdout) == (0, "")
    assert wheel_in(checkout).name.endswith("-py3-none-any.whl")


def test_compiling_that_is_asked_for_does_not_fall_back(checkout: Path) -> None:
    done = build(checkout, "bdist_wheel", INGRESSD_COMPILE="1", **NO_COMPILER)
    assert done.returncode == 1
    assert done.stderr.startswith("ingressd cannot be compiled here: no C compiler")
    assert "gcc and python3-dev" in done.stderr
    assert not (checkout / "dist").exists()


def test_a_setting_that_means_nothing(checkout: Path) -> None:
    done = build(checkout, "bdist_wheel", INGRESSD_COMPILE="maybe")
    assert done.returncode == 1
    assert done.stderr.startswith("INGRESSD_COMPILE is 'maybe'. Set it to 1")


def test_a_source_distribution_has_what_a_build_needs_and_no_c(checkout: Path) -> None:
    done = build(checkout, "sdist", INGRESSD_COMPILE="1")
    assert done.returncode == 0, done.stderr
    (archive,) = (checkout / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"setup.py", "pyproject.toml", "LICENSE", "README.md", SOURCE, "tls/py.typed"} <= names
    assert not [name for name in names if name.endswith((".c", ".so"))]


@pytest.mark.parametrize("source", compiled_sources(ROOT))
def test_what_is_listed_is_there(source: str) -> None:
    assert (ROOT / source).is_file()


def test_the_build_requires_what_the_compiled_modules_import() -> None:
    """An environment of a build's own has nothing else, and mypyc would miss their types there."""
    required = set(PROJECT["build-system"]["requires"])
    assert required == set(PROJECT["dependency-groups"]["build"])
    assert required <= {*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]}
    graph = grimp.build_graph("ingressd", "tls", include_external_packages=True, cache_dir=None)
    modules = [source.removesuffix(".py").replace("/", ".") for source in compiled_sources(ROOT)]
    imported = set[str]().union(*(graph.find_upstream_modules(module) for module in modules))
    needed = {text for text in PROJECT["project"]["dependencies"] if re.split(r"[<>=;]", text)[0] in imported}
    assert needed <= required
