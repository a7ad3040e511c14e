"""How long the requests of one route wait for their upstream."""

from __future__ import annotations

import msgspec


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds; None leaves what ingressd was started with (``settings.ProxySettings``, which says what each is).

    Apart from ``connect`` they are the longest pause between two operations, never a whole request."""

    connect: float | None = None
    response_head: float | None = None
    answer_idle: float | None = None
    send_idle: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            seconds = getattr(self, name)
            if seconds is not None and not seconds > 0:
                raise ValueError(f"the timeout {name} must be greater than 0 seconds")
