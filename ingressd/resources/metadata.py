"""The part of ``metadata`` that ingressd uses."""

from __future__ import annotations

import msgspec


class Metadata(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """``creation_timestamp`` is RFC 3339 in UTC (``2026-11-20T10:00:00Z``): it sorts as text.

    Files seldom carry one; an object without it counts as older than every object that has one, so that
    namespace and name decide between files.
    """

    name: str = ""
    namespace: str = ""
    creation_timestamp: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
