"""Events (core/v1): what is said about an object where ``kubectl describe`` shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from ingressd.kube.resource import EVENTS, WATCHED
from ingressd.resources.key import ObjectKey

COMPONENT = "ingressd"
ACTION = "Translating"
LONGEST_MESSAGE_BYTES = 1024
"""The limit of the API (events.k8s.io/v1, ``note``)."""

_LONGEST_NAME = 253
_CUT = "…"


class EventReport(msgspec.Struct, frozen=True):
    """A warning about one object: ``reason`` is one CamelCase word for machines, ``message`` is for people, ``path``
    the place in the object. Two that are equal are the same warning, said again."""

    key: ObjectKey
    uid: str
    reason: str
    message: str
    path: str = ""


def event_name(report: EventReport, unique: str) -> str:
    """Name the object and make the rest ``unique`` (hexadecimal), as client-go does."""
    room = _LONGEST_NAME - len(unique) - 1
    return f"{report.key.name[:room].rstrip('.-')}.{unique}"


def first_event(report: EventReport, name: str, moment: datetime, instance: str) -> dict[str, Any]:
    """Return the Event to create. ``instance`` is the pod that reports, ``moment`` an aware time."""
    resource = WATCHED[report.key.kind]
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": name, "namespace": report.key.namespace},
        "involvedObject": {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "namespace": report.key.namespace,
            "name": report.key.name,
            "uid": report.uid,
            "fieldPath": report.path,
        },
        "type": "Warning",
        "reason": report.reason,
        "message": _bounded(report.message),
        "action": ACTION,
        "source": {"component": COMPONENT, "host": instance},
        # So core/v1 spells what is reportingController in events.k8s.io/v1.
        "reportingComponent": COMPONENT,
        "reportingInstance": instance,
        "firstTimestamp": _time(moment),
        "lastTimestamp": _time(moment),
        "count": 1,
    }


def repetition(count: int, moment: datetime) -> dict[str, Any]:
    """Return the merge patch for an Event that is said for the ``count``-th time."""
    return {"count": count, "lastTimestamp": _time(moment)}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bounded(message: str) -> str:
    encoded = message.encode("utf-8", "replace")
    if len(encoded) <= LONGEST_MESSAGE_BYTES:
        return encoded.decode()
    return encoded[: LONGEST_MESSAGE_BYTES - len(_CUT.encode())].decode("utf-8", "ignore").rstrip() + _CUT
