"""Which rule a user wrote."""

from __future__ import annotations

import msgspec


class RouteOrigin(msgspec.Struct, frozen=True, order=True, gc=False):
    """``rule`` and ``path`` are indexes from 0; both None for a default backend, only ``path`` None for a rule without
    paths."""

    namespace: str
    ingress: str
    rule: int | None = None
    path: int | None = None

    def __str__(self) -> str:
        place = "" if self.rule is None else f"#{self.rule}" if self.path is None else f"#{self.rule}/{self.path}"
        return f"{self.namespace}/{self.ingress}{place}"
