"""What both lanes do with a request before and beside forwarding it, so that they cannot differ in it."""

from __future__ import annotations

from collections.abc import Sequence

from ingressd.proxy.answers import Hints, Page, failure_page, hint_for
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.client_side import ClientSide
from ingressd.proxy.decision import Decision, decide
from ingressd.proxy.exchange import Exchange, UpstreamSide
from ingressd.proxy.exchange_timeouts import ExchangeTimeouts
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.forwarding import (
    Network,
    client_scheme,
    given_request_id,
    identify_client,
    upstream_request,
)
from ingressd.proxy.progress import Progress, Recorder
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.request_ids import RequestIds
from ingressd.proxy.request_sketch import RequestSketch
from ingressd.routing.route import Route
from ingressd.routing.table import RoutingTable


class Admission:
    """Shared by the lanes of one proxy. While ``draining``, every answer closes its connection."""

    def __init__(
        self,
        table: RoutingTable,
        side: UpstreamSide,
        recorder: Recorder,
        *,
        timeouts: ExchangeTimeouts,
        tunnel_idle_seconds: float,
        trusted_proxies: Sequence[Network],
        hints: Hints,
    ) -> None:
        self.side = side
        self.timeouts = timeouts
        self.tunnel_idle_seconds = tunnel_idle_seconds
        self.draining = False
        self._table = table
        self._recorder = recorder
        self._trusted_proxies = trusted_proxies
        self._hints = hints
        self._request_ids = RequestIds()

    def begin(
        self, connection: ClientConnection, head: RequestHead | None, sketch: RequestSketch | None = None
    ) -> Progress:
        """Count a request, which has a head or at least a sketch of one."""
        peer = connection.peer
        progress = Progress(self._recorder, peer.address, peer.scheme, head, sketch)
        if head is not None:
            progress.request_id = given_request_id(head) or self._request_ids.new()
        return progress

    def decide(self, head: RequestHead, progress: Progress) -> Decision:
        decision = decide(self._table, head)
        progress.route = decision.route
        return decision

    def identify(self, head: RequestHead, connection: ClientConnection, progress: Progress) -> str:
        """Return the client's address, once trusted proxies in front have been believed."""
        progress.client = identify_client(head, connection.peer, self._trusted_proxies).address
        return progress.client

    def scheme(self, head: RequestHead, connection: ClientConnection) -> str:
        """Return ``http`` or ``https``: what the client itself used, as far as it can be believed."""
        return client_scheme(head, connection.peer, self._trusted_proxies)

    def exchange(
        self,
        head: RequestHead,
        decision: Decision,
        connection: ClientConnection,
        progress: Progress,
        client: ClientSide,
        body: bytes = b"",
    ) -> Exchange:
        """Return the exchange, not started, of a request that a route takes. ``body`` is all of its body, or empty if
        the exchange is given that as it comes."""
        route, upstream = decision.route, decision.upstream
        if route is None or upstream is None:
            raise RuntimeError("a decision without a failure has a route and an upstream")
        identity = identify_client(head, connection.peer, self._trusted_proxies)
        progress.client = identity.address
        host = head.authority.text or str(upstream.endpoints[0]).encode("ascii")
        return Exchange(
            head,
            request=upstream_request(head, identity, decision.target, progress.request_id, host, body),
            complete=len(body) > 0 or not head.has_body,
            upstream=upstream,
            client=client,
            side=self.side,
            progress=progress,
            timeouts=self.timeouts_of(route),
        )

    def timeouts_of(self, route: Route) -> ExchangeTimeouts:
        """Return the timeouts of the settings, with what the route asks for instead."""
        return self.timeouts if route.timeouts is None else self.timeouts.changed_by(route.timeouts)

    def page(self, failure: Failure, head: RequestHead | None, progress: Progress) -> Page:
        """Return the page that says what failed, in the format that the client asks for."""
        accept = b",".join(head.values(b"accept")) if head is not None else b""
        hint = hint_for(failure, head, progress.route, progress.endpoint, self._hints)
        return failure_page(failure, accept, hint, progress.request_id.decode("ascii"))


def given_up(connection: ClientConnection) -> Failure:
    """Return why nobody takes the rest of an answer: its client left, or ingressd ends and its grace is over."""
    return Failure(Reason.CLIENT_CLOSED if connection.client_is_gone else Reason.DRAINING)
