"""What is counted for the metrics."""

from __future__ import annotations

from ingressd.controller.inventory import inventory_of
from ingressd.resources.problem import Problem, Severity
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.table import RoutingTable
from tests.support.objects import pem_pair
from tests.support.proxying import table_for
from tls.key_pair import KeyPair


def test_everything_is_counted() -> None:
    table = RoutingTable()
    table.apply(table_for([Endpoint("192.0.2.1", 80)]))
    pair = KeyPair.from_pem(*pem_pair("shop.test"))
    table.certificates["shop/tls"] = pair
    problems = [Problem(severity, "code", "Text.") for severity in (Severity.ERROR, Severity.WARNING, Severity.ERROR)]
    found = inventory_of(table, problems, not_served=5, in_flight=1, connections=2, tunnels=3, dropped_log_lines=4)
    assert (found.in_flight, found.connections, found.tunnels, found.dropped_log_lines) == (1, 2, 3, 4)
    assert (found.hosts, found.routes, found.upstreams, found.ingresses_not_served) == (1, 1, 1, 5)
    assert dict(found.problems) == {"error": 2, "warning": 1}
    assert dict(found.certificate_expiry) == {"shop/tls": pair.not_after.timestamp()}


def test_nothing_is_nothing() -> None:
    found = inventory_of(RoutingTable(), (), not_served=0, in_flight=0, connections=0, tunnels=0, dropped_log_lines=0)
    assert (found.hosts, found.routes, found.upstreams) == (0, 0, 0)
    assert dict(found.problems) == dict(found.certificate_expiry) == {}
