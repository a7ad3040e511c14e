"""Which of two Ingresses comes first when both want the same thing.

The Ingress API says nothing about it. The oldest object wins, so that nobody takes a path away by creating
something new; then namespace and name decide, ascending, as in Gateway API; inside one object the order of the file.
"""

from __future__ import annotations

from typing import NamedTuple

from ingressd.resources.metadata import Metadata


class Precedence(NamedTuple):
    """Sorts ascending: the smaller wins. ``created`` is RFC 3339 text in UTC, and an object without one is oldest."""

    created: str
    namespace: str
    name: str


def precedence_of(metadata: Metadata) -> Precedence:
    return Precedence(metadata.creation_timestamp, metadata.namespace, metadata.name)
