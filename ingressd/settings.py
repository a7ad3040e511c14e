"""Everything that is decided once, at start: frozen values, with every default and its unit in this one place.

Flags, environment and files are parsed elsewhere and end up here; nothing below reads any of them again. This
module imports nothing of ours, so that every other one may import it.
"""

from __future__ import annotations

import enum
import ipaddress
import math
import re
from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

import msgspec

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HIGHEST_PORT = 65535
MAX_TRUSTED_PROXIES = 256

KIBIBYTE = 1024

# Kubernetes documentation, "Object Names and IDs": an RFC 1123 label, and a DNS subdomain.
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_OBJECT = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_PROGRAM_NAME = re.compile(r"[A-Za-z0-9](?:[-._A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_DOTTED_NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_FACTORY = re.compile(f"{_DOTTED_NAME}:{_DOTTED_NAME}")


class SettingsError(ValueError):
    """A setting that cannot be used; the text names the setting and what it accepts."""


def _described(unit: str, description: str, flag: str = "") -> msgspec.Meta:
    return msgspec.Meta(description=description, extra={"unit": unit, "flag": flag})


class ProxySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The timeouts and limits of the data plane, for every connection and request.

    All of them are greater than zero: there is no number that means "without limit". A timeout of a phase is the
    longest pause in that phase, never the length of a whole request, so that long downloads and event streams live.
    """

    header_line_bytes: Annotated[
        int, _described("bytes", "longest line of a request's header, the request line among them")
    ] = 8 * KIBIBYTE
    header_block_bytes: Annotated[int, _described("bytes", "largest header of a request, all lines together")] = (
        32 * KIBIBYTE
    )
    header_fields: Annotated[int, _described("fields", "most header fields of a request")] = 100
    header_read_seconds: Annotated[
        float,
        _described("seconds", "from the first byte of a request to the end of its header", "--header-read-timeout"),
    ] = 60.0
    body_idle_seconds: Annotated[
        float,
        _described("seconds", "longest pause of a client between two pieces of its body", "--body-idle-timeout"),
    ] = 60.0
    keep_alive_seconds: Annotated[
        float,
        _described("seconds", "how long a client connection may wait for its next request", "--keep-alive-timeout"),
    ] = 75.0
    handshake_seconds: Annotated[
        float, _described("seconds", "from accepting a TLS connection to the end of its handshake")
    ] = 10.0
    pending_handshakes: Annotated[
        int,
        _described("connections", "most TLS handshakes at one time; one more replaces a silent client, or waits"),
    ] = 1024
    read_ahead_bytes: Annotated[
        int, _described("bytes", "what a client may send ahead of an answer before ingressd stops reading")
    ] = 64 * KIBIBYTE
    connect_seconds: Annotated[
        float, _described("seconds", "longest wait for a connection to an endpoint", "--connect-timeout")
    ] = 5.0
    response_head_seconds: Annotated[
        float,
        _described(
            "seconds",
            "from the end of a request, or its last interim answer, to the end of the answer's header",
            "--response-head-timeout",
        ),
    ] = 60.0
    answer_idle_seconds: Annotated[
        float,
        _described("seconds", "longest pause of an endpoint between two pieces of its body", "--answer-idle-timeout"),
    ] = 60.0
    send_idle_seconds: Annotated[
        float,
        _described("seconds", "longest time in which an endpoint, or a client, takes nothing", "--send-idle-timeout"),
    ] = 60.0
    tunnel_idle_seconds: Annotated[
        float,
        _described("seconds", "longest silence of both sides of an upgraded connection", "--tunnel-idle-timeout"),
    ] = 3600.0
    upstream_idle_seconds: Annotated[
        float,
        # Common application servers close an idle connection after 5 s; the side that reuses it must give up first.
        _described("seconds", "how long an unused connection to an endpoint is kept", "--upstream-idle-timeout"),
    ] = 4.0
    upstream_connections_per_endpoint: Annotated[
        int, _described("connections", "most connections that one process opens to an endpoint")
    ] = 1024
    queued_requests_per_endpoint: Annotated[
        int, _described("requests", "most requests that wait for one of them; more are answered 503 `upstream_busy`")
    ] = 1024
    lingering_seconds: Annotated[
        float, _described("seconds", "how long unread input is drained after an answer that closes the connection")
    ] = 2.0
    lingering_bytes: Annotated[
        int, _described("bytes", "how much unread input is drained after an answer that closes the connection")
    ] = 64 * KIBIBYTE
    drain_grace_seconds: Annotated[
        float, _described("seconds", "how long requests in flight may take to finish when ingressd ends")
    ] = 30.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not 0 < getattr(self, name) < math.inf:
                raise SettingsError(f"{name} must be greater than 0 and finite, and is {getattr(self, name)}")
        if self.header_line_bytes > self.header_block_bytes:
            raise SettingsError(
                f"header_line_bytes ({self.header_line_bytes}) must not exceed "
                f"header_block_bytes ({self.header_block_bytes})"
            )


class LaneName(enum.StrEnum):
    """How requests are answered that no Python code is attached to. RELAY passes their bytes on; AIOHTTP takes them
    through an aiohttp handler, as those with Python code, and is for comparing the two."""

    RELAY = "relay"
    AIOHTTP = "aiohttp"


class SettingRow(NamedTuple):
    """One line of the documentation of a setting. ``flag`` is empty for one that no flag changes."""

    name: str
    default: str
    unit: str
    meaning: str
    flag: str


def proxy_settings_table() -> tuple[SettingRow, ...]:
    """Return every timeout and limit of the data plane with its default, in the order of declaration."""
    defaults = ProxySettings()
    hints: dict[str, Any] = get_type_hints(ProxySettings, include_extras=True)
    rows = []
    for name in ProxySettings.__struct_fields__:
        meta: msgspec.Meta = get_args(hints[name])[1]
        extra = meta.extra or {}
        default = f"{getattr(defaults, name):g}"
        rows.append(SettingRow(name, default, str(extra["unit"]), meta.description or "", str(extra["flag"])))
    return tuple(rows)


class PortChoice(msgspec.Struct, frozen=True):
    """A port to listen on; 0 lets the system choose. A port that is taken is an error when it was ``asked_for``;
    otherwise the next free one is used."""

    number: int
    asked_for: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.number <= HIGHEST_PORT:
            raise SettingsError(f"a port is a number from 0 to {HIGHEST_PORT}, and {self.number} is not")


DEFAULT_BIND = "127.0.0.1"
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
"""The loopback address by IP version."""
DEFAULT_HTTP_PORT = 8080
DEFAULT_HTTPS_PORT = 8443
DEFAULT_ADMIN_PORT = 9090

DEFAULT_DRAIN_WAIT_SECONDS = 10.0
FEWEST_WORKERS = 2
"""Unless fewer are asked for: while one is replaced, another serves."""
MAX_WORKERS = 128
LOG_LEVELS = ("debug", "info", "warning", "error")
DEFAULT_LOG_LEVEL = "info"
DEFAULT_ELECTION_NAME = "ingressd-leader"


class ListenSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where ingressd listens. ``bind`` is the IP address of the HTTP and HTTPS ports; ``admin_bind`` that of the admin
    port, which is on loopback unless somebody asked for another address: it shows every route and problem to whoever
    reaches it."""

    bind: str = DEFAULT_BIND
    admin_bind: str | None = None
    http: PortChoice = PortChoice(DEFAULT_HTTP_PORT)
    https: PortChoice = PortChoice(DEFAULT_HTTPS_PORT)
    admin: PortChoice = PortChoice(DEFAULT_ADMIN_PORT)

    def __post_init__(self) -> None:
        for name, address in (("bind address", self.bind), ("bind address of the admin port", self.admin_bind)):
            try:
                ipaddress.ip_address(address if address is not None else DEFAULT_BIND)
            except ValueError as error:
                raise SettingsError(
                    f"the {name} must be an IP address such as 127.0.0.1 or 0.0.0.0, and {address!r} is not"
                ) from error
        asked = [port.number for port in (self.http, self.https, self.admin) if port.asked_for and port.number]
        if len(set(asked)) != len(asked):
            raise SettingsError("the HTTP, HTTPS and admin ports must differ")

    @property
    def loopback(self) -> bool:
        """Whether only programs on this machine can connect to what is served."""
        return ipaddress.ip_address(self.bind).is_loopback

    @property
    def admin_address(self) -> str:
        """The IP address of the admin port; unless given, loopback of the family of ``bind``."""
        if self.admin_bind is not None:
            return self.admin_bind
        return LOOPBACK[ipaddress.ip_address(self.bind).version]


class ProgramSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Python code that requests pass, each as ``package.module:factory``.

    ``middleware`` is for every route, from the outermost on. ``allowed_middleware`` and ``allowed_handlers`` are what
    an Ingress may ask for, by the names that it uses: it can never name a module.
    """

    middleware: tuple[str, ...] = ()
    allowed_middleware: dict[str, str] = {}
    allowed_handlers: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name in (*self.allowed_middleware, *self.allowed_handlers):
            require_program_name(name)
        for reference in (*self.middleware, *self.allowed_middleware.values(), *self.allowed_handlers.values()):
            require_factory(reference)

    def __bool__(self) -> bool:
        return bool(self.middleware or self.allowed_middleware or self.allowed_handlers)


def require_factory(reference: str) -> None:
    """Raise SettingsError for what is not the place of a factory in Python code."""
    if not _FACTORY.fullmatch(reference):
        raise SettingsError(f"{reference!r} is not package.module:factory")


def require_program_name(name: str) -> None:
    """Raise SettingsError for what cannot be the name of a middleware or handler in an Ingress."""
    if not _PROGRAM_NAME.fullmatch(name):
        raise SettingsError(
            f"{name!r} is no name for an Ingress to use: take letters, digits, '.', '_' and '-', at most 63 of them"
        )


class ServingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a data plane runs with.

    Only clients in ``trusted_proxies`` may say who their own clients were (``X-Forwarded-*``).
    """

    listen: ListenSettings = ListenSettings()
    proxy: ProxySettings = ProxySettings()
    lane: LaneName = LaneName.RELAY
    trusted_proxies: tuple[Network, ...] = ()
    programs: ProgramSettings = ProgramSettings()

    def __post_init__(self) -> None:
        if len(self.trusted_proxies) > MAX_TRUSTED_PROXIES:
            raise SettingsError(f"at most {MAX_TRUSTED_PROXIES} trusted proxy networks can be given")


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What ``ingressd run`` runs with: ``workers`` processes serve. ``access_log``: each request is a line of JSON.
    ``log_level``, one of ``LOG_LEVELS``, is the least that the program's own log tells.

    ``drain_wait_seconds`` is how long new connections are still accepted after the program was told to end and says
    that it is not ready: whoever sends traffic has to learn of it first.
    """

    serving: ServingSettings
    workers: int
    drain_wait_seconds: float = DEFAULT_DRAIN_WAIT_SECONDS
    access_log: bool = False
    log_level: str = DEFAULT_LOG_LEVEL

    def __post_init__(self) -> None:
        if self.log_level not in LOG_LEVELS:
            raise SettingsError(f"the log level must be one of {', '.join(LOG_LEVELS)}, and is {self.log_level!r}")
        if not 1 <= self.workers <= MAX_WORKERS:
            raise SettingsError(f"the number of workers must be from 1 to {MAX_WORKERS}, and is {self.workers}")
        if not 0 <= self.drain_wait_seconds < math.inf:
            raise SettingsError(f"the drain wait must not be negative, and is {self.drain_wait_seconds} seconds")


class ObjectName(NamedTuple):
    """A namespaced object, as a flag names it: ``ingress/controller``."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> ObjectName:
        namespace, slash, name = text.partition("/")
        if not slash or not _NAMESPACE.fullmatch(namespace) or not _OBJECT.fullmatch(name):
            raise SettingsError(f"{text!r} is not NAMESPACE/NAME")
        return cls(namespace, name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class StatusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the address in the status of Ingresses comes from: a Service, fixed addresses, or, with neither, the nodes
    on which ingressd runs."""

    service: ObjectName | None = None
    addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.service is not None and self.addresses:
            raise SettingsError("the address for the status comes from a Service or is given, not both")


class ControllerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How ``ingressd run`` uses an API server.

    ``kubeconfig`` is a file; without one it is what kubectl would use, or the service account of the pod. Without
    ``namespaces`` all are watched. ``selectors`` are label selectors by plural (``ingresses``). ``status`` is None when
    none is written. ``pod`` is the pod that this program runs in, None outside a cluster. The Lease ``election_name``
    says which replica writes statuses and Events; it is in ``election_namespace``.
    """

    kubeconfig: str = ""
    context: str = ""
    namespaces: tuple[str, ...] = ()
    selectors: dict[str, str] = {}
    status: StatusSettings | None = StatusSettings()
    pod: ObjectName | None = None
    election_name: str = DEFAULT_ELECTION_NAME
    election_namespace: str = "default"

    def __post_init__(self) -> None:
        # An empty namespace would be all of them in a path of the API, and ".." another path.
        for namespace in self.namespaces:
            if not _NAMESPACE.fullmatch(namespace):
                raise SettingsError(f"the namespace to watch cannot be {namespace!r}: give one name each time")
        if not _NAMESPACE.fullmatch(self.election_namespace):
            raise SettingsError(f"the namespace of the election cannot be {self.election_namespace!r}: give one name")
        if not _OBJECT.fullmatch(self.election_name):
            raise SettingsError(f"the Lease of the election cannot be named {self.election_name!r}")


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read CIDR blocks or single addresses (``10.0.0.0/8``, ``::1``); raises SettingsError naming the wrong one."""
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            raise SettingsError(
                f"{text!r} is not a network: write an address, or a CIDR block without host bits such as 10.0.0.0/8"
            ) from error
    return tuple(networks)
