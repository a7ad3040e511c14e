"""The flags of ``ingressd run``, under their headings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ingressd.cli.options import (
    PORT,
    PROGRAM_OPTIONS,
    TIMEOUT_OPTIONS,
    lane_option,
    map_option,
    trusted_proxy_option,
)
from ingressd.cli.sections import Section
from ingressd.settings import (
    DEFAULT_ADMIN_PORT,
    DEFAULT_DRAIN_WAIT_SECONDS,
    DEFAULT_ELECTION_NAME,
    DEFAULT_HTTP_PORT,
    DEFAULT_HTTPS_PORT,
    DEFAULT_LOG_LEVEL,
    LOG_LEVELS,
    MAX_WORKERS,
    ProxySettings,
)
from ingressd.translate.classes import CONTROLLER_NAME

SELECTORS = {
    "ingress_selector": "ingresses",
    "service_selector": "services",
    "endpoint_slice_selector": "endpointslices",
    "secret_selector": "secrets",
}
"""The flags with label selectors, and what the API server calls what they select."""


def _selector(parameter: str, plural: str) -> Callable[[Any], Any]:
    return click.option(
        f"--{parameter.replace('_', '-')}", metavar="SELECTOR", help=f"Watch only {plural} with these labels."
    )


def _port(flag: str, default: int, purpose: str) -> Callable[[Any], Any]:
    return click.option(
        flag, type=PORT, metavar="PORT", default=default, show_default=True, help=f"Port for {purpose}; 0: any."
    )


SOURCE = Section(
    "Where the Ingresses come from",
    (
        click.option(
            "--from",
            "paths",
            metavar="PATH",
            multiple=True,
            help="Serve the manifests in this file or folder, without a cluster. Repeatable.",
        ),
        map_option("With --from: point a Service at a server: shop/web:http=10.0.0.5:3000. Repeatable."),
        click.option(
            "--kubeconfig",
            metavar="FILE",
            help="How to reach the API server.  [default: the pod's service account, else what kubectl uses]",
        ),
        click.option("--context", metavar="NAME", help="Context of the kubeconfig.  [default: its current one]"),
        click.option(
            "--watch-namespace",
            "namespaces",
            metavar="NAME",
            multiple=True,
            help="Watch only this namespace. Repeatable; without it, all.",
        ),
        *(_selector(parameter, plural) for parameter, plural in SELECTORS.items()),
    ),
)

CLASS = Section(
    "Which Ingresses are ours",
    (
        click.option(
            "--controller-name",
            metavar="NAME",
            default=CONTROLLER_NAME,
            show_default=True,
            help="Serve the classes whose IngressClass has this spec.controller.",
        ),
        click.option(
            "--ingress-class",
            "ingress_classes",
            metavar="NAME",
            multiple=True,
            help="Serve only this class, also where the deprecated annotation names it. Repeatable.",
        ),
        click.option("--watch-ingress-without-class", is_flag=True, help="Serve Ingresses that name no class as well."),
        click.option(
            "--allow-external-names",
            is_flag=True,
            help="Serve Services of type ExternalName: whoever may write one reaches what ingressd can reach.",
        ),
        click.option(
            "--allow-local-endpoints",
            is_flag=True,
            help="Connect to endpoints with loopback and link-local addresses.  [always on with --from]",
        ),
    ),
)

SERVE = Section(
    "Serving",
    (
        click.option(
            "--bind", metavar="ADDRESS", default="0.0.0.0", show_default=True, help="IP address for HTTP and HTTPS."
        ),
        _port("--http-port", DEFAULT_HTTP_PORT, "HTTP"),
        _port("--https-port", DEFAULT_HTTPS_PORT, "HTTPS"),
        click.option(
            "--workers",
            type=click.IntRange(1, MAX_WORKERS),
            metavar="NUMBER",
            help="Processes that serve.  [default: one for each usable processor, at least 2]",
        ),
        trusted_proxy_option,
        click.option(
            "--drain-wait",
            type=click.FloatRange(0),
            metavar="SECONDS",
            default=f"{DEFAULT_DRAIN_WAIT_SECONDS:g}",
            show_default=True,
            help="On SIGTERM, go on accepting for so long while not ready.",
        ),
        click.option(
            "--drain-grace",
            type=click.FloatRange(0, min_open=True),
            metavar="SECONDS",
            default=f"{ProxySettings().drain_grace_seconds:g}",
            show_default=True,
            help="After that, give requests in flight so long to finish.",
        ),
        lane_option,
    ),
)

TIMEOUTS = Section("Timeouts", TIMEOUT_OPTIONS)

CODE = Section("Python code in front of routes", PROGRAM_OPTIONS)

LOGS = Section(
    "Logs",
    (
        click.option("--access-log", is_flag=True, help="Write each request as a line of JSON to standard output."),
        click.option(
            "--log-level",
            type=click.Choice(LOG_LEVELS),
            metavar="LEVEL",
            default=DEFAULT_LOG_LEVEL,
            show_default=True,
            help=f"Log what is at least so important, to standard error: {', '.join(LOG_LEVELS)}.",
        ),
    ),
)

ADMIN = Section(
    "Admin port",
    (
        _port("--admin-port", DEFAULT_ADMIN_PORT, "probes, metrics and the JSON API"),
        click.option(
            "--admin-bind",
            metavar="ADDRESS",
            help="IP address of the admin port.  [default: that of --bind; with --from, loopback]",
        ),
    ),
)

STATUS = Section(
    "Status of Ingresses, and Events (in a cluster)",
    (
        click.option(
            "--publish-service",
            metavar="NAMESPACE/NAME",
            help="Write the address of this Service into the status of Ingresses.",
        ),
        click.option(
            "--publish-status-address",
            "status_addresses",
            metavar="ADDRESS",
            multiple=True,
            help="Write this IP address or host name. Repeatable.  [default: the nodes that ingressd runs on]",
        ),
        click.option("--no-status", is_flag=True, help="Leave the status to another controller, during a migration."),
        click.option(
            "--election-id",
            metavar="NAME",
            default=DEFAULT_ELECTION_NAME,
            show_default=True,
            help="Lease by which replicas agree on who writes statuses and Events.",
        ),
        click.option(
            "--election-namespace",
            metavar="NAME",
            help="Namespace of that Lease.  [default: POD_NAMESPACE, else that of the service account, else default]",
        ),
    ),
)

RUN_SECTIONS = (SOURCE, CLASS, SERVE, TIMEOUTS, CODE, LOGS, ADMIN, STATUS)

CLUSTER_ONLY = (
    "kubeconfig",
    "context",
    "namespaces",
    *SELECTORS,
    "publish_service",
    "status_addresses",
    "no_status",
    "election_id",
    "election_namespace",
    "controller_name",
    "watch_ingress_without_class",
)
"""Parameters that say nothing without a cluster."""

FILES_ONLY = ("mappings",)
"""Parameters that say nothing with one."""
