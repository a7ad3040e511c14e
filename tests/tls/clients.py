"""TLS clients and handshakes without a network, for the tests of this folder."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Iterable

from tls.authority import LocalAuthority

HANDSHAKE_RECORD = 22


def client_context(authority: LocalAuthority) -> ssl.SSLContext:
    """Trusts this authority only, and checks as strictly as Python 3.13 does by default."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.certificate.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def hello_of(server_name: str | None, alpn: Iterable[str] = ()) -> bytes:
    """The first flight of OpenSSL's client, in one record."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if alpn:
        context.set_alpn_protocols(list(alpn))
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=server_name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake cannot end without a server")


def message_of(hello: bytes) -> bytes:
    """The handshake message of a hello in one record."""
    assert hello[0] == HANDSHAKE_RECORD
    assert len(hello) == 5 + int.from_bytes(hello[3:5], "big")
    return hello[5:]


def records(message: bytes, cuts: Iterable[int] = ()) -> bytes:
    """The message as records that end at ``cuts`` (positions in the message) and at its end."""
    edges = sorted({0, len(message), *(cut for cut in cuts if 0 < cut < len(message))})
    return b"".join(
        bytes([HANDSHAKE_RECORD, 3, 1]) + (end - start).to_bytes(2, "big") + message[start:end]
        for start, end in itertools.pairwise(edges)
    )


def shake_hands(
    server: ssl.SSLContext, client: ssl.SSLContext, server_name: str
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Server and client after their handshake; raises what the first of them to fail raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_side = server.wrap_bio(to_server, to_client, server_side=True)
    client_side = client.wrap_bio(to_client, to_server, server_hostname=server_name)
    waiting = [client_side, server_side]
    for _ in range(20):
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
        if not waiting:
            return server_side, client_side
    raise AssertionError("the handshake does not end")
