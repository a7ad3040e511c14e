"""The client of an exchange, whose answer goes straight to its transport."""

from __future__ import annotations

from ingressd.proxy.admission import Admission, given_up
from ingressd.proxy.answers import (
    CONTINUE,
    WITHOUT_BODY,
    Page,
    answer_framing,
    interim_head,
    local_answer,
    relayed_head,
)
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.client_side import ClientSide
from ingressd.proxy.decision import Decision
from ingressd.proxy.exchange import MAX_REPLAY_BYTES, Exchange
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.framing import LAST_CHUNK, chunk, last_chunk
from ingressd.proxy.progress import Progress
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.response_head import ResponseHead
from ingressd.proxy.target import ASTERISK
from ingressd.proxy.tunnel import Tunnel
from ingressd.proxy.unsent import unsent_bytes
from ingressd.proxy.upstreams.connection import UpstreamConnection


class RelayClientSide(ClientSide):
    """Implements ``Answering`` as well, for one request.

    ``head`` is None for a request that could not be read.
    """

    __slots__ = (
        "_admission",
        "_answered_status",
        "_body_flows",
        "_connection",
        "_exchange",
        "_framing",
        "_head",
        "_keep_alive",
        "_progress",
        "_request_sent",
        "_started",
        "_tunnel",
        "_waiting_since",
    )

    def __init__(
        self, admission: Admission, connection: ClientConnection, head: RequestHead | None, progress: Progress
    ) -> None:
        self._admission = admission
        self._connection = connection
        self._head = head
        self._progress = progress
        self._exchange: Exchange | None = None
        self._tunnel: Tunnel | None = None
        self._framing = WITHOUT_BODY
        self._answered_status = 0
        self._keep_alive = False
        self._request_sent = head is not None and not head.has_body
        self._started = False
        self._body_flows = False
        self._waiting_since = 0.0

    # What the lane calls.

    def begin(self) -> Decision | None:
        """Decide what becomes of the request, and begin it; return the decision when its route has Python code, which
        is for another lane."""
        head = self._head
        if head is None:
            raise RuntimeError("a request without a head goes nowhere")
        if head.target is ASTERISK:
            self._answer_locally(204, None)
            return None
        decision = self._admission.decide(head, self._progress)
        route = decision.route
        if route is not None and route.program is not None:
            return decision
        if decision.failure is not None:
            self.fail(decision.failure)
            return None
        body = b""
        if not self._request_sent:
            body = self._connection.take_whole_body(MAX_REPLAY_BYTES)
            self._progress.bytes_received = len(body)
            self._request_sent = len(body) > 0
        self._exchange = self._admission.exchange(head, decision, self._connection, self._progress, self, body)
        if self._request_sent:
            self._started = True
            self._exchange.start()
            return None
        # A client that only promises a body must not hold an endpoint.
        if head.expects_continue and not self._connection.body_bytes:
            self._connection.write(CONTINUE)
        if head.framing.length is None or self._connection.body_bytes < head.framing.length:
            self._waiting_since = self._progress.started
            self._admission.side.watchdog.add(self)
        return None

    def break_off(self) -> None:
        """A defect of ours: answer with that, or end the answer that has begun."""
        if self._exchange is not None:
            self._exchange.cancel()
        self.fail(Failure(Reason.INTERNAL_ERROR))

    # What the client's connection calls (Answering).

    def body_received(self, data: bytes, *, complete: bool) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        if data:
            self._progress.bytes_received += len(data)
            exchange.request_data(data)
        if complete:
            self._request_sent = True
            exchange.request_finished()
        if not self._started:
            self._started = True
            if self._waiting_since:
                self._admission.side.watchdog.discard(self)
            exchange.start()
            if not self._body_flows and not complete:
                self._connection.pause_body()

    def body_failed(self, failure: Failure) -> None:
        if self._exchange is not None and self._started:
            self._exchange.request_failed(failure)
        else:
            self.fail(failure)

    def client_paused(self) -> None:
        if self._exchange is not None:
            self._exchange.client_paused()

    def client_resumed(self) -> None:
        if self._exchange is not None:
            self._exchange.client_resumed()

    def client_half_closed(self) -> None:
        if self._exchange is not None:
            self._exchange.client_half_closed()

    def give_up(self) -> None:
        if self._tunnel is not None:
            self._tunnel.close()
            return
        exchange = self._exchange
        if exchange is not None:
            exchange.cancel()
        failure = given_up(self._connection)
        self._finish(self._answered_status or failure.answer.status, failure.reason)
        if not self._connection.client_is_gone:
            self._connection.abort(reset=self._framing.until_end)

    # What the watchdog calls, until the first byte of a body has come.

    def check(self, now: float) -> None:
        limit = self._admission.timeouts.body_idle
        if now - self._waiting_since > limit:
            self.fail(Failure(Reason.REQUEST_TIMEOUT, f"no body byte came for {limit:g} s"))

    # What the exchange calls (ClientSide).

    def send_informational(self, head: ResponseHead) -> None:
        if self._head is not None and self._head.version[1] >= 1:
            self._connection.write(interim_head(head))

    def begin_answer(self, head: ResponseHead, data: bytes, *, complete: bool) -> None:
        request = self._head
        if request is None:
            raise RuntimeError("an answer came without a request")
        framing = self._framing = answer_framing(request, head)
        keep_alive = self._keep_alive = (
            request.keep_alive
            and self._request_sent
            and not framing.until_end
            and not self._admission.draining
            and request.upgrade is None
            and self._connection.more_requests_follow
        )
        persistent = request.version[1] >= 1
        pieces = relayed_head(head, framing, keep_alive=keep_alive, persistent=persistent, with_body=True)
        if head.whole:
            self._progress.bytes_sent = head.framing.length or 0
        elif framing.body and data:
            self._progress.bytes_sent += len(data)
            pieces.append(chunk(data) if framing.chunked else data)
        if complete and framing.chunked:
            pieces.append(LAST_CHUNK)
        self._answered_status = head.status
        if complete and not keep_alive:
            self._connection.expect_end()
        self._connection.write(b"".join(pieces) if len(pieces) > 1 else pieces[0])
        if complete:
            self._finish(head.status, "", now=self._progress.upstream_answered or 0.0)
            self._connection.end_answer(keep_alive=keep_alive)

    def send_data(self, data: bytes) -> None:
        if self._framing.body:
            self._progress.bytes_sent += len(data)
            self._connection.write(chunk(data) if self._framing.chunked else data)

    def send_view(self, data: memoryview) -> None:
        if self._framing.body and not self._framing.chunked:
            self._progress.bytes_sent += len(data)
            self._connection.write_view(data)
        else:
            self.send_data(bytes(data))

    def finish(self, trailer_lines: bytes = b"") -> None:
        if self._framing.chunked:
            self._connection.write(last_chunk(trailer_lines) if trailer_lines else LAST_CHUNK)
        self._end()

    def fail(self, failure: Failure) -> None:
        if self._progress.finished:
            return
        if self._answered_status:
            self._finish(self._answered_status, failure.reason, failure.detail)
            self._connection.abort(reset=self._framing.until_end)
        else:
            page = self._admission.page(failure, self._head, self._progress)
            self._answer_locally(failure.answer.status, page, failure)

    def tunnel(self, head: ResponseHead, upstream: UpstreamConnection, early_data: bytes) -> None:
        transport = self._connection.transport
        if transport is None:
            upstream.close()
            self.fail(Failure(Reason.CLIENT_CLOSED))
            return
        self._exchange = None
        watchdog, idle_seconds = self._admission.side.watchdog, self._admission.tunnel_idle_seconds
        tunnel = self._tunnel = Tunnel(transport, upstream, self._admission.side.clock, idle_seconds)
        watchdog.add(tunnel)
        tunnel.closed.add_done_callback(self._tunnel_ended)
        self._progress.begin_tunnel()
        transport.write(interim_head(head))
        upstream.enter_tunnel(tunnel)
        if early_data:
            tunnel.write(early_data)
        self._connection.start_tunnel(tunnel)

    def pause_body(self) -> None:
        self._body_flows = False
        if not self._request_sent:
            self._connection.pause_body()

    def resume_body(self) -> None:
        self._body_flows = True
        if not self._request_sent:
            self._connection.resume_body()

    def unsent_bytes(self) -> int:
        return unsent_bytes(self._connection.transport)

    def room(self) -> int:
        return self._connection.room()

    # The end.

    def _answer_locally(self, status: int, page: Page | None, failure: Failure | None = None) -> None:
        """Answer without an upstream. What came behind an upgrade request belongs to no request that can be told."""
        connection, head = self._connection, self._head
        keep_alive = (
            head is not None
            and head.keep_alive
            and head.upgrade is None
            and not self._admission.draining
            and (self._request_sent or (not self._started and connection.skip_body()))
            and connection.more_requests_follow
        )
        method = head.method if head is not None else "GET"
        persistent = head is None or head.version[1] >= 1
        connection.write(local_answer(status, page, failure, method, keep_alive=keep_alive, persistent=persistent))
        self._keep_alive = keep_alive
        if page is not None and method != "HEAD":
            self._progress.bytes_sent = len(page.body)
        reason, detail = (failure.reason, failure.detail) if failure is not None else ("", "")
        self._finish(status, reason, detail)
        if not keep_alive and (head is None or not self._request_sent or head.upgrade is not None):
            connection.begin_lingering()
        connection.end_answer(keep_alive=keep_alive)

    def _end(self) -> None:
        self._finish(self._answered_status, "")
        self._connection.end_answer(keep_alive=self._keep_alive)

    def _finish(self, status: int, reason: str, detail: str = "", now: float = 0.0) -> None:
        if not self._started:
            self._admission.side.watchdog.discard(self)
        # The two refer to each other: without this, only the garbage collector would free them.
        self._exchange = None
        self._progress.finish(status, reason, detail, now)

    def _tunnel_ended(self, _: object) -> None:
        tunnel = self._tunnel
        if tunnel is None:
            return
        self._tunnel = None
        self._admission.side.watchdog.discard(tunnel)
        self._progress.bytes_received = tunnel.bytes_received
        self._progress.bytes_sent = tunnel.bytes_sent
        self._finish(101, "")
