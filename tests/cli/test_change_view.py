"""What a save changed, as text."""

from __future__ import annotations

import msgspec

from ingressd.cli.change_view import MAX_CHANGE_LINES, format_changes, format_problem_changes
from ingressd.cli.palette import Palette
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Location, Problem, Severity

MISSING = Problem(
    severity=Severity.ERROR,
    code="no_service",
    message="Service shop/cart does not exist.",
    key=ObjectKey(Kind.INGRESS, "shop", "web"),
    path="spec.rules[0]",
    location=Location("shop.yaml", 7),
)
BROKEN = Problem(severity=Severity.ERROR, code="syntax", message="Broken.", location=Location("shop.yaml", 9))
ODD = msgspec.structs.replace(MISSING, severity=Severity.WARNING, message="It is odd.")


def test_changes_are_shown_as_they_come() -> None:
    lines = ("+ shop.localhost/cart → cart:80", "- shop.localhost/old → old:80", "~ cart:80 2 endpoints (was 1)")
    assert format_changes(lines) == lines


def test_changes_are_painted_by_their_sign() -> None:
    assert format_changes(("+ a", "- b", "~ c", "d"), palette=Palette(enabled=True)) == (
        "\x1b[32m+ a\x1b[0m",
        "\x1b[31;1m- b\x1b[0m",
        "\x1b[33m~ c\x1b[0m",
        "d",
    )


def test_a_flood_of_changes_is_counted() -> None:
    shown = format_changes([f"+ {number}" for number in range(MAX_CHANGE_LINES + 5)])
    assert len(shown) == MAX_CHANGE_LINES + 1
    assert shown[-1] == "… and 5 more changes"


def test_a_new_problem() -> None:
    assert format_problem_changes([ODD], [ODD, MISSING], served_as_before=False) == (
        "shop.yaml:7: error: Ingress shop/web spec.rules[0]: Service shop/cart does not exist.",
        "What the changes above do not name is served as before this save.",
        "now 1 error, 1 warning",
    )


def test_a_warning_leaves_no_doubt_about_what_is_served() -> None:
    assert len(format_problem_changes([], [ODD], served_as_before=True)) == 2


def test_a_fixed_problem() -> None:
    assert format_problem_changes([MISSING, ODD], [ODD], served_as_before=True) == ("now 1 warning (1 fixed)",)


def test_the_last_problem_fixed() -> None:
    assert format_problem_changes([MISSING], [], served_as_before=True) == ("now no problems (1 fixed)",)


def test_a_problem_that_moved_is_no_news() -> None:
    moved = msgspec.structs.replace(MISSING, location=Location("shop.yaml", 12))
    assert format_problem_changes([MISSING], [moved], served_as_before=True) == ()


def test_a_problem_of_a_file_is_news_at_another_line() -> None:
    moved = msgspec.structs.replace(BROKEN, location=Location("shop.yaml", 12))
    assert format_problem_changes([BROKEN], [moved], served_as_before=True) == (
        "shop.yaml:12: error: Broken.",
        "This save changed no route: what was served before it is still served.",
        "now 1 error (1 fixed)",
    )
