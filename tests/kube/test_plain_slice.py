from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.kube.plain_slice import is_plain
from ingressd.resources.endpoint_slice import SERVICE_NAME_LABEL, EndpointSlice, SliceEndpoint, SlicePort
from ingressd.resources.metadata import Metadata
from ingressd.resources.validation import validate
from tests.support.objects import endpoint, endpoint_slice

addresses = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.sampled_from(
        ("0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "010.0.0.1", "10.0.0", "::1", "x", "1.2.3.4\n")
    ),
)
words = st.text("ab-.0A_\n", max_size=8) | st.sampled_from(("a" * 63, "a" * 64, "a.b", "x/y", "a.b/C", "." * 300))
plain_words = st.sampled_from(("web", "node-1.example.com", "http"))
endpoints = st.builds(
    lambda found, node, hostname: SliceEndpoint(addresses=tuple(found), node_name=node, hostname=hostname),
    st.lists(addresses, min_size=1, max_size=2),
    st.one_of(plain_words, st.just(""), words),
    st.one_of(st.just(""), words),
)
ports = st.builds(
    lambda name, number, protocol, application: SlicePort(
        name=name, port=number, protocol=protocol, app_protocol=application
    ),
    st.one_of(st.none(), plain_words, words),
    st.one_of(st.none(), st.integers(-1, 70000)),
    st.sampled_from((None, "TCP", "UDP", "tcp")),
    st.sampled_from((None, "http", "!")),
)
slices = st.builds(
    lambda name, namespace, labels, annotations, found, offered, kind: EndpointSlice(
        metadata=Metadata(
            name=name, namespace=namespace, labels={SERVICE_NAME_LABEL: "web", **labels}, annotations=annotations
        ),
        address_type=kind,
        endpoints=tuple(found),
        ports=tuple(offered),
    ),
    st.one_of(plain_words, words),
    st.one_of(st.just("shop"), words),
    st.dictionaries(st.one_of(plain_words, words), words, max_size=2),
    st.dictionaries(st.one_of(plain_words, words), words, max_size=2),
    st.lists(endpoints, max_size=3),
    st.lists(ports, max_size=3),
    st.sampled_from(("IPv4", "IPv6", "")),
)


@given(slices)
def test_validation_has_nothing_to_say_about_what_is_plain(found: EndpointSlice) -> None:
    if is_plain(found):
        assert validate(found) == ()


PLAIN = endpoint_slice(
    "web-x1",
    *(
        msgspec.structs.replace(endpoint(f"10.1.2.{number}"), node_name="ip-10-1-2-3.eu-west-1.compute.internal")
        for number in range(10)
    ),
)


def test_what_clusters_send_is_plain() -> None:
    assert is_plain(PLAIN)
    assert is_plain(msgspec.structs.replace(PLAIN, endpoints=(), ports=()))


@pytest.mark.parametrize(
    "found",
    [
        endpoint_slice("web", endpoint("169.254.169.254")),
        endpoint_slice("web", endpoint("127.0.0.1")),
        endpoint_slice("web", endpoint("10.0.0.01")),
        endpoint_slice("web", endpoint("fd00::1"), address_type="IPv6"),
        endpoint_slice("web", service=""),
        endpoint_slice("Web"),
        endpoint_slice("web", ports=[SlicePort(port=0)]),
        endpoint_slice("web", ports=[SlicePort(name="a", port=1), SlicePort(name="a", port=2)]),
        endpoint_slice("web", *(endpoint("10.0.0.1") for _ in range(1001))),
    ],
)
def test_whatever_is_unusual_is_not(found: EndpointSlice) -> None:
    assert not is_plain(found)
