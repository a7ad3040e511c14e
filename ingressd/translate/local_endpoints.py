"""Services that a developer runs outside the cluster: ``--map shop/web=3000``."""

from __future__ import annotations

import re

import msgspec

from ingressd.routing.endpoint import Endpoint

MAX_LOCAL_ENDPOINTS = 1000
MAX_PORT = 65535
DEFAULT_HOST = "127.0.0.1"
_FORM = re.compile(
    r"(?:(?P<namespace>[a-z0-9][a-z0-9.-]*)/)?(?P<service>[a-z0-9][a-z0-9.-]*)(?::(?P<service_port>[A-Za-z0-9-]+))?"
    r"=(?:(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):)?(?P<port>[0-9]{1,5})"
)


class LocalEndpointError(ValueError):
    """The text of a mapping cannot be used; the text of the error quotes it and says what it should look like."""


class LocalEndpoint(msgspec.Struct, frozen=True):
    """One mapping. An empty ``namespace`` or ``service_port`` stands for every one."""

    service: str
    endpoint: Endpoint
    namespace: str = ""
    service_port: str = ""

    def __post_init__(self) -> None:
        if not self.service:
            raise LocalEndpointError("a mapping must name a Service")
        if not 1 <= self.endpoint.port <= MAX_PORT:
            raise LocalEndpointError(f"port {self.endpoint.port} is not between 1 and {MAX_PORT}")

    @classmethod
    def parse(cls, text: str) -> LocalEndpoint:
        """Parse ``[namespace/]service[:port]=[host:]port``; the host is 127.0.0.1 unless given.

        Raises LocalEndpointError.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise LocalEndpointError(
                f"{text!r} does not map a Service: write [namespace/]service[:port]=[host:]port, such as shop/web=3000"
            )
        host = (match["host"] or DEFAULT_HOST).removeprefix("[").removesuffix("]").lower()
        try:
            return cls(
                match["service"],
                Endpoint(host, int(match["port"])),
                match["namespace"] or "",
                match["service_port"] or "",
            )
        except LocalEndpointError as error:
            raise LocalEndpointError(f"{text!r}: {error}") from None

    @property
    def specificity(self) -> tuple[bool, bool]:
        return (bool(self.namespace), bool(self.service_port))

    @property
    def written(self) -> str:
        """The shortest text that ``parse`` reads as this mapping."""
        endpoint = str(self.endpoint.port) if self.endpoint.address == DEFAULT_HOST else str(self.endpoint)
        return f"{self._mapped}={endpoint}"

    def __str__(self) -> str:
        return f"{self._mapped}={self.endpoint}"

    @property
    def _mapped(self) -> str:
        namespace = f"{self.namespace}/" if self.namespace else ""
        port = f":{self.service_port}" if self.service_port else ""
        return f"{namespace}{self.service}{port}"


class LocalEndpoints(msgspec.Struct, frozen=True):
    """All mappings. Two that say the same Service are refused: one of them would be silently ignored."""

    entries: tuple[LocalEndpoint, ...] = ()

    def __post_init__(self) -> None:
        if len(self.entries) > MAX_LOCAL_ENDPOINTS:
            raise LocalEndpointError(f"there are more than {MAX_LOCAL_ENDPOINTS} mappings")
        seen: set[tuple[str, str, str]] = set()
        for entry in self.entries:
            identity = (entry.namespace, entry.service, entry.service_port)
            if identity in seen:
                raise LocalEndpointError(f"{str(entry).partition('=')[0]} is mapped twice: keep one of the two")
            seen.add(identity)

    def lookup(self, namespace: str, service: str, *ports: str) -> LocalEndpoint | None:
        """Return the most specific mapping; ``ports`` are all the spellings of one Service port.

        A mapping with a namespace beats one without, then one with a port beats one without.
        """
        found = [
            entry
            for entry in self.entries
            if entry.service == service
            and entry.namespace in ("", namespace)
            and (not entry.service_port or entry.service_port in ports)
        ]
        return max(found, key=lambda entry: entry.specificity, default=None)
