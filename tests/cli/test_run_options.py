"""The help page of ``ingressd run``."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ingressd.cli.main import command
from ingressd.cli.run import run
from ingressd.cli.run_options import CLUSTER_ONLY, FILES_ONLY, RUN_SECTIONS, SELECTORS
from ingressd.kube.resource import WATCHED
from ingressd.settings import (
    DEFAULT_ADMIN_PORT,
    DEFAULT_DRAIN_WAIT_SECONDS,
    DEFAULT_ELECTION_NAME,
    DEFAULT_HTTP_PORT,
    DEFAULT_HTTPS_PORT,
    DEFAULT_LOG_LEVEL,
)
from ingressd.translate.classes import CONTROLLER_NAME

HELP = CliRunner().invoke(command, ["run", "--help"], terminal_width=200).output
NAMES = {parameter.name for parameter in run.params}


def test_every_flag_stands_under_a_heading() -> None:
    headings = [section.heading for section in RUN_SECTIONS]
    assert list(dict.fromkeys(run.headings.values())) == headings
    assert set(run.headings) == NAMES
    positions = [HELP.index(f"\n{heading}:\n") for heading in headings]
    assert positions == sorted(positions)
    for parameter in run.params:
        assert f"\n  {parameter.opts[0]}" in HELP, parameter.opts


def test_only_help_is_among_the_others() -> None:
    assert HELP.rpartition("\nOther:\n")[2].split() == ["-h,", "--help", "Show", "this", "message", "and", "exit."]


@pytest.mark.parametrize(
    "default",
    [
        DEFAULT_HTTP_PORT,
        DEFAULT_HTTPS_PORT,
        DEFAULT_ADMIN_PORT,
        f"{DEFAULT_DRAIN_WAIT_SECONDS:g}",
        DEFAULT_ELECTION_NAME,
        DEFAULT_LOG_LEVEL,
        CONTROLLER_NAME,
    ],
)
def test_defaults_are_shown(default: object) -> None:
    assert f"[default: {default}" in HELP


def test_every_flag_says_what_it_is_for() -> None:
    assert all(getattr(parameter, "help", None) for parameter in run.params)


def test_tables_of_flags_name_flags_that_exist() -> None:
    assert {*CLUSTER_ONLY, *FILES_ONLY, *SELECTORS} <= NAMES


def test_selectors_select_what_is_watched() -> None:
    assert set(SELECTORS.values()) <= {resource.plural for resource in WATCHED.values()}
