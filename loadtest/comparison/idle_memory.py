"""What idle connections cost a proxy in memory."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from loadtest.comparison import loads
from loadtest.comparison.running_proxy import RunningProxy
from loadtest.support.machine import CHECKOUT
from loadtest.support.processor_time import starting_on

COUNTS = (0, 1_000, 10_000)


class Held(NamedTuple):
    """``resident`` bytes by number of connections; ``refused`` of them did not come about."""

    resident: dict[int, int]
    refused: int


class _Opened(msgspec.Struct, frozen=True):
    held: int
    refused: int


def measure_memory(proxy: RunningProxy, core: int, *, tls: bool, counts: tuple[int, ...] = COUNTS) -> Held:
    """Use a fresh proxy: memory that a proxy once had it may keep. The numbers ascend; connections are added up to."""
    resident = {0: proxy.resident_bytes()}
    refused = opened = 0
    with _holding() as holding:
        for count in sorted(counts):
            if count > opened:
                found = holding.open(loads.idle_connections(proxy.site, count - opened, tls=tls), core)
                refused += found.refused
                opened = count
            resident[count] = proxy.resident_bytes()
    return Held(resident, refused)


class _Holding:
    def __init__(self) -> None:
        self.clients: list[subprocess.Popen[bytes]] = []

    def open(self, command: tuple[str, ...], core: int) -> _Opened:
        with starting_on(core):
            client = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.clients.append(client)
        line = client.stdout.readline() if client.stdout is not None else b""
        if not line:
            raise RuntimeError(f"the client of idle connections ended: {' '.join(command)}")
        return msgspec.json.decode(line, type=_Opened)


@contextmanager
def _holding() -> Iterator[_Holding]:
    """Let all connections go at the end."""
    holding = _Holding()
    try:
        yield holding
    finally:
        for client in holding.clients:
            client.communicate()
