"""Messages as bytes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingressd.policies.rewrite import Rewrite
from ingressd.policies.timeouts import Timeouts
from ingressd.routing.difference import TableDifference
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.upstream import Unavailable, Upstream, upstream_key
from ingressd.routing.virtual_host import VirtualHost
from ingressd.settings import ProxySettings
from ingressd.telemetry.metrics import Metrics
from ingressd.workers.codec import NoticeCodec, OrderCodec
from ingressd.workers.messages import Applied, Drain, Hello, Notice, Order, Report, ReportRequest, Start, TablePart
from tests.support.objects import pem_pair
from tls.key_pair import KeyPair

NAMES = st.text("abcxyz.-*é", max_size=8)
MAYBE_SECONDS = st.none() | st.floats(0.001, 3600)
KEYS = st.builds(upstream_key, NAMES, NAMES, st.one_of(NAMES, st.integers(1, 65535)))
ROUTES = st.builds(
    Route,
    origin=st.builds(RouteOrigin, NAMES, NAMES, st.none() | st.integers(0, 99), st.none() | st.integers(0, 99)),
    host=NAMES,
    kind=st.sampled_from(PathKind),
    path=st.sampled_from(["/", "/a", "/a/b", "/a/(.*)", "/caf%C3%A9", "/x/"]),
    upstream=st.none() | KEYS,
    service=NAMES,
    service_port=NAMES,
    timeouts=st.none() | st.builds(Timeouts, MAYBE_SECONDS, MAYBE_SECONDS, MAYBE_SECONDS, MAYBE_SECONDS),
    rewrite=st.none() | st.builds(Rewrite, st.sampled_from(["/", "/$1", "/é/$2"])),
    denied=NAMES,
)
HOSTS = st.builds(
    VirtualHost,
    host=NAMES,
    paths=st.lists(ROUTES, max_size=4).map(PathTrie),
    routed=st.booleans(),
    fallback=st.none() | ROUTES,
    certificate=st.none() | NAMES,
)
ENDPOINTS = st.lists(st.builds(Endpoint, NAMES, st.integers(1, 65535)), min_size=1, max_size=4).map(tuple)
UPSTREAMS = st.builds(Upstream, key=KEYS, namespace=NAMES, service=NAMES, port=NAMES, endpoints=ENDPOINTS) | st.builds(
    Upstream, key=KEYS, namespace=NAMES, service=NAMES, port=NAMES, unavailable=st.sampled_from(Unavailable)
)
PAIRS = st.builds(KeyPair, st.binary(min_size=9, max_size=40).map(b"c".__add__), st.just(b"a key"))
DIFFERENCES = st.builds(
    TableDifference,
    st.dictionaries(NAMES, st.none() | HOSTS, max_size=3),
    st.dictionaries(KEYS, st.none() | UPSTREAMS, max_size=3),
    st.dictionaries(NAMES, st.none() | PAIRS, max_size=3),
)


@settings(max_examples=60)
@given(DIFFERENCES, st.integers(0, 2**40), st.booleans())
def test_a_difference_arrives_as_it_was(difference: TableDifference, generation: int, last: bool) -> None:
    codec = OrderCodec()
    part = TablePart(generation, difference, last)
    assert codec.decode(codec.encode(part)) == part


@pytest.mark.parametrize(
    "order",
    [
        Start(
            proxy=ProxySettings(drain_grace_seconds=7.0),
            default_certificate=KeyPair(b"a certificate", b"a key"),
            trusted_proxies=("10.0.0.0/8", "::1/128"),
            access_log=True,
            log_level="debug",
        ),
        Drain(30.0, 1.0),
        ReportRequest(3),
    ],
    ids=lambda order: type(order).__name__,
)
def test_orders_arrive_as_they_were(order: Order) -> None:
    codec = OrderCodec()
    assert codec.decode(codec.encode(order)) == order


@pytest.mark.parametrize(
    "notice",
    [Hello("1.2"), Applied(7), Report(serial=1, counted=Metrics().take(), dropped_log_lines=2, in_flight=3)],
    ids=lambda notice: type(notice).__name__,
)
def test_notices_arrive_as_they_were(notice: Notice) -> None:
    codec = NoticeCodec()
    assert codec.decode(codec.encode(notice)) == notice


def test_a_route_that_arrived_still_matches() -> None:
    route = Route(
        origin=RouteOrigin("shop", "web"), host="a", kind=PathKind.REGEX, path="/a/(.*)", upstream=None, service="web"
    )
    host = VirtualHost(host="a", paths=PathTrie([route]))
    codec = OrderCodec()
    part = codec.decode(codec.encode(TablePart(1, TableDifference({"a": host}), True)))
    assert isinstance(part, TablePart)
    arrived = part.difference.hosts["a"]
    assert arrived is not None
    found = arrived.paths.find("/A/b")
    assert found == route
    assert arrived.paths.captures(found, "/a/b") == ("b",)


def test_a_key_pair_that_arrived_can_be_served() -> None:
    pair = KeyPair.from_pem(*pem_pair("a.test"))
    codec = OrderCodec()
    part = codec.decode(codec.encode(TablePart(1, TableDifference({}, {}, {"shop/a": pair}), True)))
    assert isinstance(part, TablePart)
    arrived = part.difference.certificates["shop/a"]
    assert arrived is not None
    assert (arrived, arrived.fingerprint, arrived.names) == (pair, pair.fingerprint, ("a.test",))


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80", b"\x81\xa4type\xa5never"])
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        OrderCodec().decode(data)
    with pytest.raises(msgspec.DecodeError):
        NoticeCodec().decode(data)


def test_no_printed_form_shows_a_private_key() -> None:
    secret = b"a very private key"
    pair = KeyPair(b"a certificate", secret)
    start = Start(proxy=ProxySettings(), default_certificate=pair)
    part = TablePart(1, TableDifference({}, {}, {"shop/a": pair}), True)
    assert "very private" not in f"{start!r} {part!r}"
