"""How much there is now, for the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ingressd.resources.problem import Problem
from ingressd.routing.table import RoutingTable
from ingressd.telemetry.exposition import Inventory


def inventory_of(
    table: RoutingTable,
    problems: Iterable[Problem],
    *,
    not_served: int,
    in_flight: int,
    connections: int,
    tunnels: int,
    dropped_log_lines: int,
) -> Inventory:
    """Count the table and the problems. ``not_served`` counts the Ingresses that are none of ours; the other numbers
    come from the data plane."""
    return Inventory(
        in_flight=in_flight,
        connections=connections,
        tunnels=tunnels,
        hosts=len(table.hosts),
        routes=sum(len(host.paths.routes) + (host.fallback is not None) for host in table.hosts.values()),
        upstreams=len(table.upstreams),
        ingresses_not_served=not_served,
        problems=Counter(problem.severity.value for problem in problems),
        certificate_expiry={name: pair.not_after.timestamp() for name, pair in table.certificates.items()},
        dropped_log_lines=dropped_log_lines,
    )
