"""One request's life after the lane: pick an endpoint, connect, send, relay the answer, retry when that is safe."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from ingressd.proxy.client_side import ClientSide
from ingressd.proxy.exchange_timeouts import ExchangeTimeouts
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.fields import Field
from ingressd.proxy.framing import LAST_CHUNK, chunk
from ingressd.proxy.progress import Progress
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.response_head import ResponseHead
from ingressd.proxy.trailers import trailer_lines
from ingressd.proxy.upstreams.answer_receiver import AnswerReceiver
from ingressd.proxy.upstreams.connection import UpstreamConnection
from ingressd.proxy.upstreams.pool import Pool
from ingressd.proxy.upstreams.registry import UpstreamRegistry
from ingressd.proxy.watchdog import Watchdog
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.upstream import Upstream
from ingressd.tasks import OwnedTasks

_log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
MAX_REPLAY_BYTES: Final = 65536

HALF_CLOSED_IDLE_SECONDS = 0.25
"""A client that is gone and one that only stopped sending look alike (both sent FIN) until something is written to
it. While the answer flows, a client that is gone shows itself by a reset. When the flow of an answer without a known
length stops (an event stream, mostly), the client counts as gone: its endpoint would wait for nobody."""

IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY"})
"""Methods that may be sent again when it is not known whether they arrived (RFC 9110 section 9.2.2)."""


class UpstreamSide:
    """What every exchange of a worker shares."""

    def __init__(self, pool: Pool, registry: UpstreamRegistry, watchdog: Watchdog, clock: Callable[[], float]) -> None:
        self.pool = pool
        self.registry = registry
        self.watchdog = watchdog
        self.connecting = OwnedTasks()
        self.clock = clock


_NONE_TRIED: Final[frozenset[Endpoint]] = frozenset()


class Exchange(AnswerReceiver):
    """Driven by two sides: the lane gives the request's body, the upstream connection gives the answer."""

    __slots__ = (
        "_answer_begun",
        "_answer_is_open_ended",
        "_client",
        "_client_half_closed",
        "_client_paused",
        "_clock",
        "_connection",
        "_head",
        "_idempotent",
        "_last_activity",
        "_may_replay",
        "_passes_trailers",
        "_progress",
        "_replay",
        "_replay_bytes",
        "_request",
        "_request_complete",
        "_reused",
        "_sending_paused",
        "_side",
        "_timeouts",
        "_tried",
        "_unsent_bytes",
        "_upstream",
        "_waits_for",
        "ended",
        "takes_used_connections",
    )

    def __init__(
        self,
        head: RequestHead,
        *,
        request: bytes,
        complete: bool,
        upstream: Upstream,
        client: ClientSide,
        side: UpstreamSide,
        progress: Progress,
        timeouts: ExchangeTimeouts,
    ) -> None:
        """``request`` is what the upstream gets first: the head, and the body if all of it is here. ``complete``:
        nothing follows it."""
        self._head = head
        self._upstream = upstream
        self._client = client
        self._side = side
        self._progress = progress
        self._timeouts = timeouts
        self._connection: UpstreamConnection | None = None
        self._reused = False
        self._tried: frozenset[Endpoint] = _NONE_TRIED
        self.takes_used_connections = True
        self._waits_for: Endpoint | None = None
        self._request = request
        self._idempotent = head.method in IDEMPOTENT_METHODS
        self._replay: list[bytes] | None = None
        """What has come of a body behind ``_request``, until too much of it would have to be sent a second time."""
        self._replay_bytes = 0
        self._may_replay = True
        self._request_complete = complete
        self._answer_begun = False
        self._sending_paused = False
        self._client_paused = False
        self._client_half_closed = False
        self._answer_is_open_ended = False
        self._passes_trailers = False
        self._unsent_bytes = 0
        self._clock = side.clock
        self._last_activity = progress.started
        self.ended = False

    # What the lane calls.

    def start(self) -> None:
        now = self._progress.started if self._request_complete else self._clock()
        self._progress.upstream_started = self._last_activity = now
        self._try_next(None)

    def request_data(self, data: bytes) -> None:
        """Send a piece of the request's body, which is not empty."""
        self._send(chunk(data) if self._head.framing.chunked else data)

    def request_finished(self) -> None:
        self._request_complete = True
        if self._head.framing.chunked:
            self._send(LAST_CHUNK)

    def request_failed(self, failure: Failure) -> None:
        """The request's body cannot be completed."""
        self._fail(failure)

    def client_paused(self) -> None:
        """The client does not take the answer as fast as it comes."""
        self._client_paused = True
        self._touch()
        if self._connection is not None:
            self._connection.pause_reading()

    def client_resumed(self) -> None:
        self._client_paused = False
        self._touch()
        if self._connection is not None:
            self._connection.resume_reading()

    def client_half_closed(self) -> None:
        """The client has closed its sending half: it waits for the answer, or it is gone. Only time tells."""
        self._client_half_closed = True
        self._touch()

    def cancel(self) -> None:
        """The client is gone, or will not take the rest."""
        if not self.ended:
            self._end(keep_connection=False)

    # What the upstream connection calls.

    def informational_received(self, head: ResponseHead) -> None:
        self._touch()
        self._client.send_informational(head)

    def head_received(self, head: ResponseHead, data: bytes, *, complete: bool) -> None:
        now = self._last_activity = self._clock()
        self._progress.upstream_answered = now
        self._answer_begun = True
        if complete:
            # First, so that the next request finds the connection in the pool.
            self._end(keep_connection=self._request_complete, now=now)
        else:
            self._answer_is_open_ended = head.framing.length is None
            # Fields that Connection names go, trailers too (RFC 9110 section 7.6.1): where it names any, all go.
            self._passes_trailers = self._head.takes_trailers and head.spliceable
            self._stop_replay()
        try:
            self._client.begin_answer(head, data, complete=complete)
        except Exception:
            # The client would wait for ever: nobody else has this answer.
            _log.exception("an answer of %s could not be passed on", self._progress.endpoint)
            if not self.ended:
                self._end(keep_connection=False)
            self._client.fail(Failure(Reason.INTERNAL_ERROR))

    def data_received(self, data: bytes) -> None:
        self._touch()
        self._client.send_data(data)

    def view_received(self, data: memoryview) -> None:
        self._touch()
        self._client.send_view(data)

    def room(self) -> int:
        return self._client.room()

    def answer_finished(self, trailers: list[Field]) -> None:
        self._end(keep_connection=self._request_complete)
        self._client.finish(trailer_lines(trailers) if trailers and self._passes_trailers else b"")

    def upgraded(self, head: ResponseHead, early_data: bytes) -> None:
        self._progress.upstream_answered = self._clock()
        connection = self._connection
        if connection is None:
            raise RuntimeError("an answer came without a connection")
        self._connection = None
        self._end(keep_connection=False)
        self._client.tunnel(head, connection, early_data)

    def answer_failed(self, failure: Failure, *, any_byte_received: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        # Until there is a connection again, more of the body would only pile up here.
        self._sending_paused = False
        self._client.pause_body()
        if any_byte_received or not self._may_replay or not self._idempotent:
            self._fail(failure)
        elif self._reused:
            # The endpoint closed an idle connection while the request was on its way: it is not at fault.
            self.takes_used_connections = False
            self._try_next(failure)
        else:
            if connection is not None:
                self._tried |= {connection.endpoint}
            self._try_next(failure)

    def sending_paused(self) -> None:
        self._sending_paused = True
        self._touch()
        self._client.pause_body()

    def sending_resumed(self) -> None:
        self._sending_paused = False
        self._touch()
        self._client.resume_body()

    # What the watchdog calls.

    def check(self, now: float) -> None:
        """Fail if whoever's turn it is has been silent for too long."""
        if self._connection is None:
            # Connecting has a time limit of its own; waiting until that may begin has the same.
            if self._waits_for is not None and now - self._last_activity > self._timeouts.connect:
                self._stop_waiting()
            return
        idle = now - self._last_activity
        timeouts = self._timeouts
        if self._client_paused:
            if not self._moves(self._client.unsent_bytes()) and idle > timeouts.send_idle:
                self._fail(Failure(Reason.CLIENT_CLOSED, f"the client took nothing for {timeouts.send_idle:g} s"))
        elif self._client_half_closed and self._answer_is_open_ended and idle > HALF_CLOSED_IDLE_SECONDS:
            self._fail(Failure(Reason.CLIENT_CLOSED))
        elif self._sending_paused:
            if not self._moves(self._connection.unsent_bytes()) and idle > timeouts.send_idle:
                self._fail(Failure(Reason.UPSTREAM_TIMEOUT, f"the endpoint took nothing for {timeouts.send_idle:g} s"))
        elif not self._request_complete and not self._answer_begun:
            if idle > timeouts.body_idle:
                self._fail(Failure(Reason.REQUEST_TIMEOUT, f"no body byte came for {timeouts.body_idle:g} s"))
        elif not self._answer_begun:
            if idle > timeouts.response_head:
                self._fail(Failure(Reason.UPSTREAM_TIMEOUT, f"no whole header came for {timeouts.response_head:g} s"))
        elif idle > timeouts.answer_idle:
            self._fail(Failure(Reason.UPSTREAM_TIMEOUT, f"the endpoint sent nothing for {timeouts.answer_idle:g} s"))

    def _moves(self, unsent_bytes: int) -> bool:
        """Whether a side that is not ready for more has taken something since the last look."""
        moved = unsent_bytes != self._unsent_bytes
        self._unsent_bytes = unsent_bytes
        if moved:
            self._touch()
        return moved

    # Attempts.

    def _try_next(self, last_failure: Failure | None) -> None:
        if last_failure is not None:
            self._touch()  # what failed may have taken long
        attempts = self._progress.attempts
        endpoint = self._side.registry.pick(self._upstream, self._tried) if attempts < MAX_ATTEMPTS else None
        if endpoint is None:
            self._fail(last_failure or Failure(Reason.UPSTREAM_CONNECT, "no endpoint was tried"))
            return
        self._progress.attempts += 1
        self._progress.endpoint = endpoint
        pool = self._side.pool
        connection = (
            pool.take(endpoint, self._last_activity, repeatable=self._idempotent)
            if self.takes_used_connections
            else None
        )
        if connection is not None:
            self._use(connection, reused=True)
        elif pool.reserve(endpoint):
            self._start_connecting(endpoint)
        elif pool.wait(endpoint, self):
            self._waits_for = endpoint
            self._touch()
        else:
            self._tried |= {endpoint}
            self._try_next(Failure(Reason.UPSTREAM_BUSY, f"too many requests wait for a connection to {endpoint}"))

    # What the pool calls (Waiter).

    def connection_free(self, connection: UpstreamConnection) -> None:
        self._waits_for = None
        self._touch()
        self._use(connection, reused=True)

    def may_connect(self) -> None:
        endpoint, self._waits_for = self._waits_for, None
        if endpoint is None:
            raise RuntimeError("the exchange waits for no connection")
        self._start_connecting(endpoint)

    def _start_connecting(self, endpoint: Endpoint) -> None:
        self._side.connecting.start(self._connect(endpoint), f"connect to {endpoint}")

    def _stop_waiting(self) -> None:
        endpoint, self._waits_for = self._waits_for, None
        if endpoint is None:
            return
        self._side.pool.leave(endpoint, self)
        self._tried |= {endpoint}
        limit = self._timeouts.connect
        self._try_next(Failure(Reason.UPSTREAM_BUSY, f"no connection to {endpoint} came free within {limit:g} s"))

    async def _connect(self, endpoint: Endpoint) -> None:
        try:
            connection = await self._side.pool.connect(endpoint, self._timeouts.connect)
        except Failure as failure:
            self._side.registry.connect_failed(endpoint)
            self._tried |= {endpoint}
            if not self.ended:
                (self._try_next if failure.answer.retry_safe else self._fail)(failure)
            return
        except Exception:
            _log.exception("connecting to %s failed", endpoint)
            self._fail(Failure(Reason.INTERNAL_ERROR))
            return
        self._side.registry.connected(endpoint)
        if self.ended:
            self._side.pool.release(connection, self._clock())
        else:
            self._use(connection, reused=False)

    def _use(self, connection: UpstreamConnection, *, reused: bool) -> None:
        self._connection = connection
        self._reused = reused
        if not reused:
            self._touch()
        replay = self._replay
        connection.begin(self, self._head.method, self._head.upgrade)
        if self._may_replay:
            if replay is None:
                connection.send(self._request)
            else:
                body = replay[0] if len(replay) == 1 else b"".join(replay)
                connection.send(self._request + body)
                self._limit_replay()
        if self._client_paused:
            connection.pause_reading()
        if not connection.writing_paused:
            self._client.resume_body()

    def _send(self, data: bytes) -> None:
        if self._may_replay:
            if self._replay is None:
                self._replay = []
            self._replay.append(data)
            self._replay_bytes += len(data)
        if self._connection is not None:
            self._touch()
            self._connection.send(data)
            self._limit_replay()

    def _limit_replay(self) -> None:
        if self._replay_bytes > MAX_REPLAY_BYTES:
            self._stop_replay()

    def _stop_replay(self) -> None:
        self._may_replay = False
        self._request = b""
        self._replay = None

    def _touch(self) -> None:
        self._last_activity = self._clock()

    # The end.

    def _fail(self, failure: Failure) -> None:
        if not self.ended:
            self._end(keep_connection=False)
            self._client.fail(failure)

    def _end(self, *, keep_connection: bool, now: float = 0.0) -> None:
        """``now`` where the time is known."""
        self.ended = True
        self._stop_replay()
        connection, self._connection = self._connection, None
        if connection is None:
            if self._waits_for is not None:
                self._side.pool.leave(self._waits_for, self)
                self._waits_for = None
            return
        if keep_connection:
            self._side.pool.release(connection, now or self._clock())
        else:
            connection.close()
