"""What is inflicted on a cluster under load, and what must hold beside that no request is lost."""

from __future__ import annotations

import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from loadtest.support.cluster_proxy import DRAIN_GRACE_SECONDS
from loadtest.support.figure import Figure
from loadtest.support.in_flight import InFlight
from loadtest.support.request_log import Loss, RequestRecord
from loadtest.support.small_cluster import SmallCluster

OUTAGE_SECONDS = 60.0
CATCH_UP_LIMIT_SECONDS = 5.0
RESPAWN_LIMIT_MILLISECONDS = 500.0
SLICE_LAG_SECONDS = 2.0
REPLACEMENTS = 20
KILLS = 3
ROLLS = 10
MOST_DESCRIPTORS_MORE = 5.0
"""Connections to the API server come and go; a leak at each of twenty new workers is more than that."""
DRAIN_WAIT_SECONDS = 10.0
SLOW_REQUESTS, STREAMS = 20, 5

_PAGES_AND_MORE = 1200  # of 500 objects
_HEALTHY_SECONDS = 11.0  # a worker that died younger is replaced with a pause
_ANOTHER = 5000  # an application that is not there at the start
_MARGIN_SECONDS = 0.05  # a request is sent a little later than it is due


class Outcome(NamedTuple):
    """``until`` is when the scenario no longer promises an answer, in monotonic seconds, None for never.
    ``excused``: whether a request may be lost."""

    figures: list[Figure]
    until: float | None = None
    excused: Callable[[RequestRecord], bool] = lambda record: False


class Scenario(NamedTuple):
    """``applications`` and ``drain_wait`` are those of the cluster that ``inflict`` gets."""

    name: str
    inflict: Callable[[SmallCluster], Outcome]
    applications: int = 1
    drain_wait: float = 0.0


def stop_api_server(cluster: SmallCluster) -> Outcome:
    seconds = OUTAGE_SECONDS / 12 if cluster.quick else OUTAGE_SECONDS
    with cluster.server.outage():
        time.sleep(seconds / 2)
        cluster.add_application(_ANOTHER)
        time.sleep(seconds / 2)
    return Outcome([_caught_up(cluster, "change of the outage live after its end")])


def expire_watches(cluster: SmallCluster) -> Outcome:
    """410 as an event of the open watches."""
    before = cluster.lists("ingresses")
    cluster.server.compact()
    cluster.server.faults.expire_watches()
    return Outcome(_listed_again(cluster, before))


def refuse_watches(cluster: SmallCluster) -> Outcome:
    """410 as the answer to the watches that follow."""
    before = cluster.lists("ingresses")
    # Something must have happened since, or no resource version would be too old.
    cluster.add_application(_ANOTHER + 1)
    cluster.server.compact()
    cluster.server.faults.fail(410, verb="watch", times=None)
    cluster.server.faults.drop_watches()
    time.sleep(5.0)
    cluster.server.faults.clear()
    return Outcome(_listed_again(cluster, before))


def restart_mid_list(cluster: SmallCluster) -> Outcome:
    """All kinds are listed again, and the server restarts when the second page of slices is asked for."""
    before = cluster.lists("endpointslices")
    cluster.server.faults.restart(2.0, verb="list", resource="endpointslices", after=1, times=1)
    cluster.server.compact()
    cluster.server.faults.expire_watches()
    time.sleep(5.0)
    cluster.add_application(_ANOTHER)
    figures = [_caught_up(cluster, "change behind the restart live")]
    listed = cluster.lists("endpointslices") - before
    pages = -(-_PAGES_AND_MORE // 500)
    return Outcome([*figures, Figure(name="pages asked for", value=listed, unit="pages", at_least=pages + 2)])


def replace_pods(cluster: SmallCluster) -> Outcome:
    """A new pod comes, an old one goes, and the slice says so two seconds after it went.

    Every other one finishes what it has in flight; the others are gone at once.
    """
    replacements = REPLACEMENTS // 4 if cluster.quick else REPLACEMENTS
    for number in range(replacements):
        cluster.add_pod()
        cluster.publish_pods()
        time.sleep(0.2)
        old = cluster.pods.pop(0)
        if number % 2:
            old.kill()
        else:
            old.end()
        time.sleep(SLICE_LAG_SECONDS)
        cluster.publish_pods()
        old.wait()
    return Outcome([Figure(name="pods replaced", value=replacements, unit="pods")])


def kill_workers(cluster: SmallCluster) -> Outcome:
    deaths: list[tuple[float, float]] = []
    milliseconds = []
    for number in range(1 if cluster.quick else KILLS):
        if number:
            time.sleep(_HEALTHY_SECONDS)
        (killed, *_) = cluster.proxy.serving_workers()
        begin = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        while _lives(killed):
            time.sleep(0.0005)
        deaths.append((begin, time.monotonic()))
        cluster.proxy.wait_until_all_serve(without=frozenset((killed,)))
        milliseconds.append((time.monotonic() - begin) * 1000)

    def in_flight(record: RequestRecord) -> bool:
        over = record.at + record.seconds
        return record.loss is not Loss.REFUSED and any(
            record.at <= dead and over >= begin - _MARGIN_SECONDS for begin, dead in deaths
        )

    return Outcome(
        [
            Figure(name="workers killed", value=len(deaths), unit="workers"),
            Figure(
                name="as many accept again after, at worst",
                value=max(milliseconds),
                unit="ms",
                at_most=RESPAWN_LIMIT_MILLISECONDS,
            ),
        ],
        excused=in_flight,
    )


def roll_workers(cluster: SmallCluster) -> Outcome:
    seconds = []
    before = cluster.proxy.open_descriptors()
    for _ in range(2 if cluster.quick else ROLLS):
        old = cluster.proxy.workers()
        begin = time.monotonic()
        cluster.proxy.signal(signal.SIGHUP)
        cluster.proxy.wait_until_all_serve(without=old)
        while cluster.proxy.workers() & old:
            time.sleep(0.01)
        seconds.append(time.monotonic() - begin)
    return Outcome(
        [
            Figure(name="rolls", value=len(seconds), unit="rolls"),
            Figure(name="median until all old workers have ended", value=statistics.median(seconds), unit="s"),
            Figure(
                name="open files of the supervisor, more than before",
                value=cluster.proxy.open_descriptors() - before,
                unit="files",
                at_most=MOST_DESCRIPTORS_MORE,
            ),
        ]
    )


def drain(cluster: SmallCluster) -> Outcome:
    proxy = cluster.proxy
    long = proxy.drain_wait + (2.0 if cluster.quick else 4.0)
    paths = [*([f"/slow/{long:g}"] * SLOW_REQUESTS), *([f"/stream/{long:g}"] * STREAMS)]
    in_flight = InFlight(proxy.port, paths, patience_seconds=long + DRAIN_GRACE_SECONDS)
    time.sleep(0.5)
    begin = time.monotonic()
    proxy.signal(signal.SIGTERM)
    code = proxy.wait()
    ended = time.monotonic()
    failed = in_flight.wait()
    for failure in in_flight.failures:
        print(f"in flight at SIGTERM: {failure}", file=sys.stderr)
    return Outcome(
        [
            Figure(name="in flight at SIGTERM", value=len(paths), unit="requests"),
            Figure(name="in flight at SIGTERM and lost", value=failed, unit="requests", at_most=0),
            Figure(name="drain wait", value=proxy.drain_wait, unit="s"),
            Figure(name="end after SIGTERM", value=ended - begin, unit="s"),
            Figure(name="end after the last answer", value=ended - in_flight.last_answer, unit="s"),
            Figure(name="exit code", value=code, unit="", at_most=0, at_least=0),
        ],
        until=begin + proxy.drain_wait - _MARGIN_SECONDS,
    )


def _listed_again(cluster: SmallCluster, before: int) -> list[Figure]:
    time.sleep(2.0)
    cluster.add_application(_ANOTHER)
    caught_up = _caught_up(cluster, "change behind it live")
    return [caught_up, Figure(name="lists", value=cluster.lists("ingresses") - before, unit="lists", at_least=1)]


def _caught_up(cluster: SmallCluster, name: str) -> Figure:
    seconds = cluster.wait_until_served(_ANOTHER)
    return Figure(name=name, value=seconds, unit="s", at_most=CATCH_UP_LIMIT_SECONDS)


def _lives(pid: int) -> bool:
    """Whether a process still holds its sockets: a zombie does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


SCENARIOS = (
    Scenario("API server away", stop_api_server),
    Scenario("410 in the watches", expire_watches),
    Scenario("410 for every watch", refuse_watches),
    Scenario("restart in the middle of a list", restart_mid_list, applications=_PAGES_AND_MORE),
    Scenario("pods replaced", replace_pods),
    Scenario("workers killed", kill_workers),
    Scenario("SIGHUP", roll_workers),
    Scenario("SIGTERM", drain, drain_wait=DRAIN_WAIT_SECONDS),
)
