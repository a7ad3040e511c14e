"""Accept, peek, choose, handshake: how a TLS connection begins."""

from __future__ import annotations

import asyncio
import errno
import functools
import socket
import ssl
from collections.abc import Callable
from typing import Final

from tls.client_hello import ClientHello, NotTls
from tls.failure import TlsFailure, TlsFailureReason
from tls.key_pair import KeyPairError
from tls.peek import peek_client_hello
from tls.plaintext import looks_like_http, refuse_http

__all__ = ["TlsAcceptor", "TlsFailure", "TlsFailureReason"]

_BATCH: Final = 64
_PAUSE_SECONDS: Final = 1.0
_SHUTDOWN_SECONDS: Final = 1.0

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
    """Owns a listening socket. Belongs to the event loop that runs when it is started.

    The server name is read from the client's first message, and ``choose`` returns the context for it
    (``None``: the client named no host), before TLS is started. A context exchanged later, in Python's
    ``sni_callback``, brings its certificate but neither its ``verify_mode`` nor its ``minimum_version``.

    ``protocol_factory`` is given the same server name. The protocol is told of the connection
    (``connection_made``) when the handshake is over, and never if it fails; from then on the connection
    belongs to the protocol. ``choose`` may raise ``KeyPairError`` or ``ssl.SSLError``: the connection is
    closed and reported.
    """

    def __init__(
        self,
        sock: socket.socket,
        choose: Callable[[str | None], ssl.SSLContext],
        protocol_factory: Callable[[str | None], asyncio.BaseProtocol],
        *,
        on_failure: Callable[[TlsFailure], None],
        handshake_timeout_seconds: float = 10.0,
        max_pending: int = 1024,
    ) -> None:
        """One deadline holds for the first message and the handshake together. Over ``max_pending``
        connections between accept and the end of their handshake, new ones wait in the kernel's queue."""
        if handshake_timeout_seconds <= 0:
            raise ValueError(f"handshake_timeout_seconds must be above 0, not {handshake_timeout_seconds}")
        if max_pending < 1:
            raise ValueError(f"max_pending must be at least 1, not {max_pending}")
        self._socket = sock
        self._choose = choose
        self._protocol_factory = protocol_factory
        self._on_failure = on_failure
        self._handshake_timeout_seconds = handshake_timeout_seconds
        self._max_pending = max_pending
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reading = False
        self._pause: asyncio.TimerHandle | None = None

    @property
    def pending(self) -> int:
        """Connections between accept and the end of their handshake."""
        return len(self._tasks)

    def start(self) -> None:
        """Raises ``RuntimeError`` outside an event loop, or when called twice."""
        if self._loop is not None:
            raise RuntimeError("a TlsAcceptor is started once")
        self._loop = asyncio.get_running_loop()
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
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        self._socket.close()

    async def close(self) -> None:
        """Stops accepting and drops the connections whose handshake is not over."""
        self.stop_accepting()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __repr__(self) -> str:
        state = "closed" if self._socket.fileno() == -1 else "accepting" if self._reading else "not accepting"
        return f"<TlsAcceptor {state}, {self.pending} pending>"

    def _read_if_possible(self) -> None:
        loop = self._loop
        if loop is None or self._reading or self._pause is not None or self._socket.fileno() == -1:
            return
        if self.pending < self._max_pending:
            loop.add_reader(self._socket, self._accept_batch, loop)
            self._reading = True

    def _stop_reading(self) -> None:
        if self._reading and self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._reading = False

    def _accept_batch(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Take a batch; False when nobody waits any more, or nobody can be taken now."""
        for _ in range(_BATCH):
            if self.pending >= self._max_pending:
                self._stop_reading()
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
            peer = _text_of(address)
            task = loop.create_task(self._serve(sock, peer), name=f"tls handshake with {peer}")
            self._tasks.add(task)
            task.add_done_callback(functools.partial(self._finished, sock))
        return True

    def _pause_accepting(self, loop: asyncio.AbstractEventLoop, error: OSError) -> None:
        """A socket that cannot be accepted stays readable: without a pause the loop would spin on it."""
        self._stop_reading()
        self._pause = loop.call_later(_PAUSE_SECONDS, self._resume_accepting)
        self._on_failure(TlsFailure(TlsFailureReason.ACCEPT_EXHAUSTED, detail=error.strerror or str(error)))

    def _resume_accepting(self) -> None:
        self._pause = None
        self._read_if_possible()

    def _finished(self, sock: socket.socket, task: asyncio.Task[None]) -> None:
        # Here and not in the task: one that is cancelled before its first step runs no code of its own.
        sock.close()
        self._tasks.discard(task)
        self._read_if_possible()
        if not task.cancelled() and (error := task.exception()) is not None:
            task.get_loop().call_exception_handler(
                {"message": f"unexpected error in {task.get_name()}", "exception": error, "task": task}
            )

    async def _serve(self, sock: socket.socket, peer: str) -> None:
        failure = await self._begin(sock, peer)
        if failure is not None:
            self._on_failure(failure)

    async def _begin(self, sock: socket.socket, peer: str) -> TlsFailure | None:
        """What went wrong; ``None`` if the connection now belongs to its protocol."""
        sock.setblocking(False)
        deadline = asyncio.get_running_loop().time() + self._handshake_timeout_seconds
        hello = await _learn(sock, peer, deadline)
        if isinstance(hello, TlsFailure):
            return hello
        try:
            context = self._choose(hello.server_name)
        except (KeyPairError, ssl.SSLError) as error:
            return TlsFailure(TlsFailureReason.NO_CONTEXT, peer, hello.server_name, str(error))
        protocol = self._protocol_factory(hello.server_name)
        try:
            await self._shake_hands(sock, protocol, context, deadline)
        except OSError as error:
            reason, detail = _explain(error)
            return TlsFailure(reason, peer, hello.server_name, detail)
        return None

    async def _shake_hands(
        self, sock: socket.socket, protocol: asyncio.BaseProtocol, context: ssl.SSLContext, deadline: float
    ) -> None:
        # The transport closes its socket by itself. It gets the descriptor in an object of its own, so that
        # closing the accepted one, at the end of the task, cannot hit a descriptor that was given out again.
        owned = socket.socket(sock.family, sock.type, sock.proto, fileno=sock.detach())
        async with asyncio.timeout_at(deadline):
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                owned,
                ssl=context,
                # The deadline is earlier; without a value here, one of 60 seconds would hold as well.
                ssl_handshake_timeout=self._handshake_timeout_seconds,
                # An idle client may never answer the close_notify; without a value it would be waited for, 30 seconds.
                ssl_shutdown_timeout=_SHUTDOWN_SECONDS,
            )


async def _learn(sock: socket.socket, peer: str, deadline: float) -> ClientHello | TlsFailure:
    try:
        async with asyncio.timeout_at(deadline):
            hello = await peek_client_hello(sock)
    except TimeoutError:
        return TlsFailure(TlsFailureReason.HELLO_TIMEOUT, peer)
    except OSError as error:
        return TlsFailure(TlsFailureReason.CLOSED_BEFORE_HELLO, peer, detail=error.strerror or "")
    match hello:
        case None:
            return TlsFailure(TlsFailureReason.CLOSED_BEFORE_HELLO, peer)
        case NotTls(why, start) if looks_like_http(start):
            await refuse_http(sock)
            return TlsFailure(TlsFailureReason.PLAINTEXT_HTTP, peer, detail=why)
        case NotTls(why):
            return TlsFailure(TlsFailureReason.NOT_TLS, peer, detail=why)
        case ClientHello():
            return hello


def _explain(error: OSError) -> tuple[TlsFailureReason, str]:
    match error:
        case TimeoutError():
            return TlsFailureReason.HANDSHAKE_TIMEOUT, ""
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return TlsFailureReason.CONNECTION_LOST, ""
        case ssl.SSLError():
            return TlsFailureReason.HANDSHAKE_FAILED, (error.reason or "unknown").replace("_", " ").lower()
        case _:
            return TlsFailureReason.CONNECTION_LOST, error.strerror or ""


def _text_of(address: object) -> str:
    match address:
        case (str(host), int(port), *_):
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        case _:
            return ""
