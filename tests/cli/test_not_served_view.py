"""Ingresses that are none of ours, as text."""

from __future__ import annotations

from ingressd.cli.not_served_view import count_not_served, format_not_served
from ingressd.controller.controller import NotServed
from ingressd.resources.key import Kind, ObjectKey


def others(number: int) -> list[NotServed]:
    return [NotServed(ObjectKey(Kind.INGRESS, "shop", f"old-{index}"), "It names no class.") for index in range(number)]


def test_each_has_a_line() -> None:
    assert format_not_served(others(2)) == (
        "not served: Ingress shop/old-0: It names no class.",
        "not served: Ingress shop/old-1: It names no class.",
    )
    assert format_not_served([]) == ()


def test_many_are_counted() -> None:
    lines = format_not_served(others(12))
    assert len(lines) == 11
    assert lines[-1] == "not served: … and 2 more Ingresses: `ingressd routes --json` names all of them"
    assert format_not_served(others(10))[-1].startswith("not served: Ingress shop/old-9")


def test_what_another_replica_says_moves_no_cursor() -> None:
    assert "\x1b" not in format_not_served([NotServed(ObjectKey(Kind.INGRESS, "shop", "old"), "\x1b[2J")])[0]


def test_the_number() -> None:
    assert count_not_served([]) == ()
    assert count_not_served(others(1)) == ("not served: 1 Ingress that belongs to another controller, or to none",)
    assert count_not_served(others(3)) == ("not served: 3 Ingresses that belong to another controller, or to none",)
