"""Writes docs/reference.md from the tables that the program itself uses: ``python docs/reference.py``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from ingressd.cli.exit_code import ExitCode
from ingressd.cli.run import run
from ingressd.cli.run_options import RUN_SECTIONS
from ingressd.kube.permissions import PERMISSIONS
from ingressd.proxy.failures import ANSWERS
from ingressd.proxy.forwarded_fields import CLIENT_FIELDS
from ingressd.proxy.framing import MAX_TRAILER_BYTES, MAX_TRAILERS
from ingressd.proxy.program_run import ANSWERED_BY_HANDLER, ANSWERED_BY_MIDDLEWARE
from ingressd.proxy.trailers import NEVER_IN_TRAILERS
from ingressd.proxy.watchdog import INTERVAL_SECONDS
from ingressd.settings import (
    DEFAULT_ADMIN_PORT,
    DEFAULT_BIND,
    DEFAULT_HTTP_PORT,
    DEFAULT_HTTPS_PORT,
    proxy_settings_table,
)
from ingressd.telemetry.access_line import access_line_table
from ingressd.telemetry.access_log import CUT
from ingressd.telemetry.control_plane import ControlPlane, ControlPlaneCollector, WatchFigures, WorkerFigures
from ingressd.telemetry.exposition import Inventory, metrics_registry
from ingressd.telemetry.log_writer import ATOMIC_BYTES, GATHER_SECONDS, MAX_QUEUED_LINES
from ingressd.telemetry.metrics import Metrics
from ingressd.telemetry.series import RequestKey, RouteKey, RouteSeries
from ingressd.translate.annotations.catalogue import CATALOGUE, NGINX_PREFIX, OWN_CATALOGUE

CLIENT_FIELD_VALUES = (
    ("`X-Request-ID`", "the client's, if it is one short harmless token; otherwise 32 hexadecimal digits"),
    ("`X-Real-IP`", "the client's address"),
    ("`X-Forwarded-For`", "the client's address, behind what trusted proxies wrote"),
    ("`X-Forwarded-Host`", "the `Host` field"),
    ("`X-Forwarded-Port`", "the port that the client connected to"),
    ("`X-Forwarded-Proto`, `X-Forwarded-Scheme`, `X-Scheme`", "`http` or `https`"),
)
EXIT_CODES = (
    (ExitCode.OK, "it worked"),
    (ExitCode.PROBLEMS, "it ran and found errors"),
    (ExitCode.USAGE, "it could not run as asked, or there was nothing to do"),
    (ExitCode.INTERRUPTED, "a second Ctrl-C ended it at once"),
)
PROCESS_METRICS = (
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
)
"""Those of the client library. They are only there on Linux, and this page is the same everywhere."""

PLACE = Path(__file__).with_name("reference.md")


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def flag_rows(heading: str) -> Iterator[tuple[str, str, str]]:
    """The flags under one heading of ``ingressd run --help``, as that page has them."""
    context = click.Context(run)
    for parameter in run.params:
        if run.headings.get(parameter.name or "") == heading and isinstance(parameter, click.Option):
            found = parameter.get_help_record(context)
            text, bracket, default = (parameter.help or "").partition("  [default: ")
            shown = default.removesuffix("]") if bracket else parameter.default if parameter.show_default else ""
            yield f"`{found[0] if found else parameter.opts[0]}`", str(shown), text


def metric_rows() -> Iterator[tuple[str, str, str, str]]:
    """Every metric of ours, as a scrape names it, with the labels of its series."""
    metrics = Metrics()
    metrics.requests[RequestKey("", "", "", "", "", "")] = 0
    metrics.routes[RouteKey("", "", "")] = RouteSeries()
    inventory = Inventory(problems={"error": 0}, certificate_expiry={"": 0.0})
    everything = ControlPlane(
        ready=True,
        workers=(WorkerFigures(pid=0, behind=0, silent_seconds=0.0, resident_bytes=0),),
        leading=True,
        watches=(WatchFigures(kind="", namespace="", healthy=True, objects=0, lists=0, watches=0),),
        written={("status", "written"): 0},
        troubles={"status": False},
    )
    registry = metrics_registry(metrics, lambda: inventory, version="")
    registry.register(ControlPlaneCollector(lambda: everything))
    for family in registry.collect():
        if family.name.startswith("ingressd_"):
            suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
            labels = dict.fromkeys(label for sample in family.samples for label in sample.labels)
            shown = ", ".join(f"`{label}`" for label in labels)
            yield f"`{family.name}{suffix}`", family.type, shown, family.documentation


def reference() -> str:
    """Return the whole page."""
    ports = (
        ("bind address", DEFAULT_BIND, "`--bind`"),
        ("HTTP port", str(DEFAULT_HTTP_PORT), "`--http-port`"),
        ("HTTPS port", str(DEFAULT_HTTPS_PORT), "`--https-port`"),
        ("admin port", str(DEFAULT_ADMIN_PORT), "`--admin-port`"),
        ("admin bind address", "127.0.0.1, or ::1 beside an IPv6 bind address", "`--admin-bind`"),
    )
    return "\n".join(
        (
            "# Reference\n",
            "Made by `make docs` from the tables that the program itself uses; a test compares the two.\n",
            "## Where `ingressd dev` listens\n",
            table(("what", "default", "flag"), ports),
            "A default port that is taken gives way to the next free one; a port asked for by flag is an error.\n",
            "## Flags of `ingressd run`\n",
            *(
                f"{section.heading}:\n\n{table(('flag', 'default', 'meaning'), flag_rows(section.heading))}"
                for section in RUN_SECTIONS
            ),
            "## Timeouts and limits\n",
            "A timeout is the longest pause, never the length of a whole request. One timer looks after all of them, "
            f"so each may come up to {INTERVAL_SECONDS:g} s late.\n",
            table(
                ("setting", "default", "unit", "meaning", "flag of `run` and `dev`"),
                ((*row[:-1], f"`{row.flag}`" if row.flag else "") for row in proxy_settings_table()),
            ),
            "## Trailers\n",
            "Fields behind a chunked body are checked, and dropped unless their receiver said that it takes them: an "
            "answer's pass to a client that sent `TE: trailers`, which the endpoint is told; a request's never pass. "
            f"More than {MAX_TRAILERS} fields or {MAX_TRAILER_BYTES} bytes are refused like a bad chunk. `Trailer`, "
            "which announces them, is dropped in both directions. Where an answer's `Connection` names other fields, "
            "none passes. Never behind a body: "
            + ", ".join(f"`{name.decode()}`" for name in sorted(NEVER_IN_TRAILERS))
            + ".\n",
            "## What the upstream is told of the client\n",
            "From a client outside the networks of `--trusted-proxy`, these fields are replaced or dropped; from "
            "inside, `X-Forwarded-For` is continued, and `X-Real-IP` is the first address from the right that no "
            "trusted network has.\n",
            table(("field", "value"), CLIENT_FIELD_VALUES),
            "Dropped from strangers: "
            + ", ".join(f"`{name.decode()}`" for name in sorted(CLIENT_FIELDS))
            + ". Fields whose name has an underscore are dropped from everybody.\n",
            "## Exit codes\n",
            table(("code", "meaning"), ((str(int(code)), meaning) for code, meaning in EXIT_CODES)),
            "## Reasons\n",
            "Every answer that ingressd gives itself names its reason, in the field `X-Ingressd-Reason`, in the JSON "
            "page, in the request line and in the label `reason` of `ingressd_requests_total`.\n",
            table(
                ("reason", "status", "whose side", "meaning"),
                (
                    (f"`{reason}`", str(answer.status), answer.side.value, answer.sentence)
                    for reason, answer in ANSWERS.items()
                ),
            ),
            f"An answer that Python code gives, without having failed, has the reason `{ANSWERED_BY_MIDDLEWARE}` or "
            f"`{ANSWERED_BY_HANDLER}` in the last two; its fields are its own.\n",
            "## Metrics\n",
            "At `/metrics` of the admin port; from `ingressd_ready` on only of `ingressd run`, and there only what "
            "applies.\n",
            table(("metric", "type", "labels", "meaning"), metric_rows()),
            "On Linux there are, too, about the process with the admin port, and not about workers: "
            + ", ".join(f"`{name}`" for name in PROCESS_METRICS)
            + ".\n",
            "## Access log\n",
            "With `ingressd run --access-log`, each request is one line of JSON on standard output, written when its "
            f"last byte has gone. A line has less than {ATOMIC_BYTES} bytes: "
            + ", ".join(f"`{name}`" for name in CUT)
            + " are cut, "
            "and end in `…`, where they would make it longer. No request waits for its line: of each worker, "
            f"{MAX_QUEUED_LINES:,} lines wait for a reader that is slow, and further ones are dropped, which the log "
            "says and `ingressd_log_lines_dropped_total` counts. A line that comes alone is written at once; under "
            f"load, what comes within {GATHER_SECONDS * 1000:.0f} ms is written together.\n",
            table(
                ("field", "type", "meaning"), ((f"`{row.name}`", row.type, row.meaning) for row in access_line_table())
            ),
            "## What is asked of the API server\n",
            "By `ingressd run` in a cluster; the roles in `manifests/` grant exactly this. During an "
            "outage `/readyz` is asked for as well, which every authenticated account may.\n",
            table(
                ("resource", "verbs", "where", "for"),
                (
                    (
                        f"`{permission.resource}{'/' if permission.subresource else ''}{permission.subresource}`",
                        ", ".join(permission.verbs),
                        permission.scope.value,
                        permission.feature.value,
                    )
                    for permission in PERMISSIONS
                ),
            ),
            "## Annotations\n",
            f"Names stand behind `{NGINX_PREFIX}`. What is not supported is reported at its line and has no effect. "
            "One that protects something is marked: `dev` reports it loudly, and outside `dev` the routes of its "
            "Ingress are refused rather than served unprotected.\n",
            table(
                ("annotation", "supported", "protects", "instead"),
                (
                    (
                        f"`{annotation.name}`",
                        "yes" if annotation.supported else "no",
                        "yes" if annotation.security else "",
                        annotation.advice,
                    )
                    for annotation in sorted(CATALOGUE.values(), key=lambda each: (not each.supported, each.name))
                ),
            ),
            "Those of ingressd, which deny the routes when they ask for what is not allowed "
            "([Python code](middleware.md)):\n",
            table(
                ("annotation", "meaning"),
                ((f"`{annotation.full_name}`", annotation.advice) for annotation in OWN_CATALOGUE.values()),
            ),
        )
    )


if __name__ == "__main__":
    PLACE.write_text(reference(), encoding="utf-8")
