from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingressd.kube.event import LONGEST_MESSAGE_BYTES, EventReport, event_name, first_event, repetition
from ingressd.resources.key import Kind, ObjectKey

MOMENT = datetime(2026, 11, 20, 10, 0, 0, 999, tzinfo=UTC)
KEY = ObjectKey(Kind.INGRESS, "shop", "web")
REPORT = EventReport(KEY, "uid-1", "NoService", "There is no Service shop/web.", "spec.rules[0]")


def test_an_event_is_whole() -> None:
    assert first_event(REPORT, "web.1f", MOMENT, "ingressd-a") == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "web.1f", "namespace": "shop"},
        "involvedObject": {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "namespace": "shop",
            "name": "web",
            "uid": "uid-1",
            "fieldPath": "spec.rules[0]",
        },
        "type": "Warning",
        "reason": "NoService",
        "message": "There is no Service shop/web.",
        "action": "Translating",
        "source": {"component": "ingressd", "host": "ingressd-a"},
        "reportingComponent": "ingressd",
        "reportingInstance": "ingressd-a",
        "firstTimestamp": "2026-11-20T10:00:00Z",
        "lastTimestamp": "2026-11-20T10:00:00Z",
        "count": 1,
    }


def test_a_repetition_changes_the_count_and_the_last_time() -> None:
    assert repetition(7, MOMENT) == {"count": 7, "lastTimestamp": "2026-11-20T10:00:00Z"}


@pytest.mark.parametrize("message", ["x" * 5000, "é" * 5000, "\U0001d538" * 257, "\ud800" * 2000])
def test_a_long_message_is_cut_between_characters(message: str) -> None:
    report = EventReport(KEY, "uid-1", "NoService", message)
    bounded = first_event(report, "web.1f", MOMENT, "a")["message"]
    assert LONGEST_MESSAGE_BYTES - 8 < len(bounded.encode()) <= LONGEST_MESSAGE_BYTES
    assert bounded.endswith("…")


def test_a_message_that_fits_stays() -> None:
    message = "x" * LONGEST_MESSAGE_BYTES
    assert first_event(EventReport(KEY, "", "A", message), "web.1f", MOMENT, "a")["message"] == message


@pytest.mark.parametrize(
    ("name", "expected"),
    [("web", "web.00ff"), ("a" * 253, "a" * 248 + ".00ff"), ("a" * 247 + "." + "b" * 5, "a" * 247 + ".00ff")],
)
def test_a_name_is_unique_and_fits(name: str, expected: str) -> None:
    report = EventReport(ObjectKey(Kind.INGRESS, "shop", name), "", "A", "b")
    assert event_name(report, "00ff") == expected
