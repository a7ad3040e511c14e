"""What a failure costs the clients: an API server that is away, pods that go, workers that die, drains.

    python -m loadtest.cluster_failures [--only NAME] [--quick] [--record]

Each scenario has a cluster of its own: the test suite's API server, ``ingressd run`` with two workers, three pods.
Open-loop clients send 200 requests a second over HTTP and 40 over HTTPS from before the failure until after it, half of
them on new connections. What they lost is the figure: anything but the whole expected answer within 5 s.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import msgspec

from loadtest.support.failures import SCENARIOS, Outcome, Scenario
from loadtest.support.figure import Figure
from loadtest.support.manifests import host
from loadtest.support.open_loop import OpenLoop
from loadtest.support.open_loop_client import RATE
from loadtest.support.report import Drill, drill_options
from loadtest.support.request_log import RequestRecord, losses, lost, slowest_percent_milliseconds
from loadtest.support.small_cluster import small_cluster

HTTPS_RATE = 40.0
MOST_HOSTS = 100
_IDLE_SECONDS, _QUICK_IDLE_SECONDS = 10.0, 3.0
_AFTERMATH_SECONDS = 1.0


def main(arguments: list[str]) -> int:
    options = drill_options("Failures in a cluster, under 200 requests a second.")
    options.add_argument("--only", choices=[each.name for each in SCENARIOS], help="one scenario (default: all)")
    options.add_argument("--quick", action="store_true", help="shorter outages and fewer repetitions")
    given = options.parse_args(arguments)
    drill = Drill("cluster_failures", "Failures in a cluster: what they cost the clients", given, arguments)
    figures: list[Figure] = []
    for scenario in SCENARIOS:
        if given.only in (None, scenario.name):
            found = run(scenario, quick=given.quick)
            for figure in found:
                print(f"{figure.name}: {figure.value:g} {figure.unit}", file=sys.stderr)
            figures += found
    return drill.finish(
        figures,
        [
            f"{RATE:g} requests a second over HTTP and {HTTPS_RATE:g} over HTTPS, due at fixed times, half of them on "
            "new connections and half on kept ones; a time counts from when the request was due, and may be wrong by a "
            "millisecond.",
            "Clients, API server, pods, supervisor and two workers share the cores. The idle time before each failure "
            "is what the time during it compares with.",
            "A worker takes its own requests in flight with it when it is killed: those are told, and not judged.",
        ],
    )


def run(scenario: Scenario, *, quick: bool) -> list[Figure]:
    drain_wait = scenario.drain_wait / 5 if quick else scenario.drain_wait
    hosts = [host(number) for number in range(min(scenario.applications, MOST_HOSTS))]
    with (
        small_cluster(applications=scenario.applications, drain_wait=drain_wait, quick=quick) as cluster,
        OpenLoop(cluster.proxy.port, hosts=hosts) as load,
        OpenLoop(cluster.proxy.https_port, hosts=hosts, rate=HTTPS_RATE, tls=True) as https_load,
    ):
        time.sleep(1.0)  # the first requests open what later ones find open
        begin = time.monotonic()
        time.sleep(_QUICK_IDLE_SECONDS if quick else _IDLE_SECONDS)
        inflicted = time.monotonic()
        outcome = scenario.inflict(cluster)
        time.sleep(_AFTERMATH_SECONDS)
        end = time.monotonic()
        complaints = cluster.proxy.complaints()
        until = end if outcome.until is None else outcome.until
        figures = []
        for protocol, log in (("HTTP", load.finish()), ("HTTPS", https_load.finish())):
            figures += told(protocol, log.between(begin, inflicted), log.between(inflicted, until), outcome, inflicted)
    figures += (
        *outcome.figures,
        Figure(name="complaints of ingressd about itself", value=complaints, unit="lines", at_most=0),
    )
    return [msgspec.structs.replace(figure, name=f"{scenario.name}: {figure.name}") for figure in figures]


def told(
    protocol: str, idle: Sequence[RequestRecord], during: Sequence[RequestRecord], outcome: Outcome, inflicted: float
) -> list[Figure]:
    """Return the figures of one client; what it lost is printed with its time, from when the failure was inflicted."""
    counted = [record for record in (*idle, *during) if not outcome.excused(record)]
    excused = [record for record in during if outcome.excused(record)]
    if lost(counted):
        print(f"{protocol}: lost {losses(counted)}", file=sys.stderr)
        for record in counted:
            if record.loss is not None:
                print(f"  {record.at - inflicted:+.3f} s: {record}", file=sys.stderr)
    return [
        Figure(name=f"{protocol} requests", value=len(counted), unit="requests"),
        Figure(name=f"{protocol} requests lost", value=lost(counted), unit="requests", at_most=0),
        *([Figure(name=f"{protocol}, lost in flight", value=lost(excused), unit="requests")] if lost(excused) else []),
        Figure(name=f"{protocol}, 99th percentile idle", value=slowest_percent_milliseconds(idle), unit="ms"),
        Figure(name=f"{protocol}, 99th percentile during", value=slowest_percent_milliseconds(during), unit="ms"),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
