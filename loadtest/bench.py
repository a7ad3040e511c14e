"""ingressd beside the proxies that a user would pick instead, one core each.

    python -m loadtest.bench [--record] [--only NAME] [--rounds 3] [--seconds 3] [--quick]

The proxies have the first core, the clients and the backends the second. All proxies of a scenario run at once and are
asked in turn, round by round, so that whatever else the machine does hits all of them; the one that is asked has the
core to itself. Ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from loadtest.comparison import loads
from loadtest.comparison.answers_backend import answers_backend
from loadtest.comparison.caddy_peer import CADDY
from loadtest.comparison.certificates import issue_certificates
from loadtest.comparison.equal_work import check_equal_work
from loadtest.comparison.haproxy_peer import HAPROXY
from loadtest.comparison.idle_memory import measure_memory
from loadtest.comparison.ingressd_peer import AIOHTTP_LANE, INGRESSD, ingressd_lanes
from loadtest.comparison.installing import install, version
from loadtest.comparison.measuring import Cores, measure, measure_latency, send
from loadtest.comparison.nginx_peer import NGINX
from loadtest.comparison.outcome import Answered, Comparison, Latency, Measured, Memory, Run
from loadtest.comparison.peer import Peer
from loadtest.comparison.publishing import publish
from loadtest.comparison.quiet_port import quiet_port
from loadtest.comparison.running_proxy import RunningProxy, running
from loadtest.comparison.scenario import ROUTES, SCENARIOS, Scenario, Setup
from loadtest.comparison.site import Site, route_hosts
from loadtest.support.backend_process import backend
from loadtest.support.machine import this_machine
from loadtest.support.report import drill_options

PEERS = (NGINX, HAPROXY, CADDY)
LATENCY, MEMORY = "latency", "memory"
NAMES = (*(scenario.name for scenario in SCENARIOS), LATENCY, MEMORY)
QUICK_ROUNDS, QUICK_SECONDS = 2, 1
WARM_UP_SECONDS = 1
LATENCY_SCENARIO = "get-3"
MOST_P99_BESIDE_NGINX = 1.5
MEMORY_LIMITS = {False: 6 * 1024, True: 40 * 1024}
"""Bytes that an idle connection may cost ingressd, by whether it is TLS."""
DESCRIPTORS = 65_536

SiteFactory = Callable[[str, Peer, Setup], Site]


class Bench:
    """One run over a set of proxies."""

    def __init__(self, peers: Sequence[Peer], new_site: SiteFactory, cores: Cores, given: argparse.Namespace) -> None:
        self._peers = peers
        self._new_site = new_site
        self._cores = cores
        self._rounds: int = given.rounds
        self._seconds: int = given.seconds
        self.failures: list[str] = []
        """What could not be measured, and why. The rest is worth its quarter of an hour all the same."""

    def scenarios(self, wanted: Sequence[Scenario]) -> list[Measured]:
        found: list[Measured] = []
        for setup in Setup:
            chosen = [scenario for scenario in wanted if scenario.setup is setup]
            if chosen:
                with self._surviving(f"scenarios, {setup}"), self._started(f"scenarios-{setup}", setup) as proxies:
                    for scenario in chosen:
                        found.append(self._scenario(scenario, proxies))  # noqa: PERF401 (what there is survives)
        return found

    def latency(self, capacity: Measured) -> Latency | None:
        """Ask at half of what the slowest could do."""
        found: Latency | None = None
        with self._surviving(LATENCY):
            found = self._latency(capacity)
        return found  # noqa: RET504 (None where the measurement failed)

    def memory(self) -> list[Memory]:
        found: list[Memory] = []
        with self._surviving(MEMORY):
            for tls in (False, True):
                found.append(self._memory(tls))  # noqa: PERF401 (what there is survives)
        return found

    def _latency(self, capacity: Measured) -> Latency:
        rate = min(capacity.rate(peer.name).median for peer in self._peers) / 2
        runs: dict[str, list[Answered]] = {peer.name: [] for peer in self._peers}
        with self._started("latency", Setup.PLAIN) as proxies:
            for _ in range(self._rounds):
                for proxy in proxies:
                    found = measure_latency(proxy, rate, self._seconds, self._cores)
                    runs[proxy.name].append(found)
                    told(LATENCY, proxy.name, f"p50 {found.p50:.2f} ms, p99 {found.p99:.2f} ms")
        answered = {name: tuple(each) for name, each in runs.items()}
        return Latency(rate=rate, runs=answered, most_p99=MOST_P99_BESIDE_NGINX)

    def _memory(self, tls: bool) -> Memory:
        resident, refused = {}, {}
        for peer in self._peers:
            site = self._new_site(f"memory-{tls}", peer, Setup.PLAIN)
            with running([(peer, site)], self._cores.proxy) as (proxy,):
                check_equal_work(proxy)
                held = measure_memory(proxy, self._cores.load, tls=tls)
            resident[peer.name], refused[peer.name] = held.resident, held.refused
            told(MEMORY, peer.name, ", ".join(f"{size / 2**20:.1f} MiB" for size in held.resident.values()))
        kind = "TLS" if tls else "plain"
        return Memory(
            title=f"idle connections, {kind}", resident=resident, refused=refused, most_bytes=MEMORY_LIMITS[tls]
        )

    def _scenario(self, scenario: Scenario, proxies: Sequence[RunningProxy]) -> Measured:
        runs: dict[str, list[Run]] = {proxy.name: [] for proxy in proxies}
        for _ in range(self._rounds):
            for proxy in proxies:
                run = measure(proxy, scenario, self._seconds, self._cores)
                runs[proxy.name].append(run)
                told(scenario.name, proxy.name, f"{run.rate:,.0f} {scenario.unit}")
        targets = {INGRESSD: scenario.at_least, AIOHTTP_LANE: scenario.aiohttp_at_least}
        return Measured(
            name=scenario.name,
            title=scenario.title,
            unit=scenario.unit,
            runs={name: tuple(each) for name, each in runs.items()},
            at_least={name: least for name, least in targets.items() if least is not None and name in runs},
        )

    @contextlib.contextmanager
    def _surviving(self, stage: str) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError, ValueError) as error:
            print(f"{stage}: {error}", file=sys.stderr)
            self.failures.append(f"Not measured to the end: {stage}. {str(error).splitlines()[0]}")

    @contextlib.contextmanager
    def _started(self, stage: str, setup: Setup) -> Iterator[tuple[RunningProxy, ...]]:
        """Start every proxy on sites of its own, and let each have its first requests."""
        pairs = [(peer, self._new_site(stage, peer, setup)) for peer in self._peers]
        with running(pairs, self._cores.proxy) as proxies:
            for proxy in proxies:
                check_equal_work(proxy)
                send(loads.wrk(proxy.site, WARM_UP_SECONDS), self._cores.load)
            yield proxies


def main(arguments: list[str]) -> int:
    given = parsed(arguments)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("this needs two cores: one for the proxy, one for clients and backends", file=sys.stderr)
        return 2
    programs = [(peer.program, peer.package) for peer in PEERS]
    install([*programs, (loads.WRK, loads.WRK_PACKAGE)])
    absent = [program for program in (loads.WRK, NGINX.program) if shutil.which(program) is None]
    if absent:
        print(f"{' and '.join(absent)} must be on PATH: they are the client and the backend", file=sys.stderr)
        return 2
    missing = tuple(peer.name for peer in PEERS if shutil.which(peer.program) is None)
    peers = (*ingressd_lanes(), *(peer for peer in PEERS if peer.name not in missing))
    raise_descriptor_limit()
    # Only the proxies and what is sent to them need room: this process waits.
    os.sched_setaffinity(0, {cores[1]})
    begin, machine = time.monotonic(), this_machine()
    wanted = given.only or NAMES
    with sites(cores[1]) as new_site:
        bench = Bench(peers, new_site, Cores(cores[0], cores[1]), given)
        chosen = [scenario for scenario in SCENARIOS if scenario.name in wanted]
        capacity = next(scenario for scenario in SCENARIOS if scenario.name == LATENCY_SCENARIO)
        if LATENCY in wanted and capacity not in chosen:
            chosen.insert(0, capacity)
        measured = bench.scenarios(chosen)
        latency = None
        if LATENCY in wanted:
            found = [each for each in measured if each.name == LATENCY_SCENARIO]
            latency = bench.latency(found[0]) if found else None
        memory = bench.memory() if MEMORY in wanted else []
    comparison = Comparison(
        command=" ".join(["python -m loadtest.bench", *(each for each in arguments if each != "--record")]),
        machine=machine,
        rounds=given.rounds,
        seconds=given.seconds,
        took_seconds=time.monotonic() - begin,
        versions={peer.name: version(peer) for peer in peers},
        missing=missing,
        measured=tuple(measured),
        latency=latency,
        memory=tuple(memory),
        failures=tuple(bench.failures),
    )
    return publish(comparison, INGRESSD, record=given.record)


def parsed(arguments: list[str]) -> argparse.Namespace:
    options = drill_options("ingressd beside nginx, HAProxy and Caddy, on one core each.")
    options.add_argument("--only", action="append", choices=NAMES, metavar="NAME", help=f"one of: {', '.join(NAMES)}")
    options.add_argument("--rounds", type=int, default=3, help="measurements of each proxy (default 3)")
    options.add_argument("--seconds", type=int, default=3, help="length of each measurement (default 3)")
    options.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds of {QUICK_SECONDS} s")
    given = options.parse_args(arguments)
    if given.quick:
        given.rounds, given.seconds = QUICK_ROUNDS, QUICK_SECONDS
    return given


@contextlib.contextmanager
def sites(core: int) -> Iterator[SiteFactory]:
    """Start the backends, and give a function that makes sites in front of them."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        answers_backend(Path(temporary, "backend"), core) as answers_port,
        backend("bodies_backend", "--core", str(core), folder="comparison") as bodies_port,
    ):
        # nginx's worker gives up root's rights, and still has to find its files.
        Path(temporary).chmod(0o755)
        certificates = issue_certificates(Path(temporary, "certificates"))

        def new_site(stage: str, peer: Peer, setup: Setup) -> Site:
            return Site(
                folder=Path(temporary, stage, peer.name.replace(" ", "-")),
                http_port=quiet_port(),
                https_port=quiet_port(),
                answers_port=answers_port,
                bodies_port=bodies_port,
                certificates=certificates,
                route_hosts=route_hosts(ROUTES) if setup is Setup.ROUTES else (),
                access_log=setup is Setup.LOGGED,
            )

        yield new_site


def raise_descriptor_limit() -> None:
    """For this process and all that it starts: a client of 10,000 connections needs as many, a proxy may need twice."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS), max(hard, DESCRIPTORS)))


def told(what: str, proxy: str, figure: str) -> None:
    """Say how it goes: the whole takes a quarter of an hour."""
    print(f"{what:18} {proxy:14} {figure}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
