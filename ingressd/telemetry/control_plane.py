"""What a supervisor has to tell beside the traffic: its workers, and the API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class WorkerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """``behind`` counts the differences of the table that it has not applied yet, ``silent_seconds`` the time since it
    said anything: above two, its event loop is blocked. ``resident_bytes`` is None where the system does not tell."""

    pid: int
    behind: int
    silent_seconds: float
    resident_bytes: int | None


class WatchFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One kind, in one namespace or all of them (then ``namespace`` is empty). ``healthy``: it is followed now."""

    kind: str
    namespace: str
    healthy: bool
    objects: int
    lists: int
    watches: int


class ControlPlane(msgspec.Struct, frozen=True, kw_only=True):
    """``leading`` is None without an election. ``written`` counts what was written to the API server, by what it was
    (``status``, ``event``) and how it ended (``written``, ``failed``, ``dropped``). ``troubles`` says of ``status``,
    ``events`` and ``election`` whether they fail at the moment; the log says why."""

    ready: bool
    workers: tuple[WorkerFigures, ...] = ()
    respawns: int = 0
    generation: int = 0
    watches: tuple[WatchFigures, ...] = ()
    leading: bool | None = None
    written: dict[tuple[str, str], int] = {}
    troubles: dict[str, bool] = {}


class ControlPlaneCollector(Collector):
    """Reads everything anew at each scrape."""

    def __init__(self, read: Callable[[], ControlPlane]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        now = self._read()
        yield GaugeMetricFamily("ingressd_ready", "Whether traffic may come.", value=now.ready)
        yield GaugeMetricFamily(
            "ingressd_table_generation", "Differences of the routing table published so far.", value=now.generation
        )
        yield from _workers(now)
        if now.watches:
            yield from _watches(now)
        if now.leading is not None:
            yield GaugeMetricFamily(
                "ingressd_leader", "Whether this replica writes statuses and Events.", value=now.leading
            )
        if now.written:
            written = CounterMetricFamily(
                "ingressd_api_writes", "Statuses and Events written to the API server.", labels=("what", "outcome")
            )
            for labels, count in sorted(now.written.items()):
                written.add_metric(labels, count)
            yield written
        if now.troubles:
            troubles = GaugeMetricFamily(
                "ingressd_trouble", "Whether this fails at the moment; the log says why.", labels=("what",)
            )
            for what, failing in sorted(now.troubles.items()):
                troubles.add_metric((what,), failing)
            yield troubles


def _workers(now: ControlPlane) -> Iterator[Metric]:
    yield GaugeMetricFamily("ingressd_workers", "Processes that serve.", value=len(now.workers))
    yield CounterMetricFamily("ingressd_worker_respawns", "Workers that replaced one that died.", value=now.respawns)
    behind = GaugeMetricFamily(
        "ingressd_worker_generations_behind", "Differences of the table not applied yet.", labels=("pid",)
    )
    silent = GaugeMetricFamily(
        "ingressd_worker_silent_seconds", "Since the worker last said anything.", labels=("pid",)
    )
    resident = GaugeMetricFamily("ingressd_worker_resident_bytes", "Memory of the worker.", labels=("pid",))
    for worker in now.workers:
        label = (str(worker.pid),)
        behind.add_metric(label, worker.behind)
        silent.add_metric(label, worker.silent_seconds)
        if worker.resident_bytes is not None:
            resident.add_metric(label, worker.resident_bytes)
    yield from (behind, silent, resident)


def _watches(now: ControlPlane) -> Iterator[Metric]:
    labels = ("kind", "namespace")
    healthy = GaugeMetricFamily("ingressd_watch_healthy", "Whether the kind is followed now.", labels=labels)
    objects = GaugeMetricFamily("ingressd_watch_objects", "Valid objects that exist.", labels=labels)
    lists = CounterMetricFamily("ingressd_watch_lists", "Lists begun.", labels=labels)
    watches = CounterMetricFamily("ingressd_watch_watches", "Watches begun.", labels=labels)
    for found in now.watches:
        key = (found.kind, found.namespace)
        healthy.add_metric(key, found.healthy)
        objects.add_metric(key, found.objects)
        lists.add_metric(key, found.lists)
        watches.add_metric(key, found.watches)
    yield from (healthy, objects, lists, watches)
