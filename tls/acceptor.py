"""Accepts TLS connections: each shakes hands on its own, for as long as all of them may."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final, cast

from tls.failure import TlsFailure, TlsFailureReason
from tls.handshake import TlsHandshake
from tls.listening_socket import ListeningSocket
from tls.stream import READ_BYTES

__all__ = ["TlsAcceptor", "TlsFailure", "TlsFailureReason"]

_BATCH: Final = 64
_PAUSE_SECONDS = 1.0
_SILENCE_SECONDS = 0.5

# accept(2): errors of the connection and not of the socket that listens; the next one may be fine.
_ONE_CONNECTION_ONLY: Final = frozenset(
    getattr(errno, name)
    for name in (
        "ECONNABORTED",
        "EPROTO",
        "ENOPROTOOPT",
        "ENETDOWN",
        "ENETUNREACH",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENONET",
    )
    if hasattr(errno, name)
)


class TlsAcceptor:
    """Owns a listening socket, whose descriptor it takes. Belongs to the event loop that runs when it is started.

    The server name is read from the client's first message, and ``choose`` returns the context for it
    (``None``: the client named no host), before TLS is started. A context exchanged later, in Python's
    ``sni_callback``, brings its certificate but neither its ``verify_mode`` nor its ``minimum_version``.

    ``protocol_factory`` is given the same server name when the handshake is over; from then on the connection
    belongs to the protocol. ``choose`` may raise ``KeyPairError`` or ``ssl.SSLError``: the connection is closed
    and reported.
    """

    def __init__(
        self,
        sock: socket.socket,
        choose: Callable[[str | None], ssl.SSLContext],
        protocol_factory: Callable[[str | None], asyncio.Protocol],
        *,
        on_failure: Callable[[TlsFailure], None],
        handshake_timeout_seconds: float = 10.0,
        max_pending: int = 1024,
    ) -> None:
        """One deadline holds for the first message and the handshake together.

        At most ``max_pending`` connections are between accept and the end of their handshake. A client says its first
        word at once, so a new connection takes the place of the one that has been silent longest, if that is half a
        second or more. Where there is none, new ones wait in the kernel's queue.
        """
        if handshake_timeout_seconds <= 0:
            raise ValueError(f"handshake_timeout_seconds must be above 0, not {handshake_timeout_seconds}")
        if max_pending < 1:
            raise ValueError(f"max_pending must be at least 1, not {max_pending}")
        self.choose = choose
        self.protocol_factory = protocol_factory
        self.read_buffer = memoryview(bytearray(READ_BYTES))
        self._socket = sock
        self._on_failure = on_failure
        self._handshake_timeout_seconds = handshake_timeout_seconds
        self._max_pending = max_pending
        # In the order of their arrival, with the time of it.
        self._pending: dict[TlsHandshake, float] = {}
        self._silent: dict[TlsHandshake, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reading = False
        self._pause: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None

    @property
    def pending(self) -> int:
        """Connections between accept and the end of their handshake."""
        return len(self._pending)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the TlsAcceptor has not been started")
        return self._loop

    def start(self) -> None:
        """Raises ``RuntimeError`` outside an event loop, or when called twice."""
        if self._loop is not None:
            raise RuntimeError("a TlsAcceptor is started once")
        self._loop = asyncio.get_running_loop()
        self._socket = ListeningSocket.of(self._socket)
        self._socket.setblocking(False)
        self._read_if_possible()

    def stop_accepting(self) -> None:
        """Closes the listening socket; what was accepted, or waits to be, goes on. May be called again."""
        if self._socket.fileno() == -1:
            return
        self._stop_reading()
        if self._loop is not None:
            # These clients are connected, as far as they know: closing the socket would reset them.
            while self._accept_batch(self._loop):
                pass
            # Whoever was crowded out has made room for more, and the acceptor listens again.
            self._stop_reading()
        for timer in (self._pause, self._retry):
            if timer is not None:
                timer.cancel()
        self._pause = self._retry = None
        self._socket.close()

    async def close(self) -> None:
        """Stops accepting and drops the connections whose handshake is not over."""
        self.stop_accepting()
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        pending = tuple(self._pending)
        self._pending.clear()
        self._silent.clear()
        for handshake in pending:
            handshake.cancel()
        # Those that have no transport yet get it in this turn of the loop, and drop it.
        await asyncio.sleep(0)

    def __repr__(self) -> str:
        state = "closed" if self._socket.fileno() == -1 else "accepting" if self._reading else "not accepting"
        return f"<TlsAcceptor {state}, {self.pending} pending>"

    # What a handshake calls (HandshakeOwner).

    def hello_received(self, handshake: TlsHandshake) -> None:
        self._silent.pop(handshake, None)

    def handshake_over(self, handshake: TlsHandshake, failure: TlsFailure | None) -> None:
        self._pending.pop(handshake, None)
        self._silent.pop(handshake, None)
        if not self._reading:
            self._read_if_possible()
        if failure is not None:
            self._on_failure(failure)

    # Accepting.

    def _read_if_possible(self) -> None:
        loop = self._loop
        if loop is None or self._reading or self._pause is not None or self._socket.fileno() == -1:
            return
        if self.pending < self._max_pending or self._oldest_silent(loop) is not None:
            loop.add_reader(self._socket, self._accept_batch, loop)
            self._reading = True
        elif self._retry is None:
            self._retry = loop.call_later(_SILENCE_SECONDS, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        self._read_if_possible()

    def _stop_reading(self) -> None:
        if self._reading and self._loop is not None:
            # Any: uvloop returns None where asyncio returns a bool, and compiled code insists on what it was promised.
            cast(Any, self._loop).remove_reader(self._socket)
            self._reading = False

    def _accept_batch(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Take a batch; False when nobody waits any more, or nobody can be taken now."""
        for _ in range(_BATCH):
            crowded_out = None
            if self.pending >= self._max_pending:
                crowded_out = self._oldest_silent(loop)
                if crowded_out is None:
                    self._stop_reading()
                    self._read_if_possible()
                    return False
            try:
                sock, address = self._socket.accept()
            except (BlockingIOError, InterruptedError):
                return False
            except OSError as error:
                if error.errno in _ONE_CONNECTION_ONLY:
                    continue
                self._pause_accepting(loop, error)
                return False
            if crowded_out is not None:
                crowded_out.crowd_out()
            self._take(loop, sock, address)
        return True

    def _take(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, address: object) -> None:
        sock.setblocking(False)
        handshake = TlsHandshake(self, address)
        self._pending[handshake] = loop.time()
        self._silent[handshake] = None
        if self._deadline is None:
            self._deadline = loop.call_later(self._handshake_timeout_seconds, self._expire, loop)
        adoption = loop.connect_accepted_socket(cast(Callable[[], asyncio.BaseProtocol], handshake.itself), sock)
        try:
            handshake.adopt(adoption)
        except OSError as error:
            sock.close()
            handshake.lose(error)

    def _oldest_silent(self, loop: asyncio.AbstractEventLoop) -> TlsHandshake | None:
        oldest = next(iter(self._silent), None)
        if oldest is None or loop.time() - self._pending[oldest] < _SILENCE_SECONDS:
            return None
        return oldest

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        """One timer for all: they have the same time, so the oldest is due first."""
        self._deadline = None
        latest = loop.time() - self._handshake_timeout_seconds
        for handshake, arrived in tuple(self._pending.items()):
            if arrived > latest:
                self._deadline = loop.call_later(arrived - latest, self._expire, loop)
                break
            handshake.expire()

    def _pause_accepting(self, loop: asyncio.AbstractEventLoop, error: OSError) -> None:
        """A socket that cannot be accepted stays readable: without a pause the loop would spin on it."""
        self._stop_reading()
        self._pause = loop.call_later(_PAUSE_SECONDS, self._resume_accepting)
        self._on_failure(TlsFailure(TlsFailureReason.ACCEPT_EXHAUSTED, detail=error.strerror or str(error)))

    def _resume_accepting(self) -> None:
        self._pause = None
        self._read_if_possible()
