"""How long a saved change takes to be live.

    python -m loadtest.reload [--saves 50] [--record]

Each save gives one Ingress another path. From the end of the write, a keep-alive connection asks for that path until
the answer is no longer 404. Some editors write in place, others write a new file and rename it over the old one:
both are done, in a folder of few and in one of many Ingresses.
"""

from __future__ import annotations

import http.client
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from loadtest.support.backend_process import backend
from loadtest.support.figure import Figure
from loadtest.support.manifests import application, application_file, host, service, write_applications
from loadtest.support.proxy_process import ProxyProcess, serving
from loadtest.support.report import Drill, drill_options
from loadtest.support.spread import spread

COUNTS = (20, 2000)
LIMIT_MILLISECONDS = 300
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.001
LONGEST_PAUSE_SECONDS = 0.2
CHANGED = 0

Save = Callable[[Path, str], None]


def write_in_place(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def rename_over(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


SAVES: dict[str, Save] = {"written in place": write_in_place, "renamed over": rename_over}


def main(arguments: list[str]) -> int:
    options = drill_options("Time from a saved file to the first request that sees the change.")
    options.add_argument("--saves", type=int, default=50, help="saves of each kind (default 50)")
    given = options.parse_args(arguments)
    drill = Drill("reload", "Reload: from a save to the first answer that shows it", given, arguments)
    figures: list[Figure] = []
    with backend("fixed_backend") as port:
        for count in COUNTS:
            with tempfile.TemporaryDirectory() as temporary:
                figures += measure(Path(temporary), count, given.saves, port)
    return drill.finish(
        figures,
        [
            f"{given.saves} saves of each kind, at random moments; the 99th percentile is judged. Requests are "
            f"{POLL_SECONDS * 1000:g} ms apart, and a time includes the request that saw the change."
        ],
    )


def measure(folder: Path, count: int, saves: int, backend_port: int) -> list[Figure]:
    manifests = folder / "manifests"
    write_applications(manifests, count)
    application_file(manifests, CHANGED).write_text(application(CHANGED, "/before"), encoding="utf-8")
    figures: list[Figure] = []
    # The last application never changes: it says when the proxy serves.
    mappings = dict.fromkeys((service(CHANGED), service(count - 1)), backend_port)
    with serving(manifests, folder, mappings=mappings, host=host(count - 1)) as proxy:
        for kind, save in SAVES.items():
            milliseconds = save_and_wait(proxy, application_file(manifests, CHANGED), save, saves)
            found = spread(milliseconds)
            name = f"{count:,} Ingresses, {kind}"
            figures += (
                Figure(name=f"{name}: median", value=found.median, unit="ms"),
                Figure(name=f"{name}: 99th percentile", value=found.p99, unit="ms", at_most=LIMIT_MILLISECONDS),
            )
    figures.append(proxy.error_figure(f"{count:,} Ingresses, standard error of ingressd"))
    return figures


def save_and_wait(proxy: ProxyProcess, path: Path, save: Save, saves: int) -> list[float]:
    """Return, for each save, the milliseconds until a request saw it."""
    pauses = random.Random(20261120)
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE_SECONDS)
    milliseconds = []
    try:
        for number in range(saves):
            time.sleep(pauses.uniform(0, LONGEST_PAUSE_SECONDS))
            route = f"/{save.__name__}-{number}"
            if ask(connection, route) != 404:
                raise RuntimeError(f"{route} is served before any file has it")
            text = application(CHANGED, route)
            save(path, text)
            milliseconds.append(wait_for(connection, route) * 1000)
    finally:
        connection.close()
    return milliseconds


def wait_for(connection: http.client.HTTPConnection, route: str) -> float:
    """Return the seconds from now to the end of the first answer 200. Raises RuntimeError."""
    begin = time.perf_counter()
    while (status := ask(connection, route)) == 404:
        if time.perf_counter() - begin > PATIENCE_SECONDS:
            raise RuntimeError(f"{route} was saved {PATIENCE_SECONDS:g} s ago and is not served")
        time.sleep(POLL_SECONDS)
    if status != 200:
        raise RuntimeError(f"{route} is answered with {status}")
    return time.perf_counter() - begin


def ask(connection: http.client.HTTPConnection, route: str) -> int:
    connection.request("GET", route, headers={"Host": host(CHANGED)})
    answer = connection.getresponse()
    answer.read()
    return answer.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
