"""What to type to run ingressd again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingressd.cli.invocation import interpreter_text, program_text


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("/usr/bin/ingressd", "ingressd"),
        ("/opt/venv/bin/ingressd", "/opt/venv/bin/ingressd"),
        ("/opt/my venv/bin/ingressd", "'/opt/my venv/bin/ingressd'"),
        ("/srv/ingressd/__main__.py", "python -m ingressd"),
    ],
)
def test_program_text(argument: str, text: str) -> None:
    assert program_text(argument, "/usr/local/bin:/usr/bin") == text


def test_a_script_below_here_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert program_text(str(tmp_path / ".venv/bin/ingressd"), "/usr/bin") == "./.venv/bin/ingressd"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A folder with a Python, and one of a virtual environment with a link to it."""
    system, environment = tmp_path / "system", tmp_path / "environment"
    system.mkdir()
    environment.mkdir()
    (system / "python3.11").touch(mode=0o755)
    (system / "python3").symlink_to("python3.11")
    (environment / "python").symlink_to(system / "python3.11")
    (environment / "python3").symlink_to("python")
    return system, environment


def test_a_python_on_the_path_has_its_short_name(folders: tuple[Path, Path]) -> None:
    system, environment = folders
    assert interpreter_text(str(environment / "python3"), f"{environment}:{system}") == "python"
    assert interpreter_text(str(system / "python3.11"), str(system)) == "python3"


def test_another_python_on_the_path_is_not_taken_for_it(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    system, environment = folders
    executable = str(environment / "python")
    assert interpreter_text(executable, str(system)) == executable
    assert interpreter_text(executable, "") == executable
    monkeypatch.chdir(environment.parent)
    assert interpreter_text(executable, str(system)) == "./environment/python"


def test_a_python_that_does_not_know_its_place() -> None:
    assert interpreter_text("", "") == "python"
