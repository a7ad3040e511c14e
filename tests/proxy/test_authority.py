from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.authority import parse_authority
from ingressd.proxy.failures import Failure


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (b"a", "a", None),
        (b"A.Example:80", "a.example", 80),
        (b"example.com.", "example.com", None),
        (b"example.com.:8080", "example.com", 8080),
        (b"127.0.0.1:1", "127.0.0.1", 1),
        (b"[::1]", "[::1]", None),
        (b"[2001:DB8::1]:65535", "[2001:db8::1]", 65535),
        (b"under_score", "under_score", None),
    ],
)
def test_one_host_in_one_spelling(text: bytes, host: str, port: int | None) -> None:
    authority = parse_authority(text)
    assert (authority.host, authority.port, authority.text) == (host, port, text)


@pytest.mark.parametrize(
    "text",
    [b"", b"a,b", b"a b", b"u@h", b"h/", b"h:", b"h:x", b"h:65536", b"[::1", b"::1", b".a", b"a\x00", b"caf\xc3\xa9"],
)
def test_what_is_no_host(text: bytes) -> None:
    with pytest.raises(Failure):
        parse_authority(text)


@given(st.binary(max_size=20))
def test_a_host_is_its_own_spelling(text: bytes) -> None:
    try:
        authority = parse_authority(text)
    except Failure:
        return
    assert parse_authority(authority.host.encode()).host in (authority.host, authority.host.removesuffix("."))
