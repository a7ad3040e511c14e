from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.resources.endpoint_slice import Conditions, EndpointSlice, SlicePort
from ingressd.resources.service import Port
from ingressd.routing.endpoint import Endpoint
from ingressd.translate.endpoints import (
    EndpointState,
    judge_endpoints,
    read_address,
    slice_problems,
    slices_without_port,
    state_of,
    used_endpoints,
)
from tests.support.objects import endpoint, endpoint_slice

PORT = Port(port=80, target_port=8080)
NAMED = Port(name="http", port=80, target_port="web")


def used(*slices: EndpointSlice, port: Port = PORT, loopback: bool = False) -> list[str]:
    return [str(found) for found in used_endpoints(judge_endpoints(slices, port, loopback=loopback))]


@pytest.mark.parametrize(
    ("ready", "serving", "terminating", "state"),
    [
        (None, None, None, EndpointState.READY),
        (True, True, False, EndpointState.READY),
        (True, False, True, EndpointState.READY),
        (False, True, True, EndpointState.DRAINING),
        (False, None, True, EndpointState.DRAINING),
        (False, False, True, EndpointState.NOT_READY),
        (False, True, False, EndpointState.NOT_READY),
        (False, True, None, EndpointState.NOT_READY),
        (False, None, None, EndpointState.NOT_READY),
    ],
)
def test_absent_conditions_are_not_false(
    ready: bool | None, serving: bool | None, terminating: bool | None, state: EndpointState
) -> None:
    assert state_of(Conditions(ready=ready, serving=serving, terminating=terminating)) is state


def test_ready_endpoints_are_used_and_terminating_ones_only_when_there_is_none() -> None:
    draining = endpoint("10.0.0.2", ready=False, serving=True, terminating=True)
    down = endpoint("10.0.0.3", ready=False)
    assert used(endpoint_slice("a", endpoint("10.0.0.1"), draining, down)) == ["10.0.0.1:8080"]
    assert used(endpoint_slice("a", draining, down)) == ["10.0.0.2:8080"]
    assert used(endpoint_slice("a", down)) == []


def test_slices_are_joined_and_an_endpoint_in_two_counts_once() -> None:
    moving = endpoint("10.0.0.1")
    moved = endpoint("10.0.0.1", ready=False)
    assert used(endpoint_slice("a", moving), endpoint_slice("b", moving, endpoint("10.0.0.2"))) == [
        "10.0.0.1:8080",
        "10.0.0.2:8080",
    ]
    assert used(endpoint_slice("a", moved), endpoint_slice("b", moving)) == ["10.0.0.1:8080"]


def test_only_the_first_address_is_used() -> None:
    both = endpoint("10.0.0.1")
    found = endpoint_slice("a", type(both)(addresses=("10.0.0.1", "10.0.0.9")), type(both)(addresses=()))
    assert used(found) == ["10.0.0.1:8080"]


def test_a_dual_stack_pod_counts_once_by_its_ipv4_address() -> None:
    four = endpoint_slice("four", endpoint("10.0.0.1", uid="p1"), endpoint("10.0.0.2"))
    six = endpoint_slice("six", endpoint("fd00::1", uid="p1"), endpoint("fd00::3", uid="p3"), address_type="IPv6")
    assert used(four, six) == ["10.0.0.1:8080", "10.0.0.2:8080", "[fd00::3]:8080"]
    assert used(six) == ["[fd00::1]:8080", "[fd00::3]:8080"]


def test_an_ipv4_address_that_is_not_ready_does_not_hide_the_ipv6_one() -> None:
    four = endpoint_slice("four", endpoint("10.0.0.1", ready=False, uid="p1"))
    six = endpoint_slice("six", endpoint("fd00::1", uid="p1"), address_type="IPv6")
    assert used(four, six) == ["[fd00::1]:8080"]


@pytest.mark.parametrize(
    ("port", "ports", "expected"),
    [
        (PORT, [SlicePort(name="", port=9000)], 9000),
        (PORT, [SlicePort(name=None, port=9000)], 9000),
        (NAMED, [SlicePort(name="metrics", port=9100), SlicePort(name="http", port=9000)], 9000),
        (PORT, [], 8080),
        (Port(port=80), [], 80),
        (PORT, [SlicePort(name="other", port=9000)], 8080),
        (NAMED, [SlicePort(name="other", port=9000)], None),
        (NAMED, [], None),
        (PORT, [SlicePort(name="", port=None)], 8080),
        (PORT, [SlicePort(name="", port=9000, protocol="UDP")], 8080),
        (PORT, [SlicePort(name="", port=70000)], None),
    ],
)
def test_the_port_is_joined_by_name_and_falls_back_to_a_numeric_target_port(
    port: Port, ports: list[SlicePort], expected: int | None
) -> None:
    found = endpoint_slice("a", endpoint("10.0.0.1"), ports=ports)
    assert used(found, port=port) == ([f"10.0.0.1:{expected}"] if expected else [])


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "169.254.169.254", "fe80::1", "::ffff:127.0.0.1"]
)
def test_addresses_of_the_controllers_machine_are_refused_unless_allowed(address: str) -> None:
    found = endpoint_slice("a", endpoint(address))
    assert used(found) == []
    assert len(used(found, loopback=True)) == 1
    (problem,) = slice_problems((found,), judge_endpoints((found,), PORT, loopback=False))
    assert (problem.code, problem.key) == ("endpoint_refused", found.key)


@pytest.mark.parametrize("address", ["", "web.example.com", "10.0.0.256", "10.0.0.1/8", "224.0.0.1", "ff02::1"])
@pytest.mark.parametrize("loopback", [False, True])
def test_what_cannot_be_an_endpoint_is_always_refused(address: str, loopback: bool) -> None:
    assert used(endpoint_slice("a", endpoint(address)), loopback=loopback) == []


def test_addresses_have_one_spelling() -> None:
    assert read_address("FD00:0::1", loopback=False) == ("fd00::1", "")


def test_a_slice_of_names_is_ignored_and_reported() -> None:
    found = endpoint_slice("a", endpoint("web.example.com"), address_type="FQDN")
    verdicts = judge_endpoints((found,), PORT, loopback=False)
    assert verdicts == ()
    assert [problem.code for problem in slice_problems((found,), verdicts)] == ["fqdn_endpoint_slice"]


def test_slices_without_the_port_are_those_with_endpoints_that_no_request_reaches() -> None:
    other = [SlicePort(name="other", port=9000)]
    slices = (
        endpoint_slice("b", endpoint("10.0.0.2"), ports=other),
        endpoint_slice("a", endpoint("10.0.0.1"), ports=other),
        endpoint_slice("empty", ports=other),
        endpoint_slice("names", endpoint("web.example.com"), ports=other, address_type="FQDN"),
        endpoint_slice("good", endpoint("10.0.0.3"), ports=[SlicePort(name="http", port=9000)]),
    )
    assert [found.metadata.name for found in slices_without_port(slices, NAMED)] == ["a", "b"]
    assert slices_without_port(slices, PORT) == ()


def test_every_verdict_says_why() -> None:
    found = endpoint_slice(
        "a",
        endpoint("10.0.0.1", uid="p1"),
        endpoint("10.0.0.1"),
        endpoint("fd00::1", uid="p1"),
        endpoint("10.0.0.2", ready=False, terminating=True),
        endpoint("10.0.0.3", ready=False),
        endpoint("::1"),
    )
    verdicts = judge_endpoints((found,), PORT, loopback=False)
    assert [verdict.used for verdict in verdicts] == [True, False, False, False, False, False]
    assert len({verdict.why for verdict in verdicts}) == 6


tri_state = st.sampled_from((None, True, False))
endpoints = st.builds(
    lambda address, ready, serving, terminating, uid: endpoint(
        address, ready=ready, serving=serving, terminating=terminating, uid=uid
    ),
    st.sampled_from(("10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2", "127.0.0.1", "nonsense")),
    tri_state,
    tri_state,
    tri_state,
    st.sampled_from(("", "p1", "p2")),
)


@given(st.lists(st.lists(endpoints, max_size=4), max_size=3))
def test_the_order_of_slices_and_endpoints_means_nothing(written: list[list[object]]) -> None:
    slices = [
        endpoint_slice(f"s{number}", *found)  # type: ignore[arg-type]  # hypothesis types builds() as object here
        for number, found in enumerate(written)
    ]
    expected = used(*slices)
    assert len(set(expected)) == len(expected)
    for order in itertools.permutations(slices):
        turned = [endpoint_slice(found.metadata.name, *reversed(found.endpoints)) for found in order]
        assert used(*turned) == expected


@given(st.lists(endpoints, max_size=6))
def test_an_endpoint_in_use_is_as_good_as_any(found: list[object]) -> None:
    whole = endpoint_slice("a", *found)  # type: ignore[arg-type]  # as above
    verdicts = judge_endpoints((whole,), PORT, loopback=False)
    best = max((verdict.state for verdict in verdicts), default=EndpointState.REFUSED)
    assert all(verdict.state is best for verdict in verdicts if verdict.used)
    assert any(verdict.used for verdict in verdicts) == (best >= EndpointState.DRAINING)
    assert Endpoint("127.0.0.1", 8080) not in used_endpoints(verdicts)
