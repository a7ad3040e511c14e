from __future__ import annotations

import asyncio
import socket

import pytest

from tls.plaintext import looks_like_http, refuse_http


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"GET / HTTP/1.1\r\n", True),
        (b"PRI * HTTP/2.0\r\n", True),
        (b"G", True),
        (b"OPTIONS * HTTP/1", True),
        (b"", False),
        (b"SSH-2.0-OpenSSH", False),
        (b"get / ", False),
        (b"\x80\x2e\x01", False),
        (b"A" * 17, False),
    ],
)
def test_a_request_line_is_recognised_by_its_first_bytes(start: bytes, expected: bool) -> None:
    assert looks_like_http(start) is expected


async def test_the_answer_arrives_although_the_request_is_still_under_way() -> None:
    loop = asyncio.get_running_loop()
    server, client = socket.socketpair()
    with server, client:
        server.setblocking(False)
        client.settimeout(10)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + b"x" * 20_000)
        client.shutdown(socket.SHUT_WR)
        await refuse_http(server)
        answer = await loop.run_in_executor(None, client.recv, 4096)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Content-Length: %d" % len(body) in head
    assert b"this port speaks HTTPS" in body


async def test_a_client_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tls.plaintext._LINGER_SECONDS", 0.05)
    server, client = socket.socketpair()
    with server, client:
        server.setblocking(False)
        async with asyncio.timeout(10):
            await refuse_http(server)
        assert client.recv(4096).startswith(b"HTTP/1.1 400")


async def test_a_client_that_is_gone_is_no_error() -> None:
    server, client = socket.socketpair()
    client.close()
    with server:
        server.setblocking(False)
        await refuse_http(server)
        assert server.fileno() != -1
