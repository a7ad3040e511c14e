from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable

import aiohttp
import pytest
import uvloop

from ingressd.kube.api_error import ApiFault
from ingressd.kube.connection import failure_of, is_about_certificates, notice_silence
from tests.kube.raw_server import raw_server

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_the_kernel_asks_a_silent_peer_whether_it_is_there(make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def use() -> tuple[int, int]:
        async with raw_server(CHUNKED, stays=True) as server, aiohttp.ClientSession() as session:
            async with session.get(server.url) as response:
                notice_silence(response)
                assert response.connection is not None
                assert response.connection.transport is not None
                found = response.connection.transport.get_extra_info("socket")
                with socket.socket(fileno=os.dup(found.fileno())) as copy:
                    return (
                        copy.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                        copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                    )

    with asyncio.Runner(loop_factory=make_loop) as runner:
        assert runner.run(use()) == (1, 30)


@pytest.mark.parametrize(
    ("error", "fault", "word"),
    [
        (aiohttp.ConnectionTimeoutError(), ApiFault.UNREACHABLE, "no connection in time"),
        (aiohttp.SocketTimeoutError(), ApiFault.UNREACHABLE, "stopped answering GET /x"),
        (TimeoutError(), ApiFault.UNREACHABLE, "stopped answering GET /x"),
        (aiohttp.ServerDisconnectedError(), ApiFault.UNREACHABLE, "cut the connection"),
        (aiohttp.ClientPayloadError(), ApiFault.UNREACHABLE, "cut the connection"),
        (ConnectionResetError(), ApiFault.UNREACHABLE, "cut the connection"),
        (ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] x"), ApiFault.UNREACHABLE, "do not agree about TLS"),
        (aiohttp.InvalidURL("x"), ApiFault.REFUSED, "URL"),
        (ValueError("secret"), ApiFault.UNREACHABLE, "(ValueError)"),
    ],
)
def test_every_failure_has_words(error: Exception, fault: ApiFault, word: str) -> None:
    found = failure_of(error, "https://10.0.0.1:443", "GET /x")
    assert found.fault is fault
    assert word in str(found)
    assert "secret" not in str(found)


def test_what_may_be_the_fault_of_a_replaced_certificate() -> None:
    assert is_about_certificates(ssl.SSLCertVerificationError())
    assert is_about_certificates(ssl.SSLError())
    assert not is_about_certificates(ConnectionResetError())
