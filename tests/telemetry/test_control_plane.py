"""What a supervisor tells beside the traffic, in the form that Prometheus reads."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from ingressd.telemetry.control_plane import ControlPlane, ControlPlaneCollector, WatchFigures, WorkerFigures


def exposed(now: ControlPlane) -> list[str]:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ControlPlaneCollector(lambda: now))
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


FULL = ControlPlane(
    ready=True,
    workers=(
        WorkerFigures(pid=7, behind=0, silent_seconds=0.5, resident_bytes=1024),
        WorkerFigures(pid=8, behind=3, silent_seconds=2.0, resident_bytes=None),
    ),
    respawns=4,
    generation=9,
    watches=(
        WatchFigures(kind="Ingress", namespace="shop", healthy=True, objects=5, lists=1, watches=6),
        WatchFigures(kind="Secret", namespace="", healthy=False, objects=0, lists=2, watches=0),
    ),
    leading=True,
    written={("status", "written"): 10, ("event", "failed"): 1},
    troubles={"status": True, "election": False},
)


def test_every_family() -> None:
    assert exposed(FULL) == [
        "ingressd_ready 1.0",
        "ingressd_table_generation 9.0",
        "ingressd_workers 2.0",
        "ingressd_worker_respawns_total 4.0",
        'ingressd_worker_generations_behind{pid="7"} 0.0',
        'ingressd_worker_generations_behind{pid="8"} 3.0',
        'ingressd_worker_silent_seconds{pid="7"} 0.5',
        'ingressd_worker_silent_seconds{pid="8"} 2.0',
        'ingressd_worker_resident_bytes{pid="7"} 1024.0',
        'ingressd_watch_healthy{kind="Ingress",namespace="shop"} 1.0',
        'ingressd_watch_healthy{kind="Secret",namespace=""} 0.0',
        'ingressd_watch_objects{kind="Ingress",namespace="shop"} 5.0',
        'ingressd_watch_objects{kind="Secret",namespace=""} 0.0',
        'ingressd_watch_lists_total{kind="Ingress",namespace="shop"} 1.0',
        'ingressd_watch_lists_total{kind="Secret",namespace=""} 2.0',
        'ingressd_watch_watches_total{kind="Ingress",namespace="shop"} 6.0',
        'ingressd_watch_watches_total{kind="Secret",namespace=""} 0.0',
        "ingressd_leader 1.0",
        'ingressd_api_writes_total{outcome="failed",what="event"} 1.0',
        'ingressd_api_writes_total{outcome="written",what="status"} 10.0',
        'ingressd_trouble{what="election"} 0.0',
        'ingressd_trouble{what="status"} 1.0',
    ]


def test_without_a_cluster_there_is_nothing_about_one() -> None:
    lines = exposed(ControlPlane(ready=False))
    assert lines == [
        "ingressd_ready 0.0",
        "ingressd_table_generation 0.0",
        "ingressd_workers 0.0",
        "ingressd_worker_respawns_total 0.0",
    ]


def test_each_scrape_reads_anew() -> None:
    states = [ControlPlane(ready=False), ControlPlane(ready=True)]
    collector = ControlPlaneCollector(lambda: states.pop(0))
    first, second = next(iter(collector.collect())), next(iter(collector.collect()))
    assert [family.samples[0].value for family in (first, second)] == [0.0, 1.0]
