"""Two requests through the proxy, over HTTP and over verified HTTPS: what a reader of the example tries first."""

from __future__ import annotations

import asyncio
import json
import ssl
import time

import aiohttp
import msgspec

TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 64 * 1024


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One request of the check, and which Service must answer it. ``address`` is where the proxy listens."""

    scheme: str
    host: str
    path: str
    address: str
    port: int
    service: str

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """``pod`` is who answered; ``fault`` is empty when the answer is right, and else says what was wrong."""

    probe: Probe
    status: int = 0
    pod: str = ""
    seconds: float = 0.0
    fault: str = ""


async def run_probe(probe: Probe, authority_certificate: bytes) -> ProbeResult:
    """Send the request; over HTTPS trust nothing but ``authority_certificate`` (PEM). Never raises for an answer."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            status, body = await _fetch(probe, authority_certificate)
    except TimeoutError:
        return ProbeResult(probe=probe, fault=f"no answer within {TIMEOUT_SECONDS:g} seconds")
    except (aiohttp.ClientError, OSError) as error:
        return ProbeResult(probe=probe, fault=str(error) or type(error).__name__)
    return judge(probe, status, body, time.monotonic() - started)


def judge(probe: Probe, status: int, body: bytes, seconds: float) -> ProbeResult:
    """Decide whether an answer is the one that was expected."""
    try:
        seen = json.loads(body)
        service, pod = str(seen["service"]), str(seen["pod"])
    except (ValueError, LookupError, TypeError):
        return ProbeResult(
            probe=probe, status=status, seconds=seconds, fault=f"status {status}, and not an answer of a demo pod"
        )
    fault = "" if service == probe.service else f"Service {service} answered instead of {probe.service}"
    if status != 200:
        fault = f"status {status} instead of 200"
    return ProbeResult(probe=probe, status=status, pod=pod, seconds=seconds, fault=fault)


async def _fetch(probe: Probe, authority_certificate: bytes) -> tuple[int, bytes]:
    # Not every system resolves *.localhost for programs, so the address is given; the name is still verified.
    address = f"[{probe.address}]" if ":" in probe.address else probe.address
    url = f"{probe.scheme}://{address}:{probe.port}{probe.path}"
    headers = {"Host": f"{probe.host}:{probe.port}", "Accept": "application/json"}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        if probe.scheme == "https":
            trusted = ssl.create_default_context(cadata=authority_certificate.decode("ascii"))
            request = session.get(url, headers=headers, allow_redirects=False, ssl=trusted, server_hostname=probe.host)
        else:
            request = session.get(url, headers=headers, allow_redirects=False)
        async with request as response:
            return response.status, await response.content.read(MAX_ANSWER_BYTES)
