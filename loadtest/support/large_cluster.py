"""The API server of a large cluster, which does at once what its standard input says.

    python -m loadtest.support.large_cluster --applications 10000 --served 101 --port PORT --kubeconfig FILE

It prints a line when everything exists, and then one JSON value for each line that it reads:

``move NUMBER PORT``
    Give all endpoints of an application another port. The monotonic time of the write.
``endpoints NUMBER``
    The endpoints of an application in the API server, each as ``ADDRESS:PORT``.
``expire``
    End all watches with 410 Gone, so that everything has to be listed again. null.
``storm RATE SECONDS``
    Begin to give random applications, but not the first, another address for one endpoint each. null.
``calm``
    Wait until the storm is over. How many events it wrote, and the seconds that it took.

The pods of the first ``--served`` applications have addresses in 127.0.0.0/8, all of which is this machine: whoever
listens on ``0.0.0.0:PORT`` is every one of them. The others have addresses as pods have, and do not exist: a loopback
address is a problem of its own, and ten thousand problems would be measured too.

The process gives way to all others (``nice``), so that what is measured is not waiting for it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
import time
from pathlib import Path

import msgspec
import uvloop

from loadtest.support.cluster_objects import Json, endpoint_slice, ingress, ingress_class, service, slice_name, status
from loadtest.support.manifests import NAMESPACE
from tests.support.api_server import ApiServer

ENDPOINTS = 5
READY = "ready"
_STORM_TICK_SECONDS = 0.001
_NICE = 5
_MOVED_AWAY = 1 << 22  # added to the number of an address: the other one that a pod may have


def endpoint_address(number: int, *, served: bool) -> str:
    """Return the address of the endpoint ``number`` of the whole cluster."""
    network = 127 if served else 10
    return f"{network}.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


class LargeCluster:
    """Application 0 is the one that moves; storms leave it alone."""

    def __init__(self, server: ApiServer, applications: int, served: int, port: int) -> None:
        self._server = server
        self._applications = applications
        self._served = served
        self._port = port
        self._endpoints = [[number * ENDPOINTS + index for index in range(ENDPOINTS)] for number in range(applications)]
        self._random = random.Random(20261121)

    def fill(self) -> None:
        self._server.apply(ingress_class())
        for number in range(self._applications):
            self._server.apply(service(number))
            self._apply_slice(number, self._port)
            self._server.apply({**ingress(number), "status": status()})

    def move(self, number: int, port: int) -> float:
        begin = time.monotonic()
        self._apply_slice(number, port)
        return begin

    def expire(self) -> None:
        self._server.compact()
        self._server.faults.expire_watches()

    def endpoints(self, number: int) -> list[str]:
        found = self._server.get("EndpointSlice", NAMESPACE, slice_name(number))
        if found is None:
            raise LookupError(f"there is no application {number}")
        port = found["ports"][0]["port"]
        return [f"{endpoint['addresses'][0]}:{port}" for endpoint in found["endpoints"]]

    async def storm(self, rate: float, seconds: float) -> Json:
        begin = time.monotonic()
        events = 0
        while (elapsed := time.monotonic() - begin) < seconds:
            while events < elapsed * rate:
                self._flap(self._random.randrange(1, self._applications))
                events += 1
            await asyncio.sleep(_STORM_TICK_SECONDS)
        return {"events": events, "seconds": time.monotonic() - begin}

    def _flap(self, number: int) -> None:
        self._endpoints[number][self._random.randrange(ENDPOINTS)] ^= _MOVED_AWAY
        self._apply_slice(number, self._port)

    def _apply_slice(self, number: int, port: int) -> None:
        addresses = [endpoint_address(each, served=number < self._served) for each in self._endpoints[number]]
        self._server.apply(endpoint_slice(number, addresses, port), validate=False)


async def obey(cluster: LargeCluster, lines: asyncio.StreamReader) -> None:
    async with asyncio.TaskGroup() as group:
        storm: asyncio.Task[Json] | None = None
        while line := await lines.readline():
            answer: object = None
            match line.decode("ascii").split():
                case ["move", number, port]:
                    answer = cluster.move(int(number), int(port))
                case ["endpoints", number]:
                    answer = cluster.endpoints(int(number))
                case ["expire"]:
                    cluster.expire()
                case ["storm", rate, seconds]:
                    storm = group.create_task(cluster.storm(float(rate), float(seconds)))
                case ["calm"] if storm is not None:
                    answer = await storm
            print(msgspec.json.encode(answer).decode(), flush=True)


async def serve(applications: int, served: int, port: int, kubeconfig: Path) -> None:
    async with ApiServer() as server:
        cluster = LargeCluster(server, applications, served, port)
        cluster.fill()
        server.write_kubeconfig(kubeconfig)
        lines = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        print(READY, flush=True)
        with contextlib.closing(transport):
            await obey(cluster, lines)


def main() -> None:
    options = argparse.ArgumentParser(description="An API server with many applications.")
    options.add_argument("--applications", type=int, required=True)
    options.add_argument("--served", type=int, required=True, help="how many of them have pods")
    options.add_argument("--port", type=int, required=True, help="where every pod listens")
    options.add_argument("--kubeconfig", type=Path, required=True, help="file to write")
    given = options.parse_args()
    os.nice(_NICE)
    uvloop.run(serve(given.applications, given.served, given.port, given.kubeconfig))


if __name__ == "__main__":
    main()
