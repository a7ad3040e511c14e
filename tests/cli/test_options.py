"""Flags that commands share."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ingressd.cli.main import command
from ingressd.settings import DEFAULT_ADMIN_PORT, DEFAULT_BIND, DEFAULT_HTTP_PORT, DEFAULT_HTTPS_PORT

READING = ("dev", "check", "routes", "explain")
SERVING = ("dev", "demo")
PRINTING = ("check", "routes", "explain")


def options_of(name: str) -> dict[str, bool]:
    """Return the flags of a command, and whether each may be repeated."""
    found = command.get_command(command.make_context("ingressd", [name]), name)
    assert found is not None
    return {flag: getattr(option, "multiple", False) for option in found.params for flag in option.opts}


@pytest.mark.parametrize("name", READING)
def test_whoever_reads_manifests_can_map_and_select(name: str) -> None:
    options = options_of(name)
    assert options["--map"]
    assert options["--ingress-class"]


@pytest.mark.parametrize("name", SERVING)
def test_whoever_serves_can_choose_where(name: str) -> None:
    options = options_of(name)
    assert {"--http-port", "--https-port", "--admin-port", "--bind", "--admin-bind"} <= options.keys()
    assert options["--trusted-proxy"]


@pytest.mark.parametrize("name", PRINTING)
def test_whoever_prints_a_result_can_print_json(name: str) -> None:
    assert "--json" in options_of(name)


@pytest.mark.parametrize("default", [DEFAULT_HTTP_PORT, DEFAULT_HTTPS_PORT, DEFAULT_ADMIN_PORT, DEFAULT_BIND])
def test_help_shows_the_defaults(default: int | str) -> None:
    text = " ".join(CliRunner().invoke(command, ["dev", "--help"]).output.split())
    assert f"[default: {default}" in text
