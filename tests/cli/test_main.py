"""The ``ingressd`` command as a whole."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from ingressd import __version__
from ingressd.cli.main import COMMANDS, command
from ingressd.compilation import describe

SLOW_TO_IMPORT = ("aiohttp", "yaml", "cryptography", "prometheus_client", "msgspec", "asyncio", "re2")


def test_version() -> None:
    result = CliRunner().invoke(command, ["--version"])
    assert (result.exit_code, result.output) == (0, f"ingressd, version {__version__} ({describe()})\n")


def test_help_lists_every_command() -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    for name, place in COMMANDS.items():
        assert f"  {name} " in result.output
        assert place.summary in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_examples(name: str) -> None:
    result = CliRunner().invoke(command, [name, "--help"])
    assert result.exit_code == 0
    assert f"  Examples:\n    ingressd {name}" in result.output


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_loads_nothing_slow(arguments: list[str]) -> None:
    program = (
        "import json, sys\n"
        "from ingressd.cli.main import command\n"
        f"try:\n    command.main({arguments!r}, prog_name='ingressd')\n"
        "except SystemExit as end:\n    assert not end.code\n"
        f"print(json.dumps([name for name in {SLOW_TO_IMPORT!r} if name in sys.modules]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("arguments", [["serve"], ["check", "--nope"], ["dev", "--http-port", "x"], ["explain", "GET"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(command, arguments).exit_code == 2
