"""What to type to run ingressd again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingressd.cli.invocation import program_text


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("/usr/bin/ingressd", "ingressd"),
        ("/opt/venv/bin/ingressd", "/opt/venv/bin/ingressd"),
        ("/opt/my venv/bin/ingressd", "'/opt/my venv/bin/ingressd'"),
        ("/work/ingressd/__main__.py", "python -m ingressd"),
    ],
)
def test_program_text(argument: str, text: str) -> None:
    assert program_text(argument, "/usr/local/bin:/usr/bin") == text


def test_a_script_below_here_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert program_text(str(tmp_path / ".venv/bin/ingressd"), "/usr/bin") == "./.venv/bin/ingressd"
