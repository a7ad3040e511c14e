"""The commands that send load. Each prints a line of JSON with ``operations``, ``seconds`` and ``wrong``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loadtest.comparison.site import HOST, Site

WRK = "wrk"
WRK_PACKAGE = "wrk"
WRK_CONNECTIONS = 64
_SCRIPT = Path(__file__).with_name("requests.lua")
_TIMEOUT_SECONDS = 10


class Found(msgspec.Struct, frozen=True):
    """``p50`` and ``p99`` are milliseconds, 0 where times were not taken."""

    operations: int
    seconds: float
    wrong: int
    p50: float = 0.0
    p99: float = 0.0


def parse_found(output: bytes) -> Found:
    """Read the last line, which is the only one in JSON. Raises ValueError with what was printed instead."""
    lines = output.strip().splitlines()
    try:
        return msgspec.json.decode(lines[-1] if lines else b"", type=Found)
    except msgspec.DecodeError:
        raise ValueError(f"the client printed no figures: {output[-500:]!r}") from None


def wrk(
    site: Site,
    seconds: int,
    *,
    fields: Sequence[tuple[str, str]] = (),
    method: str = "GET",
    path: str = "/",
    body_bytes: int = 0,
    hosts: int = 0,
    connections: int = WRK_CONNECTIONS,
    tls: bool = False,
) -> tuple[str, ...]:
    """``hosts``: ask for so many of the site's route hosts in turn, and not for the one of the URL."""
    url = f"https://{HOST}:{site.https_port}/" if tls else f"http://{HOST}:{site.http_port}/"
    command = [WRK, "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    command += ["--timeout", f"{_TIMEOUT_SECONDS}s", "--script", str(_SCRIPT)]
    for name, value in fields:
        command += ["--header", f"{name}: {value}"]
    return (*command, url, "--", method, path, str(body_bytes), str(hosts))


def handshakes(site: Site, seconds: int, *, host: str) -> tuple[str, ...]:
    return (*_client("handshakes", site.https_port), "--host", host, "--seconds", str(seconds))


def echoes(site: Site, seconds: int) -> tuple[str, ...]:
    return (*_client("echoes", site.http_port), "--seconds", str(seconds))


def transfers(site: Site, seconds: int, *, upload: bool, mebibytes: int) -> tuple[str, ...]:
    direction = "upload" if upload else "download"
    command = (*_client("transfers", site.http_port), direction, "--mebibytes", str(mebibytes))
    return (*command, "--seconds", str(seconds))


def arrivals(site: Site, seconds: int, *, rate: float) -> tuple[str, ...]:
    return (*_client("arrivals", site.http_port), "--rate", f"{rate:.0f}", "--seconds", str(seconds))


def idle_connections(site: Site, count: int, *, tls: bool) -> tuple[str, ...]:
    port = site.https_port if tls else site.http_port
    return (*_client("idle_connections", port), "--count", str(count), *(("--tls",) if tls else ()))


def _client(module: str, port: int) -> tuple[str, ...]:
    return (sys.executable, "-m", f"loadtest.comparison.{module}", str(port))
