"""How a reflector does, for readiness, metrics and people."""

from __future__ import annotations

import msgspec

from ingressd.resources.key import Kind


class ReflectorHealth(msgspec.Struct, frozen=True):
    """``error`` is one sentence, empty when all is well.

    ``watches`` and ``lists`` count those begun, ``objects`` the valid objects that exist.
    """

    kind: Kind
    namespace: str
    listed: bool = False
    error: str = ""
    watches: int = 0
    lists: int = 0
    objects: int = 0
