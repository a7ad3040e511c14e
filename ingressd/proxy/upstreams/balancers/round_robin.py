"""Each endpoint in turn."""

from __future__ import annotations

from ingressd.routing.endpoint import Endpoint


class RoundRobin:
    """A counter that goes on over changes of the endpoint list, so that a change does not restart at the first."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next = 0

    def pick(self, endpoints: tuple[Endpoint, ...]) -> Endpoint:
        """``endpoints`` is not empty."""
        endpoint = endpoints[self._next % len(endpoints)]
        self._next += 1
        return endpoint
