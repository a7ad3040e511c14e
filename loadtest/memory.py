"""What a large body costs the proxy in memory, and what the proxy costs a large body in speed.

    python -m loadtest.memory [--mebibytes 1024] [--rounds 3] [--record]

Uploads and downloads, with a Content-Length and chunked, go through ``ingressd dev`` and, in turn with that, straight
to the same backend. Every byte is compared with the one that was sent. The last two transfers have a receiver that
takes nothing for two seconds while the sender goes on: what is not held back then, is held in memory.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from loadtest.support.backend_process import backend
from loadtest.support.figure import Figure
from loadtest.support.manifests import host, service, write_applications
from loadtest.support.pattern import BLOCK_BYTES, Receipt, Verifier, pattern
from loadtest.support.proxy_process import ProxyProcess, serving
from loadtest.support.report import Drill, drill_options
from loadtest.support.resident_memory import MIB, MemoryWatch

GROWTH_LIMIT_MIB = 20
STALL_SECONDS = 2.0
STALLED_MIB = 128
TIMEOUT_SECONDS = 60.0


class Transfer(NamedTuple):
    name: str
    upload: bool
    chunked: bool
    stall: float = 0.0


TRANSFERS = (
    Transfer("upload, Content-Length", upload=True, chunked=False),
    Transfer("upload, chunked", upload=True, chunked=True),
    Transfer("download, Content-Length", upload=False, chunked=False),
    Transfer("download, chunked", upload=False, chunked=True),
)
STALLED = (
    Transfer("upload, backend stalls", upload=True, chunked=False, stall=STALL_SECONDS),
    Transfer("download, client stalls", upload=False, chunked=False, stall=STALL_SECONDS),
)


def main(arguments: list[str]) -> int:
    options = drill_options("Memory and speed of large bodies through ingressd.")
    options.add_argument("--mebibytes", type=int, default=1024, help="size of each body (default 1024)")
    options.add_argument("--rounds", type=int, default=3, help="transfers of each kind and way (default 3)")
    given = options.parse_args(arguments)
    drill = Drill("memory", "Large bodies: memory and speed", given, arguments)
    with tempfile.TemporaryDirectory() as temporary, backend("transfer_backend") as port:
        folder = Path(temporary)
        write_applications(folder / "manifests", 1)
        with serving(folder / "manifests", folder, mappings={service(0): port}, host=host(0)) as proxy:
            figures = [
                figure
                for transfer in TRANSFERS
                for figure in measure(transfer, proxy, port, size=given.mebibytes * MIB, rounds=given.rounds)
            ]
            for transfer in STALLED:
                figures += measure_memory(transfer, proxy, STALLED_MIB * MIB)
        figures.append(proxy.error_figure())
    return drill.finish(
        figures,
        [
            f"Bodies of {given.mebibytes} MiB ({STALLED_MIB} MiB where one side stalls for {STALL_SECONDS:g} s); "
            f"speeds are medians of {given.rounds}, memory is the highest of them.",
            "Growth is the kernel's peak (VmHWM) and the highest of samples every 50 ms (VmRSS), over the resident "
            "memory right before the transfer.",
            "Client, proxy and backend share the machine's cores: the ratio compares two ways of one run.",
        ],
    )


def measure(transfer: Transfer, proxy: ProxyProcess, backend_port: int, *, size: int, rounds: int) -> list[Figure]:
    """Transfer in turn through the proxy and past it."""
    through, direct, growths, wrong = [], [], [], 0
    for _ in range(rounds):
        with MemoryWatch(proxy.pid) as memory:
            seconds, receipt = run(transfer, proxy.port, size)
        through.append(size / MIB / seconds)
        growths.append(memory.growth / MIB)
        wrong += receipt != Receipt(size, -1)
        seconds, receipt = run(transfer, backend_port, size)
        direct.append(size / MIB / seconds)
        wrong += receipt != Receipt(size, -1)
    speed, direct_speed = statistics.median(through), statistics.median(direct)
    name = transfer.name
    return [
        Figure(name=f"{name}: growth of memory", value=max(growths), unit="MiB", at_most=GROWTH_LIMIT_MIB),
        Figure(name=f"{name}: transfers with wrong bytes", value=wrong, unit="transfers", at_most=0),
        Figure(name=f"{name}: through the proxy", value=speed, unit="MiB/s"),
        Figure(name=f"{name}: straight to the backend", value=direct_speed, unit="MiB/s"),
        Figure(name=f"{name}: ratio", value=speed / direct_speed, unit="of direct"),
    ]


def measure_memory(transfer: Transfer, proxy: ProxyProcess, size: int) -> list[Figure]:
    with MemoryWatch(proxy.pid) as memory:
        _, receipt = run(transfer, proxy.port, size)
    wrong = receipt != Receipt(size, -1)
    return [
        Figure(
            name=f"{transfer.name}: growth of memory",
            value=memory.growth / MIB,
            unit="MiB",
            at_most=GROWTH_LIMIT_MIB,
        ),
        Figure(name=f"{transfer.name}: transfers with wrong bytes", value=wrong, unit="transfers", at_most=0),
    ]


def run(transfer: Transfer, port: int, size: int) -> tuple[float, Receipt]:
    """Return how long it took, from the request to the last byte, and what arrived."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    begin = time.perf_counter()
    try:
        receipt = upload(connection, transfer, size) if transfer.upload else download(connection, transfer, size)
    finally:
        connection.close()
    return time.perf_counter() - begin - transfer.stall, receipt


def upload(connection: http.client.HTTPConnection, transfer: Transfer, size: int) -> Receipt:
    connection.putrequest("PUT", f"/?stall={transfer.stall:g}", skip_host=True)
    connection.putheader("Host", host(0))
    if transfer.chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(size))
    connection.endheaders()
    for offset in range(0, size, BLOCK_BYTES):
        block = pattern(offset, min(BLOCK_BYTES, size - offset))
        connection.send(b"%x\r\n%b\r\n" % (len(block), block) if transfer.chunked else block)
    if transfer.chunked:
        connection.send(b"0\r\n\r\n")
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{transfer.name}: the answer is {answer.status}: {body[:200]!r}")
    return Receipt(**json.loads(body))


def download(connection: http.client.HTTPConnection, transfer: Transfer, size: int) -> Receipt:
    framing = "chunked" if transfer.chunked else "length"
    connection.request("GET", f"/?bytes={size}&framing={framing}", headers={"Host": host(0)})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"{transfer.name}: the answer is {answer.status}: {answer.read(200)!r}")
    time.sleep(transfer.stall)
    verifier = Verifier()
    while piece := answer.read(BLOCK_BYTES):
        verifier.take(piece)
    return verifier.receipt()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
