"""How many small requests a second one core forwards.

    python -m loadtest.rate [--seconds 5] [--rounds 3] [--record]

64 keep-alive connections, each with one request at a time; the answer's body is 62 bytes. The proxy has the first
core to itself, client and backend share the second. In each round the same client also goes straight to the backend,
and through nginx on the proxy's core where nginx is installed. No target is set: the ratios are what to compare.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from loadtest.support.backend_process import backend
from loadtest.support.closed_loop import CONNECTIONS, HEADERS
from loadtest.support.figure import Figure
from loadtest.support.machine import CHECKOUT
from loadtest.support.manifests import host, service, write_applications
from loadtest.support.nginx_process import nginx
from loadtest.support.processor_time import processor_seconds, starting_on
from loadtest.support.proxy_process import serving
from loadtest.support.report import Drill, drill_options

WARM_UP_SECONDS = 1.0
REQUESTS_PER_FIGURE = 100_000
DIRECT, THROUGH, PEER = "straight to the backend", "through ingressd", "through nginx"


class Run(NamedTuple):
    """``processor_seconds`` of the proxy for 100,000 requests; 0 where it was not in the way."""

    requests_per_second: float
    wrong: int
    processor_seconds: float = 0.0


def main(arguments: list[str]) -> int:
    options = drill_options("Small requests a second through ingressd, on one core.")
    options.add_argument("--seconds", type=float, default=5.0, help="length of each measurement (default 5)")
    options.add_argument("--rounds", type=int, default=3, help="measurements of each kind (default 3)")
    given = options.parse_args(arguments)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("this drill needs two cores: one for the proxy, one for client and backend", file=sys.stderr)
        return 2
    proxy_core, other_core = cores[:2]
    drill = Drill("rate", "Rate: small requests on one core", given, arguments)
    figures: list[Figure] = []
    peers: tuple[str, ...] = ()
    with tempfile.TemporaryDirectory() as temporary, backend("fixed_backend", "--core", str(other_core)) as port:
        folder = Path(temporary)
        write_applications(folder / "manifests", 1)
        with (
            starting_on(proxy_core),
            nginx(folder, port) as peer_port,
            serving(folder / "manifests", folder, mappings={service(0): port}, host=host(0)) as proxy,
        ):
            ports = {THROUGH: proxy.port, DIRECT: port, **({PEER: peer_port} if peer_port is not None else {})}
            if peer_port is None:
                peers = ("nginx is not on PATH: no peer was measured.",)
            for headers in HEADERS:
                runs: dict[str, list[Run]] = {way: [] for way in ports}
                ask(proxy.port, headers, WARM_UP_SECONDS, other_core)
                for _ in range(given.rounds):
                    for way, asked_port in ports.items():
                        before = processor_seconds(proxy.pid)
                        found = ask(asked_port, headers, given.seconds, other_core)
                        used = processor_seconds(proxy.pid) - before
                        cost = used / (found.requests_per_second * given.seconds) * REQUESTS_PER_FIGURE
                        runs[way].append(found._replace(processor_seconds=cost))
                figures += told(headers, runs)
        figures.append(proxy.error_figure())
    return drill.finish(
        figures,
        (
            f"{CONNECTIONS} connections, one request at a time on each; medians of {given.rounds} measurements of "
            f"{given.seconds:g} s, in turn. Header fields are counted with Host.",
            "Processor time is the proxy's own, user and kernel, all threads; `dev` writes a line for each request "
            "to a file meanwhile.",
            *peers,
        ),
    )


def ask(port: int, headers: int, seconds: float, core: int) -> Run:
    """Run the client for ``seconds``."""
    command = (sys.executable, "-m", "loadtest.support.closed_loop", str(port), "--headers", str(headers))
    options = ("--seconds", f"{seconds:g}", "--core", str(core))
    output = subprocess.run((*command, *options), cwd=CHECKOUT, check=True, stdout=subprocess.PIPE).stdout
    found = json.loads(output)
    return Run(found["requests"] / found["seconds"], int(found["wrong"]))


def told(headers: int, runs: dict[str, list[Run]]) -> list[Figure]:
    rates = {way: statistics.median(run.requests_per_second for run in found) for way, found in runs.items()}
    cost = statistics.median(run.processor_seconds for run in runs[THROUGH])
    wrong = sum(run.wrong for found in runs.values() for run in found)
    name = f"{headers} header fields"
    return [
        *(Figure(name=f"{name}: {way}", value=rate, unit="requests/s") for way, rate in rates.items()),
        *(
            Figure(name=f"{name}: ingressd beside the {way.split()[-1]}", value=rates[THROUGH] / rate, unit="ratio")
            for way, rate in rates.items()
            if way != THROUGH
        ),
        Figure(name=f"{name}: processor time for 100,000 requests", value=cost, unit="s"),
        Figure(name=f"{name}: wrong answers", value=wrong, unit="answers", at_most=0),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
