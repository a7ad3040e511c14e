"""How long an exchange waits for its upstream: the settings, with what its route asks for instead."""

from __future__ import annotations

import msgspec

from ingressd.policies.timeouts import Timeouts
from ingressd.settings import ProxySettings


class ExchangeTimeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds; ``settings.ProxySettings`` says what each is."""

    connect: float
    response_head: float
    answer_idle: float
    send_idle: float
    body_idle: float

    @classmethod
    def of(cls, settings: ProxySettings) -> ExchangeTimeouts:
        return cls(
            connect=settings.connect_seconds,
            response_head=settings.response_head_seconds,
            answer_idle=settings.answer_idle_seconds,
            send_idle=settings.send_idle_seconds,
            body_idle=settings.body_idle_seconds,
        )

    def changed_by(self, route: Timeouts) -> ExchangeTimeouts:
        """Return these with what a route asks for."""
        asked = {name: seconds for name, seconds in msgspec.structs.asdict(route).items() if seconds is not None}
        return msgspec.structs.replace(self, **asked)
