"""How the supervisor treats its workers."""

from __future__ import annotations

import msgspec


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``workers`` processes serve at any time.

    A worker of which nothing is heard for ``dump_after_seconds`` has its stacks written to standard error, after
    ``kill_after_seconds`` it is killed; until its first word it has ``start_seconds``. ``idle_seconds`` is how long an
    idle connection to a worker that drains may still send a request (``messages.Drain``), ``end_slack_seconds`` how
    long a worker may take to end after its grace.
    """

    workers: int
    drain_grace_seconds: float = 30.0
    idle_seconds: float = 5.0
    dump_after_seconds: float = 5.0
    kill_after_seconds: float = 30.0
    start_seconds: float = 30.0
    end_slack_seconds: float = 5.0
