"""What is known of upstreams and endpoints from the traffic itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from ingressd.proxy.upstreams.balancers.round_robin import RoundRobin
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.upstream import Upstream, UpstreamKey

FIRST_EJECTION_SECONDS = 1.0
LONGEST_EJECTION_SECONDS = 10.0


class _Ejection:
    __slots__ = ("duration", "until")

    def __init__(self) -> None:
        self.duration = 0.0
        self.until = 0.0


class UpstreamRegistry:
    """Live state, kept outside the routing table so that it survives each change of it.

    An endpoint that refuses a connection is left out for a while, twice as long at each failure in a row: a
    rollout removes pods seconds before their EndpointSlice says so.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._balancers: dict[UpstreamKey, RoundRobin] = {}
        self._ejected: dict[Endpoint, _Ejection] = {}

    def pick(self, upstream: Upstream, tried: Collection[Endpoint] = ()) -> Endpoint | None:
        """Return the endpoint to try next; None when every one has been tried.

        Ejected endpoints are passed over while there is another: a guess about health must not make an outage.
        """
        candidates = upstream.endpoints
        if tried:
            candidates = tuple([endpoint for endpoint in candidates if endpoint not in tried])
        if not candidates:
            return None
        if self._ejected:
            now = self._clock()
            healthy = tuple([endpoint for endpoint in candidates if not self._is_ejected(endpoint, now)])
            candidates = healthy or candidates
        balancer = self._balancers.get(upstream.key)
        if balancer is None:
            balancer = self._balancers[upstream.key] = RoundRobin()
        return balancer.pick(candidates)

    def connect_failed(self, endpoint: Endpoint) -> None:
        ejection = self._ejected.setdefault(endpoint, _Ejection())
        ejection.duration = min(max(ejection.duration * 2, FIRST_EJECTION_SECONDS), LONGEST_EJECTION_SECONDS)
        ejection.until = self._clock() + ejection.duration

    def connected(self, endpoint: Endpoint) -> None:
        if self._ejected:
            self._ejected.pop(endpoint, None)

    def forget(self, keys: Iterable[UpstreamKey]) -> None:
        """Drop what was known of upstreams that the table no longer has."""
        for key in keys:
            self._balancers.pop(key, None)

    def sweep(self) -> None:
        """Drop ejections that ended long ago. To be called about once a second."""
        forgotten = self._clock() - LONGEST_EJECTION_SECONDS
        for endpoint in [endpoint for endpoint, ejection in self._ejected.items() if ejection.until < forgotten]:
            del self._ejected[endpoint]

    def _is_ejected(self, endpoint: Endpoint, now: float) -> bool:
        ejection = self._ejected.get(endpoint)
        return ejection is not None and ejection.until > now
