from __future__ import annotations

import msgspec
import pytest

from ingressd.resources.change import Applied
from ingressd.resources.endpoint_slice import SlicePort
from ingressd.resources.object import KubernetesObject
from ingressd.resources.service import Port
from ingressd.resources.store import Store
from ingressd.translate.endpoints import judge_endpoints
from ingressd.translate.settings import TranslationSettings
from ingressd.translate.upstream_faults import MOST_NAMESPACES, Fault, no_endpoints, no_service
from ingressd.translate.upstream_name import UpstreamName
from tests.support.objects import endpoint, endpoint_slice, service

CLUSTER = TranslationSettings()
FILES = TranslationSettings.development()
WEB = UpstreamName("shop", "web", "80")
HTTP = Port(name="http", port=80, target_port="http")


def missing(*objects: KubernetesObject, settings: TranslationSettings = FILES) -> Fault:
    store = Store()
    for found in objects:
        store.apply(Applied(found))
    return no_service(WEB, store, settings)


def test_a_service_of_another_namespace_is_pointed_out() -> None:
    fault = missing(service("web", namespace="default"), service("wed"))
    assert fault.message == (
        "There is no Service web in namespace shop, but there is one in namespace default: "
        "requests are answered with 503."
    )
    assert fault.advice.startswith("An Ingress reaches only Services of its own namespace")
    assert fault.advice.endswith("--map shop/web=PORT")


def test_many_namespaces_are_not_all_listed() -> None:
    fault = missing(*(service("web", namespace=f"n{number}") for number in range(MOST_NAMESPACES + 1)))
    assert "in namespaces n0, n1, n2, …: " in fault.message


def test_a_misspelt_service_is_told_the_nearest() -> None:
    assert missing(service("wbe"), service("other")).advice.startswith("Did you mean wbe? ")
    assert "Did you mean" not in missing(service("other"), service("wbe", namespace="default")).advice


def test_in_a_cluster_nothing_is_said_about_other_services() -> None:
    alone = missing(settings=CLUSTER)
    assert missing(service("web", namespace="secret"), service("wbe"), settings=CLUSTER) == alone


@pytest.mark.parametrize("settings", [CLUSTER, FILES])
@pytest.mark.parametrize(
    ("port", "ports", "words", "advice"),
    [
        (
            HTTP,
            (SlicePort(name="metrics", port=9100), SlicePort(name=None, port=9000)),
            'for its port http, since no EndpointSlice has the port "http" (web-1 has only "metrics", 9000 without a '
            "name)",
            'Name the port of the EndpointSlice "http", as in the Service',
        ),
        (HTTP, (), "(web-1 has no ports)", 'Name the port of the EndpointSlice "http"'),
        (
            Port(port=80, target_port="http"),
            (SlicePort(name="http", port=8080),),
            'for its port 80, since no EndpointSlice has a port without a name (web-1 has only "http")',
            "Leave out the port's name, as in the Service",
        ),
    ],
)
def test_slices_with_other_port_names_are_named(
    settings: TranslationSettings, port: Port, ports: tuple[SlicePort, ...], words: str, advice: str
) -> None:
    slices = (endpoint_slice("web-1", endpoint("10.0.0.1"), ports=ports),)
    fault = no_endpoints(WEB, port, slices, judge_endpoints(slices, port, loopback=False), settings)
    assert words in fault.message
    assert fault.advice.startswith(advice)
    assert ("--map shop/web=PORT" in fault.advice) is settings.advise_local_endpoints


def test_a_port_of_another_protocol_is_not_taken_for_a_name() -> None:
    slices = (endpoint_slice("web-1", endpoint("10.0.0.1"), ports=(SlicePort(name="http", port=80, protocol="UDP"),)),)
    assert 'only "http" (UDP)' in no_endpoints(WEB, HTTP, slices, (), CLUSTER).message


def test_empty_slices_have_no_endpoints_whatever_their_ports() -> None:
    slices = (endpoint_slice("web-1", ports=()),)
    assert "has no endpoints: " in no_endpoints(WEB, HTTP, slices, (), CLUSTER).message


def test_endpoints_that_are_not_ready_are_counted() -> None:
    down = endpoint("10.0.0.1", ready=False)
    for count, words in ((1, "1 endpoint and none"), (2, "2 endpoints and none")):
        endpoints = [msgspec.structs.replace(down, addresses=(f"10.0.0.{number}",)) for number in range(count)]
        slices = (endpoint_slice("web-1", *endpoints),)
        verdicts = judge_endpoints(slices, Port(port=80), loopback=False)
        assert words in no_endpoints(WEB, Port(port=80), slices, verdicts, CLUSTER).message
