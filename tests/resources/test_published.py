from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.resources.decode import decode
from ingressd.resources.ingress import Ingress
from ingressd.resources.published import PublishedAddress

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("loadBalancer", "ingress", "ip", "hostname", "ports", "x")), inner, max_size=3
        )
    ),
    max_leaves=8,
)


def manifest(status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
        "status": status,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", PublishedAddress(ip="192.0.2.1")),
        ("2001:DB8:0::1", PublishedAddress(ip="2001:db8::1")),
        ("LB.Example.com", PublishedAddress(hostname="lb.example.com")),
    ],
)
def test_an_address_is_an_ip_or_a_host_name(text: str, expected: PublishedAddress) -> None:
    assert PublishedAddress.of(text) == expected
    assert str(expected) == (expected.ip or expected.hostname)


def test_a_status_is_read_and_its_ports_are_not() -> None:
    status = {
        "loadBalancer": {
            "ingress": [{"ip": "192.0.2.1", "ports": [{"port": 80, "protocol": "TCP"}]}, {"hostname": "lb.test"}]
        }
    }
    decoded = decode(manifest(status))
    (found,) = decoded.objects
    assert isinstance(found, Ingress)
    assert not decoded.problems
    assert found.status.addresses == (PublishedAddress(ip="192.0.2.1"), PublishedAddress(hostname="lb.test"))
    assert msgspec.json.decode(msgspec.json.encode(manifest(status)), type=Ingress).status == found.status


@given(status=json_values)
def test_whatever_a_file_says_there_is_no_problem(status: Any) -> None:
    decoded = decode(manifest(status))
    assert not decoded.problems
    assert len(decoded.objects) == 1


def test_nobody_is_advised_to_write_one() -> None:
    (problem,) = decode({**manifest({}), "qqqqqq": 1}).problems
    assert problem.advice == "Fields that have an effect here: metadata, spec."
