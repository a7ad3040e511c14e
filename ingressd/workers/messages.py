"""What supervisor and worker tell each other."""

from __future__ import annotations

import msgspec

from ingressd.routing.difference import TableDifference
from ingressd.settings import DEFAULT_LOG_LEVEL, LaneName, ProgramSettings, ProxySettings
from ingressd.telemetry.series import MetricsDelta
from tls.key_pair import KeyPair

REPORT_SECONDS = 1.0


class Start(msgspec.Struct, tag="start", frozen=True, kw_only=True):
    """The first message to a worker: what stays the same for its whole life.

    ``trusted_proxies`` are CIDR blocks. ``default_certificate`` is for the hosts that no usable Secret covers.
    ``access_log``: every exchange is a line of JSON on standard output. ``log_level`` is that of the log
    on standard error. ``programs`` is the Python code that each worker imports for itself. A report comes every
    ``report_seconds``.
    """

    proxy: ProxySettings
    default_certificate: KeyPair
    lane: LaneName = LaneName.RELAY
    trusted_proxies: tuple[str, ...] = ()
    access_log: bool = False
    log_level: str = DEFAULT_LOG_LEVEL
    programs: ProgramSettings = ProgramSettings()
    report_seconds: float = REPORT_SECONDS


class TablePart(msgspec.Struct, tag="table", frozen=True):
    """A piece of a difference of the table. The pieces take effect together, with the one that is ``last``; from then
    on the worker serves from ``generation``, and with its first one it begins to accept."""

    generation: int
    difference: TableDifference
    last: bool


class Drain(msgspec.Struct, tag="drain", frozen=True):
    """Stop accepting, finish what is in flight within ``grace_seconds``, and end.

    An idle connection may send one more request for ``idle_seconds``: closing it at once would cross the request that
    is on its way.
    """

    grace_seconds: float
    idle_seconds: float


class ReportRequest(msgspec.Struct, tag="report", frozen=True):
    """Send a report now, with this serial number or a higher one."""

    serial: int


Order = Start | TablePart | Drain | ReportRequest
"""From the supervisor to a worker."""


class Hello(msgspec.Struct, tag="hello", frozen=True):
    """The first message of a worker. ``version`` is that of the program it runs: after an upgrade of the files on disk
    it may differ from the supervisor's."""

    version: str


class Refusal(msgspec.Struct, tag="refusal", frozen=True):
    """The worker ends without having served: it cannot load the Python code. ``why`` is for whoever gave the flags."""

    why: str


class Applied(msgspec.Struct, tag="applied", frozen=True):
    """The worker serves from this generation of the table; with the first one of them it accepts connections."""

    generation: int


class Report(msgspec.Struct, tag="report", frozen=True, kw_only=True):
    """``counted`` and ``dropped_log_lines`` are what was added since the report before; the others are as of now.

    ``serial`` is that of the latest request.
    """

    serial: int = 0
    counted: MetricsDelta = MetricsDelta()
    dropped_log_lines: int = 0
    in_flight: int = 0
    connections: int = 0
    tunnels: int = 0


Notice = Hello | Refusal | Applied | Report
"""From a worker to the supervisor."""
