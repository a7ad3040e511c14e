from __future__ import annotations

import asyncio
import ssl

import pytest

from tests.tls.clients import client_context, hello_of, shake_hands
from tls import attempts
from tls.authority import LocalAuthority
from tls.contexts import ServerContexts
from tls.policy import TlsPolicy


@pytest.fixture
def server(authority: LocalAuthority) -> ssl.SSLContext:
    return ServerContexts().context_for(authority.issue(["a.test"]), TlsPolicy())


def test_a_handshake_is_over_when_the_client_says_so(server: ssl.SSLContext) -> None:
    incoming = ssl.MemoryBIO()
    tls = server.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
    incoming.write(hello_of("a.test"))
    assert not attempts.shake_hands(tls)


def test_a_handshake_that_fails_is_told(server: ssl.SSLContext) -> None:
    incoming = ssl.MemoryBIO()
    tls = server.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
    incoming.write(b"no handshake")
    with pytest.raises(ssl.SSLError):
        attempts.shake_hands(tls)


def test_close_notify_does_not_wait_for_the_other_sides(server: ssl.SSLContext, authority: LocalAuthority) -> None:
    ours, theirs = shake_hands(server, client_context(authority), "a.test")
    assert attempts.shake_hands(ours)
    assert attempts.write_close_notify(ours)
    assert theirs.read(1) == b""


def test_a_coroutine_may_end_or_wait_on() -> None:
    steps: list[int] = []

    async def two_turns() -> None:
        await asyncio.sleep(0)
        steps.append(1)

    coroutine = two_turns()
    attempts.resume(coroutine)
    assert steps == []
    attempts.resume(coroutine)
    assert steps == [1]
