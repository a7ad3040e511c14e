"""How a command ends."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from ingressd.cli.exit_code import CommandError, ExitCode


def test_codes_are_stable() -> None:
    assert {code.name: int(code) for code in ExitCode} == {"OK": 0, "PROBLEMS": 1, "USAGE": 2, "INTERRUPTED": 130}


def test_an_error_is_one_line_on_standard_error() -> None:
    @click.command()
    def failing() -> None:
        raise CommandError("there is nothing to read")

    result = CliRunner().invoke(failing, [])
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "ingressd: there is nothing to read\n")


def test_its_message() -> None:
    with pytest.raises(CommandError, match=r"^there is nothing to read$"):
        raise CommandError("there is nothing to read")
