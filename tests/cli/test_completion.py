"""Completion scripts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ingressd.cli.completion import COMPLETE_VARIABLE, SHELLS
from tests.support.command_line import RunCli


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_asks_ingressd(shell: str, run_cli: RunCli) -> None:
    done = run_cli("completion", shell)
    assert done.returncode == 0
    assert f"{COMPLETE_VARIABLE}={shell}_complete" in done.stdout
    assert "ingressd" in done.stdout


def test_an_unknown_shell(run_cli: RunCli) -> None:
    done = run_cli("completion", "powershell")
    assert done.returncode == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr


def test_what_the_script_asks_is_answered() -> None:
    environment = {**os.environ, COMPLETE_VARIABLE: "bash_complete", "COMP_WORDS": "ingressd ex", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", "from ingressd.cli.main import main; main()"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=environment,
    )
    assert done.stdout == "plain,explain\n"
