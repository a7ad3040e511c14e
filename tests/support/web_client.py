"""A client that sends exactly what a test says, and reads one answer."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

TIMEOUT_SECONDS = 30.0
Fields = Mapping[str, str] | Iterable[tuple[str, str]]


class Seen(msgspec.Struct, frozen=True):
    """What reached a pod (``pods.echo_answer``): ``path`` as it stood in the request line."""

    pod: str
    method: str
    path: str
    protocol: str
    fields: tuple[tuple[str, str], ...]
    body: str

    def values(self, name: str) -> list[str]:
        return [value for field, value in self.fields if field.lower() == name.lower()]


class Answer(NamedTuple):
    status: int
    protocol: str
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for field, value in self.fields if field.lower() == name.lower()]

    @property
    def reason(self) -> str:
        """Why ingressd answered itself; empty for the answer of an upstream."""
        return ", ".join(self.values("X-Ingressd-Reason"))

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def seen(self) -> Seen:
        assert self.status == 200, (self.status, self.reason, self.body)
        return msgspec.json.decode(self.body, type=Seen)

    @property
    def pod(self) -> str:
        """Who answered; the status in words for an answer of ingressd itself."""
        return self.seen.pod if self.status == 200 else f"{self.status} {self.reason}"


class Connection:
    """One connection, for requests one after another. ``tls`` and ``server_name`` make it HTTPS."""

    def __init__(
        self,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self._connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT_SECONDS)
        self.socket: socket.socket = socket.create_connection((address, port), TIMEOUT_SECONDS)
        if tls is not None:
            try:
                self.socket = tls.wrap_socket(self.socket, server_hostname=server_name)
            except BaseException:
                self.socket.close()
                raise
        self._connection.sock = self.socket

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()
        self.socket.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        host: str | None,
        fields: Fields = (),
        body: bytes | Iterable[bytes] | None = None,
    ) -> None:
        """Send a request; a body that is no bytes is sent in chunks. Without a host there is no Host field."""
        self._connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        if host is not None:
            self._connection.putheader("Host", host)
        for name, value in fields.items() if isinstance(fields, Mapping) else fields:
            self._connection.putheader(name, value)
        if isinstance(body, bytes):
            self._connection.putheader("Content-Length", str(len(body)))
        elif body is not None:
            self._connection.putheader("Transfer-Encoding", "chunked")
        self._connection.endheaders(body, encode_chunked=body is not None and not isinstance(body, bytes))

    def response(self) -> http.client.HTTPResponse:
        """Read the head of the answer; the body is still to come."""
        return self._connection.getresponse()

    def request(
        self,
        method: str,
        path: str,
        *,
        host: str | None,
        fields: Fields = (),
        body: bytes | Iterable[bytes] | None = None,
    ) -> Answer:
        self.send(method, path, host=host, fields=fields, body=body)
        with self.response() as response:
            protocol = {10: "HTTP/1.0", 11: "HTTP/1.1"}[response.version]
            return Answer(response.status, protocol, tuple(response.getheaders()), response.read())


def exchange_bytes(port: int, sent: bytes, *, address: str = "127.0.0.1") -> bytes:
    """Send bytes, say that there are no more, and return everything until the other end closes."""
    with socket.create_connection((address, port), TIMEOUT_SECONDS) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while data := connection.recv(65536):
            received += data
        return received


def trusting(authority: bytes) -> ssl.SSLContext:
    """Return a client's context that believes this authority (PEM) and no other."""
    return ssl.create_default_context(cadata=authority.decode("ascii"))
