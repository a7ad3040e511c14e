"""A TLS acceptor with certificates to choose from, and a client whose bytes a test can cut, for this folder."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from typing import cast

from tests.tls.clients import client_context
from tests.tls.loops import connect
from tls.acceptor import TlsAcceptor, TlsFailure, TlsFailureReason
from tls.authority import LocalAuthority
from tls.contexts import ServerContexts
from tls.policy import TlsPolicy

Cut = Callable[[bytes], Iterable[bytes]]


def whole(hello: bytes) -> Iterable[bytes]:
    return [hello]


class Echo(asyncio.Protocol):
    """Says for which server name it was made, then returns what it is sent."""

    def __init__(self, server_name: str | None) -> None:
        self.server_name = server_name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio's, and not its classes.
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(f"{self.server_name}\n".encode())

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Site:
    """An acceptor with a certificate for each of three hosts, and what it reported."""

    def __init__(self, authority: LocalAuthority) -> None:
        self.authority = authority
        self.contexts = ServerContexts()
        self.failures: list[TlsFailure] = []
        self.policies = {"strict.test": TlsPolicy(minimum_version="TLSv1.3")}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.listener.getsockname()
        self.generation = "one"

    def choose(self, server_name: str | None) -> ssl.SSLContext:
        known = server_name if server_name in {"a.test", "b.test", "strict.test"} else "default.test"
        pair = self.authority.issue([known, f"{self.generation}.generation.test"])
        return self.contexts.context_for(pair, self.policies.get(known, TlsPolicy()))

    def acceptor(
        self,
        *,
        choose: Callable[[str | None], ssl.SSLContext] | None = None,
        handshake_timeout_seconds: float = 10.0,
        max_pending: int = 1024,
        listener: socket.socket | None = None,
        protocol_factory: Callable[[str | None], asyncio.Protocol] = Echo,
    ) -> TlsAcceptor:
        return TlsAcceptor(
            listener or self.listener,
            choose or self.choose,
            protocol_factory,
            on_failure=self.failures.append,
            handshake_timeout_seconds=handshake_timeout_seconds,
            max_pending=max_pending,
        )

    @property
    def reasons(self) -> list[TlsFailureReason]:
        return [failure.reason for failure in self.failures]

    def client(self) -> ssl.SSLContext:
        context = client_context(self.authority)
        context.check_hostname = False
        return context


@contextlib.asynccontextmanager
async def running(acceptor: TlsAcceptor) -> AsyncIterator[TlsAcceptor]:
    acceptor.start()
    try:
        yield acceptor
    finally:
        await acceptor.close()


class Client:
    """A TLS client that decides how its bytes are cut."""

    def __init__(
        self,
        site: Site,
        server_name: str | None,
        cut: Cut = whole,
        *,
        version: ssl.TLSVersion | None = None,
        resuming: Client | None = None,
        first: bytes = b"",
    ) -> None:
        """``version``: speak this one only. ``resuming``: go on with that client's session, in its context. ``first``
        is sent with the end of the handshake."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context: ssl.SSLContext = site.client() if resuming is None else resuming.tls.context
        if version is not None:
            context.minimum_version = context.maximum_version = version
        session = resuming.tls.session if resuming is not None else None
        self.tls: ssl.SSLObject = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name, session=session
        )
        self.ended = False
        self._address = site.address
        self._cut = cut
        self._first = first

    async def __aenter__(self) -> Client:
        self._socket = await connect(self._address)
        try:
            async with asyncio.timeout(10):
                while not await self._step(self.tls.do_handshake):
                    pass
        except BaseException:
            with contextlib.suppress(ConnectionError):
                await self._flush()  # the alert that tells the server why
            self._socket.close()
            raise
        if self._first:
            self.tls.write(self._first)
        await self._flush()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._socket.close()

    async def line(self) -> str:
        received = bytearray()
        async with asyncio.timeout(10):
            while not received.endswith(b"\n"):
                await self._step(lambda: received.extend(self.tls.read(1024)))
        return received.decode().strip()

    async def read_to_end(self) -> bytes:
        """Everything until ``close_notify``. Raises ssl.SSLEOFError if the connection ends without."""
        received = bytearray()
        async with asyncio.timeout(20):
            while not self.ended:
                await self._step(lambda: self._take(received))
        return bytes(received)

    async def receive(self, count: int) -> bytes:
        received = bytearray()
        async with asyncio.timeout(20):
            while len(received) < count:
                await self._step(lambda: self._take(received))
        return bytes(received)

    async def send(self, data: bytes, cut: Cut = whole) -> None:
        """Send ``data`` encrypted, however long that takes."""
        self.tls.write(data)
        self._cut = cut
        await self._flush()

    async def send_unencrypted(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def send_close_notify(self) -> None:
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        await self._flush()

    async def unread(self) -> bytes:
        """What has come to the socket after a while, and is not read."""
        await asyncio.sleep(0.05)
        try:
            return self._socket.recv(1 << 16, socket.MSG_PEEK)
        except BlockingIOError:
            return b""

    def send_fin(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def address(self) -> tuple[str, int]:
        found: tuple[str, int] = self._socket.getsockname()
        return found

    def _take(self, received: bytearray) -> None:
        try:
            data = self.tls.read(1 << 16)
        except ssl.SSLZeroReturnError:
            data = b""
        received += data
        self.ended = not data

    async def say(self, text: str) -> None:
        self.tls.write(text.encode() + b"\n")
        await self._flush()

    def names(self) -> set[str]:
        certificate = self.tls.getpeercert()
        assert certificate is not None
        names = certificate["subjectAltName"]
        assert isinstance(names, tuple)
        return {str(name[1]) for name in names}

    async def _step(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except ssl.SSLWantReadError:
            await self._flush()
            data = await asyncio.get_running_loop().sock_recv(self._socket, 1 << 16)
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()
            return False
        return True

    async def _flush(self) -> None:
        data = self._outgoing.read()
        # The first flight is the ClientHello; what follows it is sent as it is.
        pieces, self._cut = (self._cut(data) if data else []), (whole if data else self._cut)
        for piece in pieces:
            await asyncio.get_running_loop().sock_sendall(self._socket, piece)
            await asyncio.sleep(0)
