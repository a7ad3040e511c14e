"""How long a user waits from typing ``ingressd dev`` to the first answer through it.

    python -m loadtest.start [--runs 5] [--record]

Each run starts a process and asks it, again and again, until a request comes back from the backend. One run before
those that count warms the file cache and makes the local CA.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from loadtest.support.backend_process import backend
from loadtest.support.figure import Figure
from loadtest.support.manifests import host, service, write_applications, write_one_file
from loadtest.support.proxy_process import COMMAND, ProxyProcess
from loadtest.support.report import Drill, drill_options
from loadtest.support.spread import spread

FEW = 20
MANY = 2000


class Case(NamedTuple):
    """A folder to start with, and the seconds that the median may take."""

    name: str
    ingresses: int
    write: Callable[[Path, int], None]
    limit: float


CASES = (
    Case(f"{FEW} Ingresses, a file each", FEW, write_applications, 0.5),
    Case(f"{MANY:,} Ingresses, a file each", MANY, write_applications, 5.0),
    Case(f"{MANY:,} Ingresses, one file", MANY, write_one_file, 5.0),
)


def main(arguments: list[str]) -> int:
    options = drill_options("Time from the start of ingressd to the first answer through it.")
    options.add_argument("--runs", type=int, default=5, help="starts of each kind that count (default 5)")
    given = options.parse_args(arguments)
    drill = Drill("start", "Start: from the command to the first answer", given, arguments)
    figures: list[Figure] = []
    with backend("fixed_backend") as port:
        for case in CASES:
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                case.write(folder / "manifests", case.ingresses)
                seconds = [start(folder, port, case.ingresses - 1) for _ in range(given.runs + 1)]
            figures += told(case.name, seconds[1:], case.limit)
    figures += told("ingressd --help", [show_help() for _ in range(given.runs + 1)][1:], None)
    return drill.finish(
        figures,
        [
            f"Smallest, median and largest of {given.runs} starts; the median is judged. Each Ingress comes with its "
            "Service and EndpointSlice, and the request is for the last one."
        ],
    )


def told(name: str, seconds: list[float], limit: float | None) -> list[Figure]:
    found = spread(seconds)
    return [
        Figure(name=f"{name}: smallest", value=found.smallest, unit="s"),
        Figure(name=f"{name}: median", value=found.median, unit="s", at_most=limit),
        Figure(name=f"{name}: largest", value=found.largest, unit="s"),
    ]


def start(folder: Path, backend_port: int, number: int) -> float:
    """Return the seconds from the start of the process to the answer of application ``number``."""
    begin = time.perf_counter()
    proxy = ProxyProcess(folder / "manifests", folder, {service(number): backend_port})
    try:
        proxy.wait_until_served(host(number))
        seconds = time.perf_counter() - begin
    except BaseException:
        proxy.kill()
        raise
    proxy.stop()
    return seconds


def show_help() -> float:
    begin = time.perf_counter()
    subprocess.run((str(COMMAND), "--help"), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
