"""A large cluster: how long until ready, how much memory, and how soon an endpoint is used.

    python -m loadtest.cluster_scale [--applications 10000] [--workers 2] [--storm-seconds 30] [--record]

Each application is an Ingress, a Service and an EndpointSlice with 5 endpoints. The API server is the test suite's, in
a process of its own that gives way to all others. An open-loop client sends 200 requests a second to 100 of the hosts
from when the proxy is ready until the end. A probe gives one application endpoints on another port, again and again,
and asks through the proxy until the other port answers: first in quiet, then while 1,000 endpoints a second change
elsewhere, those of the 100 hosts among them. At the end every watch expires, and everything is listed again.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from loadtest.support.cluster_proxy import ClusterProxy, running
from loadtest.support.figure import Figure
from loadtest.support.large_cluster import ENDPOINTS
from loadtest.support.large_cluster_process import LargeClusterProcess, large_cluster
from loadtest.support.manifests import host
from loadtest.support.mover import Mover
from loadtest.support.open_loop import OpenLoop
from loadtest.support.open_loop_client import RATE
from loadtest.support.pod_process import PodProcess
from loadtest.support.processor_time import processor_seconds
from loadtest.support.report import Drill, drill_options
from loadtest.support.request_log import RequestRecord, losses, lost, slowest_percent_milliseconds
from loadtest.support.resident_memory import MIB, clear_peak, peak_resident_bytes, resident_bytes
from loadtest.support.spread import spread

READY_LIMIT_SECONDS = 15.0
SUPERVISOR_LIMIT_MIB, WORKER_LIMIT_MIB = 400.0, 150.0
LIVE_LIMIT_MEDIAN_MILLISECONDS, LIVE_LIMIT_P99_MILLISECONDS = 20.0, 100.0
STORM_RATE = 1000.0
STORM_RATE_LEAST = 950.0
SLOWER_LIMIT = 2.0
CATCH_UP_LIMIT_SECONDS = 5.0
GROWTH_LIMIT = 1.3
ASKED_HOSTS = 100
COMPARED = 200

_SETTLING_SECONDS = 5.0
_IDLE_SECONDS = 10.0


class Memory(NamedTuple):
    """Resident bytes of the supervisor, and of the largest worker."""

    supervisor: int
    worker: int


class Storm(NamedTuple):
    """What happened while many endpoints changed. ``busy_supervisor`` and ``busy_worker`` are shares of a core."""

    rate: float
    seconds: float
    milliseconds: list[float]
    busy_supervisor: float
    busy_worker: float


def main(arguments: list[str]) -> int:
    options = drill_options("Time to ready, memory, and endpoint events in a large cluster.")
    options.add_argument("--applications", type=int, default=10_000, help="how many (default 10,000)")
    options.add_argument("--workers", type=int, default=2, help="of ingressd (default 2)")
    options.add_argument("--events", type=int, default=200, help="measured in quiet (default 200)")
    options.add_argument("--storm-seconds", type=float, default=30.0, help="length of the storm (default 30)")
    given = options.parse_args(arguments)
    drill = Drill("cluster_scale", "A large cluster: start, memory, endpoint events", given, arguments)
    pods = (PodProcess("0.0.0.0", milliseconds=0), PodProcess("0.0.0.0", milliseconds=0))
    try:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            kubeconfig = folder / "kubeconfig"
            with (
                large_cluster(given.applications, 1 + ASKED_HOSTS, pods[0].port, kubeconfig) as cluster,
                running(kubeconfig, folder, workers=given.workers) as proxy,
            ):
                figures = measure(
                    cluster,
                    proxy,
                    pods,
                    applications=given.applications,
                    events=given.events,
                    storm_seconds=given.storm_seconds,
                )
                figures.append(complaints(proxy))
    finally:
        for pod in pods:
            pod.kill()
    return drill.finish(
        figures,
        [
            f"{given.applications:,} Ingresses, Services and EndpointSlices, {given.applications * ENDPOINTS:,} "
            f"endpoints; {given.workers} workers. API server, supervisor, workers, client, pods and probe share the "
            "cores, and the API server gives way to the others.",
            "Ready: from the start of the process until /readyz answers 200; every Ingress has its status already. "
            f"Memory at rest is resident memory {_SETTLING_SECONDS:g} s later.",
            "From event to live: from the write of the event in the API server until the end of the first answer of "
            "the new endpoint, on a connection to one of the workers; requests are 1 ms apart.",
            f"{RATE:g} requests a second to {ASKED_HOSTS} hosts, half of them on new connections; a time counts from "
            "when the request was due, and may be wrong by a millisecond. The same goes straight to the pods "
            "meanwhile: what that shows is the machine's own.",
        ],
    )


def measure(
    cluster: LargeClusterProcess,
    proxy: ClusterProxy,
    pods: tuple[PodProcess, PodProcess],
    *,
    applications: int,
    events: int,
    storm_seconds: float,
) -> list[Figure]:
    time.sleep(_SETTLING_SECONDS)
    at_rest = memory_of(proxy)
    hosts = [host(1 + number) for number in range(ASKED_HOSTS)]
    with OpenLoop(proxy.port, hosts=hosts) as load, OpenLoop(pods[0].port, hosts=hosts) as control:
        time.sleep(1.0)  # the first requests open what later ones find open
        began = time.monotonic()
        time.sleep(_IDLE_SECONDS)
        idle_until = time.monotonic()
        mover = Mover(cluster, proxy, pods)
        quiet = mover.move(lambda done: done < events)
        before = memory_of(proxy)
        stormed = time.monotonic()
        storm = weather(cluster, proxy, mover, storm_seconds)
        calm = time.monotonic()
        after = memory_of(proxy)
        wrong = differing(cluster, proxy, applications)
        relist = list_again(cluster, proxy, mover)
        over = time.monotonic()
        log, direct = load.finish(), control.finish()
    everything = log.between(began, over)
    idle, during = (began, idle_until), (stormed, calm)
    if lost(everything):
        print(f"lost: {losses(everything)}", file=sys.stderr)
    return [
        Figure(name="ready after", value=proxy.ready_after, unit="s", at_most=READY_LIMIT_SECONDS),
        Figure(
            name="memory of the supervisor at rest",
            value=at_rest.supervisor / MIB,
            unit="MiB",
            at_most=SUPERVISOR_LIMIT_MIB,
        ),
        Figure(name="memory of a worker at rest", value=at_rest.worker / MIB, unit="MiB", at_most=WORKER_LIMIT_MIB),
        *live_figures("event to live, in quiet", quiet),
        *live_figures("event to live, in the storm", storm.milliseconds),
        Figure(name="storm: endpoint events", value=storm.rate, unit="events/s", at_least=STORM_RATE_LEAST),
        Figure(name="storm: length", value=storm.seconds, unit="s"),
        *served_figures("through the proxy", log.between(*idle), log.between(*during), judged=True),
        *served_figures("straight to the pods", direct.between(*idle), direct.between(*during), judged=False),
        Figure(name="requests lost, from before the storm to the end", value=lost(everything), unit="", at_most=0),
        Figure(
            name=f"of {COMPARED} applications, not as in the API server after the storm",
            value=wrong,
            unit="applications",
            at_most=0,
        ),
        Figure(name="storm: supervisor busy", value=storm.busy_supervisor, unit="cores"),
        Figure(name="storm: busiest worker busy", value=storm.busy_worker, unit="cores"),
        Figure(
            name="storm: memory of the supervisor, after to before",
            value=after.supervisor / before.supervisor,
            unit="ratio",
            at_most=GROWTH_LIMIT,
        ),
        Figure(
            name="storm: memory of a worker, after to before",
            value=after.worker / before.worker,
            unit="ratio",
            at_most=GROWTH_LIMIT,
        ),
        *relist,
    ]


def weather(cluster: LargeClusterProcess, proxy: ClusterProxy, mover: Mover, seconds: float) -> Storm:
    """Make a storm, and measure moves while it lasts."""
    workers = tuple(proxy.workers())
    supervisor_before = processor_seconds(proxy.pid)
    workers_before = [processor_seconds(pid) for pid in workers]
    end = time.monotonic() + seconds
    cluster.storm(STORM_RATE, seconds)
    milliseconds = mover.move(lambda done: time.monotonic() < end)
    calm = cluster.calm()
    used = max(processor_seconds(pid) - before for pid, before in zip(workers, workers_before, strict=True))
    return Storm(
        rate=calm.events / calm.seconds,
        seconds=calm.seconds,
        milliseconds=milliseconds,
        busy_supervisor=(processor_seconds(proxy.pid) - supervisor_before) / calm.seconds,
        busy_worker=used / calm.seconds,
    )


def list_again(cluster: LargeClusterProcess, proxy: ClusterProxy, mover: Mover) -> list[Figure]:
    """Let every watch expire, change something at once, and see when it is live."""
    clear_peak(proxy.pid)
    cluster.expire()
    (milliseconds,) = mover.move(lambda done: done < 1)
    time.sleep(_SETTLING_SECONDS)
    return [
        Figure(
            name="410 for all watches: the next event live after",
            value=milliseconds / 1000,
            unit="s",
            at_most=CATCH_UP_LIMIT_SECONDS,
        ),
        Figure(
            name="410 for all watches: peak memory of the supervisor",
            value=peak_resident_bytes(proxy.pid) / MIB,
            unit="MiB",
            at_most=SUPERVISOR_LIMIT_MIB,
        ),
    ]


def differing(cluster: LargeClusterProcess, proxy: ClusterProxy, applications: int) -> int:
    """Compare the endpoints of some applications: where ingressd sends requests, and what the API server has."""
    time.sleep(1.0)  # for the last events of the storm
    chosen = random.Random(20261121).sample(range(applications), min(COMPARED, applications))
    return sum(proxy.endpoints_used(host(number)) != cluster.endpoints(number) for number in chosen)


def memory_of(proxy: ClusterProxy) -> Memory:
    return Memory(resident_bytes(proxy.pid), max(map(resident_bytes, proxy.workers())))


def live_figures(name: str, milliseconds: list[float]) -> list[Figure]:
    found = spread(milliseconds)
    return [
        Figure(name=f"{name}: measured", value=len(milliseconds), unit="events"),
        Figure(name=f"{name}: median", value=found.median, unit="ms", at_most=LIVE_LIMIT_MEDIAN_MILLISECONDS),
        Figure(name=f"{name}: 99th percentile", value=found.p99, unit="ms", at_most=LIVE_LIMIT_P99_MILLISECONDS),
        Figure(name=f"{name}: largest", value=found.largest, unit="ms"),
    ]


def served_figures(
    name: str, idle: Sequence[RequestRecord], during: Sequence[RequestRecord], *, judged: bool
) -> list[Figure]:
    quiet, stormy = slowest_percent_milliseconds(idle), slowest_percent_milliseconds(during)
    return [
        Figure(name=f"{name}: 99th percentile idle", value=quiet, unit="ms"),
        Figure(name=f"{name}: 99th percentile in the storm", value=stormy, unit="ms"),
        Figure(
            name=f"{name}: in the storm to idle",
            value=stormy / quiet,
            unit="ratio",
            at_most=SLOWER_LIMIT if judged else None,
        ),
    ]


def complaints(proxy: ClusterProxy) -> Figure:
    return Figure(name="complaints of ingressd about itself", value=proxy.complaints(), unit="lines", at_most=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
