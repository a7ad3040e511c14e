"""Replacing the path on its way to the upstream."""

from __future__ import annotations

import msgspec


class Rewrite(msgspec.Struct, frozen=True):
    """``target`` replaces the whole path; ``$1`` to ``$9`` in it stand for what the route's pattern captured."""

    target: str

    def __post_init__(self) -> None:
        if not self.target.startswith("/"):
            raise ValueError("a rewrite target must start with /")
