from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.field_scanner import remove_lines
from ingressd.proxy.fields import list_elements, parse_fields
from ingressd.proxy.forwarded_fields import REPLACED
from ingressd.proxy.forwarding import (
    Network,
    Peer,
    end_to_end_fields,
    given_request_id,
    identify_client,
    is_trusted,
    upstream_request,
)
from ingressd.proxy.request_head import RequestHead, parse_request_head
from ingressd.proxy.request_line import HeadLimits

PEER = Peer("10.0.0.9", "https", 8443)
TRUSTED: tuple[Network, ...] = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def head(*lines: bytes) -> RequestHead:
    return parse_request_head(b"\r\n".join([b"GET /p?q HTTP/1.1", b"Host: a:1", *lines, b"", b""]), HeadLimits())


def forwarded(request: RequestHead, trusted: tuple[Network, ...] = ()) -> dict[bytes, bytes]:
    identity = identify_client(request, PEER, trusted)
    data = upstream_request(request, identity, request.target, b"id", request.authority.text)
    request_line, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    assert request_line == b"GET /p?q HTTP/1.1"
    pairs = [line.split(b": ", 1) for line in lines]
    assert len({name.lower() for name, _ in pairs}) == len(pairs), "no field twice"
    return {name.lower(): value for name, value in pairs}


def test_a_stranger_cannot_say_who_it_is() -> None:
    lies = head(
        b"X-Forwarded-For: 6.6.6.6",
        b"X-Forwarded-Proto: gopher",
        b"X-Forwarded-Host: evil",
        b"X-Forwarded-Port: 1",
        b"X-Real-IP: 6.6.6.6",
        b"Forwarded: for=6.6.6.6",
        b"X-Forwarded-Prefix: /admin",
        b"X-Original-URL: /admin",
    )
    fields = forwarded(lies)
    assert fields == {
        b"host": b"a:1",
        b"x-request-id": b"id",
        b"x-real-ip": b"10.0.0.9",
        b"x-forwarded-for": b"10.0.0.9",
        b"x-forwarded-host": b"a:1",
        b"x-forwarded-port": b"8443",
        b"x-forwarded-proto": b"https",
        b"x-forwarded-scheme": b"https",
        b"x-scheme": b"https",
    }


def test_a_trusted_proxy_is_believed_and_added() -> None:
    request = head(
        b"X-Forwarded-For: 6.6.6.6, 203.0.113.7",
        b"X-Forwarded-For: 10.1.1.1",
        b"X-Forwarded-Proto: http",
        b"X-Forwarded-Host: public.example",
    )
    fields = forwarded(request, TRUSTED)
    assert fields[b"x-real-ip"] == b"203.0.113.7", "the first hop from the right that nobody vouches for"
    assert fields[b"x-forwarded-for"] == b"6.6.6.6, 203.0.113.7, 10.1.1.1, 10.0.0.9"
    assert fields[b"x-forwarded-proto"] == b"http"
    assert fields[b"x-forwarded-host"] == b"public.example"
    assert fields[b"x-forwarded-port"] == b"8443"


@pytest.mark.parametrize("value", [b"garbage", b"unknown, 10.1.1.1", b""])
def test_what_is_no_address_ends_the_walk(value: bytes) -> None:
    identity = identify_client(head(b"X-Forwarded-For: " + value), PEER, TRUSTED)
    assert identity.address in ("10.0.0.9", "10.1.1.1")


@pytest.mark.parametrize(
    ("address", "trusted"), [("10.2.3.4", True), ("11.0.0.1", False), ("fd00::1", True), ("", False), ("x", False)]
)
def test_trust_is_by_network(address: str, trusted: bool) -> None:
    assert is_trusted(address, TRUSTED) is trusted
    assert is_trusted(address, ()) is False


@pytest.mark.parametrize("sent", [b"abc-123", b"a" * 128, b"4bf92f3577b34da6/00f067aa"])
def test_a_harmless_request_id_is_kept(sent: bytes) -> None:
    assert given_request_id(head(b"X-Request-ID: " + sent)) == sent


@pytest.mark.parametrize("sent", [b"", b"a" * 129, b"has space", b"<script>", b'"quoted"'])
def test_any_other_request_id_counts_as_none(sent: bytes) -> None:
    assert given_request_id(head(b"X-Request-ID: " + sent)) is None


def test_two_request_ids_are_none() -> None:
    assert given_request_id(head(b"X-Request-ID: a", b"X-Request-ID: b")) is None


def test_end_to_end_fields_keep_order_spelling_and_bytes() -> None:
    fields = [
        (b"b", b"B", b"2"),
        (b"connection", b"Connection", b"x-hop, Content-Length"),
        (b"x-hop", b"X-Hop", b"1"),
        (b"content-length", b"Content-Length", b"3"),
        (b"a", b"A", b"caf\xe9"),
        (b"keep-alive", b"Keep-Alive", b"5"),
    ]
    assert end_to_end_fields(fields) == [fields[0], fields[3], fields[4]]


NAMES = st.sampled_from([b"Host", b"X-A", b"x-real-ip", b"Connection", b"X_Under", b"Keep-Alive", b"X-Forwarded-Forx"])
VALUES = st.sampled_from([b"a", b"", b" padded \t", b"keep-alive", b"X-A, close", b"caf\xe9", b"a_b"])


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_spliced_lines_are_those_that_reading_every_field_leaves(pairs: list[tuple[bytes, bytes]]) -> None:
    lines = [b"%b:%b" % pair for pair in pairs if pair[0] != b"Host"]
    request = head(*lines)
    spliced = remove_lines(request.section.raw, request.section.begin, request.section.known)
    passed = [(name, value) for _, name, value in parse_fields(spliced) or []]
    expected = [
        (name, value)
        for lower, name, value in parse_fields(b"".join(line + b"\r\n" for line in lines)) or []
        if lower not in REPLACED
    ]
    assert passed == expected
    options = [option for value in request.values(b"connection") for option in list_elements(value)]
    hides = any(b"_" in name for name, _ in pairs) or not REPLACED.union({b"close"}).issuperset(options)
    assert request.section.spliceable is not hides
