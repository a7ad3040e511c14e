from __future__ import annotations

import ssl

import pytest

from tls.direct_calls import direct_calls


def test_calls_pass_the_layer_by() -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname="a.test")
    calls = direct_calls(tls)
    assert calls is not tls
    with pytest.raises(ssl.SSLWantReadError):
        calls.do_handshake()
    assert outgoing.pending
    assert calls.pending() == tls.pending() == 0


def test_where_the_layer_cannot_be_passed_by_it_is_called() -> None:
    tls = object.__new__(ssl.SSLObject)
    assert direct_calls(tls) is tls
