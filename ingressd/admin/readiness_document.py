"""Readiness as JSON: what ``/readyz`` answers."""

from __future__ import annotations

import msgspec


class ReadinessDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``waiting_for`` holds sentences. It is left out when it is empty: when ready, and in a drain."""

    ready: bool
    waiting_for: tuple[str, ...] = ()
