"""What a developer sees."""

from __future__ import annotations

import pytest

from ingressd.cli.addresses import Addresses
from ingressd.cli.dev_screen import DevScreen
from ingressd.cli.start_view import StartFacts, format_start
from ingressd.cli.terminal import Terminal
from ingressd.resources.problem import Location, Problem, Severity
from ingressd.telemetry.record import ExchangeRecord
from ingressd.telemetry.request_line import format_request_line

FACTS = StartFacts(addresses=Addresses("127.0.0.1", 8080, 8443, 9090), paths=("k8s",), files=1, objects=2)
PROBLEM = Problem(severity=Severity.ERROR, code="odd", message="It is odd.", location=Location("a.yaml", 1))
RECORD = ExchangeRecord(
    started=0.0,
    duration_seconds=0.001,
    client="127.0.0.1",
    method="GET",
    scheme="http",
    host="shop.localhost",
    target="/",
    status=404,
    reason="no_host",
)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def screen(lines: list[str]) -> DevScreen:
    return DevScreen(lines.append, Terminal(), FACTS)


def test_the_start(screen: DevScreen, lines: list[str]) -> None:
    assert not screen.serving.is_set()
    screen.started([], [PROBLEM])
    assert screen.serving.is_set()
    assert tuple(lines) == format_start(FACTS, [], [PROBLEM])


def test_a_save(screen: DevScreen, lines: list[str]) -> None:
    screen.started([], [])
    lines.clear()
    screen.changed(("+ shop.localhost/cart → cart:80",), [PROBLEM])
    screen.changed((), [PROBLEM])
    screen.changed((), [])
    assert lines == [
        "+ shop.localhost/cart → cart:80",
        "a.yaml:1: error: It is odd.",
        "What the changes above do not name is served as before this save.",
        "now 1 error",
        "now no problems (1 fixed)",
    ]


def test_a_broken_save(screen: DevScreen, lines: list[str]) -> None:
    screen.started([], [])
    lines.clear()
    screen.changed((), [PROBLEM])
    assert lines == [
        "a.yaml:1: error: It is odd.",
        "This save changed no route: what was served before it is still served.",
        "now 1 error",
    ]


def test_a_request(screen: DevScreen, lines: list[str]) -> None:
    screen.finished(RECORD)
    assert lines == [format_request_line(RECORD)]


def test_colours_where_the_terminal_has_them(lines: list[str]) -> None:
    DevScreen(lines.append, Terminal(colours=True, width=100), FACTS).finished(RECORD)
    assert lines == [format_request_line(RECORD, colours=True)]


@pytest.mark.parametrize(
    ("in_flight", "line"),
    [(0, "ending; Ctrl-C again ends at once"), (3, "ending, 3 in flight; Ctrl-C again ends at once")],
)
def test_the_end(screen: DevScreen, lines: list[str], in_flight: int, line: str) -> None:
    screen.draining(in_flight)
    assert lines == [line]
