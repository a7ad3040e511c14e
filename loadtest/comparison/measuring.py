"""One measurement: send the load, and see what the proxy and both cores did meanwhile."""

from __future__ import annotations

import subprocess
import time
from typing import NamedTuple

from loadtest.comparison.cores import busy_share, core_time
from loadtest.comparison.loads import Found, arrivals, parse_found
from loadtest.comparison.outcome import OPERATIONS_PER_COST, Answered, Run
from loadtest.comparison.running_proxy import RunningProxy
from loadtest.comparison.scenario import Scenario
from loadtest.support.machine import CHECKOUT
from loadtest.support.processor_time import starting_on


class Cores(NamedTuple):
    proxy: int
    load: int


def send(command: tuple[str, ...], core: int) -> Found:
    """Run a client on ``core`` to its end."""
    with starting_on(core):
        process = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {' '.join(command)}")
    return parse_found(output)


def measure_latency(proxy: RunningProxy, rate: float, seconds: int, cores: Cores) -> Answered:
    begin, core, used = time.monotonic(), core_time(cores.proxy), proxy.processor_seconds()
    found = send(arrivals(proxy.site, seconds, rate=rate), cores.load)
    share = (proxy.processor_seconds() - used) / (time.monotonic() - begin)
    others = max(0.0, busy_share(core, core_time(cores.proxy)) - share)
    return Answered(found.p50, found.p99, found.wrong, others)


def measure(proxy: RunningProxy, scenario: Scenario, seconds: int, cores: Cores) -> Run:
    begin = time.monotonic()
    proxy_core, load_core = core_time(cores.proxy), core_time(cores.load)
    used = proxy.processor_seconds()
    found = send(scenario.load(proxy.site, seconds), cores.load)
    used = proxy.processor_seconds() - used
    passed = time.monotonic() - begin
    operations = found.operations / found.seconds
    return Run(
        rate=operations * (scenario.mebibytes or 1),
        cost=used / found.operations * OPERATIONS_PER_COST if found.operations else 0.0,
        wrong=found.wrong,
        proxy_share=used / passed,
        proxy_core=busy_share(proxy_core, core_time(cores.proxy)),
        load_core=busy_share(load_core, core_time(cores.load)),
    )
