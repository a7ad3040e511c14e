"""The arguments and flags that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ingressd.cli.flags import ListenFlags, ManifestFlags, ProgramFlags
from ingressd.settings import (
    DEFAULT_ADMIN_PORT,
    DEFAULT_BIND,
    DEFAULT_HTTP_PORT,
    DEFAULT_HTTPS_PORT,
    HIGHEST_PORT,
    LaneName,
    proxy_settings_table,
)

_Command = TypeVar("_Command", bound=Callable[..., Any])

PORT = click.IntRange(0, HIGHEST_PORT)
LOOK_AT_WITHOUT_PATH = "Give the files or folders with your manifests, such as ./k8s, or - for standard input."
ASK_WITHOUT_PATH = f"Or ask a running ingressd by its admin port, with --admin http://localhost:{DEFAULT_ADMIN_PORT}."


def paths_argument(function: _Command) -> _Command:
    """``PATH...``: files, folders, ``-``. Optional for click, so that leaving it out gets an explanation of ours."""
    return click.argument("paths", metavar="PATH...", nargs=-1, type=click.Path(path_type=str))(function)


def map_option(text: str) -> Callable[[_Command], _Command]:
    """``--map``; ``text`` is its help."""
    return click.option("--map", "mappings", metavar="[NAMESPACE/]SERVICE[:PORT]=[HOST:]PORT", multiple=True, help=text)


def trusted_proxy_option(function: _Command) -> _Command:
    return click.option(
        "--trusted-proxy",
        "trusted_proxies",
        metavar="CIDR",
        multiple=True,
        help="Believe X-Forwarded-* from these clients. Repeatable; without it, from nobody.",
    )(function)


PROGRAM_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--middleware",
        "middleware",
        metavar="MODULE:FACTORY",
        multiple=True,
        help="Have every request pass this aiohttp middleware. Repeatable; the first is the outermost.",
    ),
    click.option(
        "--allow-middleware",
        "allowed_middleware",
        metavar="NAME=MODULE:FACTORY",
        multiple=True,
        help="Let Ingresses ask for a middleware by this name (ingressd.dev/middleware). Repeatable.",
    ),
    click.option(
        "--allow-handler",
        "allowed_handlers",
        metavar="NAME=MODULE:FACTORY",
        multiple=True,
        help="Let Ingresses have paths answered by this aiohttp handler (ingressd.dev/handler). Repeatable.",
    ),
)
"""The flags for Python code in front of routes."""


def manifest_options(function: _Command) -> Callable[..., Any]:
    """What decides how manifests are read, with or without serving them: the command gets it as ``manifests``."""

    @functools.wraps(function)
    def command(
        *args: Any,
        mappings: tuple[str, ...],
        ingress_classes: tuple[str, ...],
        middleware: tuple[str, ...],
        allowed_middleware: tuple[str, ...],
        allowed_handlers: tuple[str, ...],
        **others: Any,
    ) -> Any:
        programs = ProgramFlags(
            middleware=middleware, allowed_middleware=allowed_middleware, allowed_handlers=allowed_handlers
        )
        flags = ManifestFlags(mappings=mappings, ingress_classes=ingress_classes, programs=programs)
        return function(*args, manifests=flags, **others)

    with_options: Callable[..., Any] = command
    for option in reversed(
        (
            map_option("Point a Service at a server that you run: web=3000, shop/web:http=127.0.0.1:3000. Repeatable."),
            click.option(
                "--ingress-class",
                "ingress_classes",
                metavar="NAME",
                multiple=True,
                help="Serve only Ingresses of this class, and those without. Repeatable; without it, every Ingress.",
            ),
            *PROGRAM_OPTIONS,
        )
    ):
        with_options = option(with_options)
    return with_options


def json_option(function: _Command) -> _Command:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")(function)


def admin_option(function: _Command) -> _Command:
    return click.option(
        "--admin",
        metavar="URL",
        help=f"In place of PATH..., ask a running ingressd by its admin port: http://localhost:{DEFAULT_ADMIN_PORT}.",
    )(function)


def lane_option(function: _Command) -> _Command:
    return click.option(
        "--lane",
        type=click.Choice([lane.value for lane in LaneName]),
        default=LaneName.RELAY.value,
        show_default=True,
        help="How requests are passed on: as bytes, or through aiohttp, which is slower and answers the same.",
    )(function)


TIMEOUT_OPTIONS: tuple[Callable[[Any], Any], ...] = tuple(
    click.option(
        row.flag,
        row.name,
        type=click.FloatRange(0, min_open=True),
        metavar="SECONDS",
        default=row.default,
        show_default=True,
        help=f"{row.meaning[0].upper()}{row.meaning[1:]}.",
    )
    for row in proxy_settings_table()
    if row.flag
)
"""A flag for each timeout of the data plane. Its parameter is named like the field of ``ProxySettings``."""


def timeout_options(function: _Command) -> _Command:
    for option in reversed(TIMEOUT_OPTIONS):
        function = option(function)
    return function


def listen_options(function: _Command) -> Callable[..., Any]:
    """Where to listen, and whom to believe: the command gets it as ``listen``. The defaults are shown here and used in
    ``settings``: a flag that is not given must stay None, because only a port that was asked for is an error when it is
    taken."""

    @functools.wraps(function)
    def command(
        *args: Any,
        bind: str,
        admin_bind: str | None,
        http_port: int | None,
        https_port: int | None,
        admin_port: int | None,
        trusted_proxies: tuple[str, ...],
        **others: Any,
    ) -> Any:
        flags = ListenFlags(
            bind=bind,
            admin_bind=admin_bind,
            http_port=http_port,
            https_port=https_port,
            admin_port=admin_port,
            trusted_proxies=trusted_proxies,
        )
        return function(*args, listen=flags, **others)

    with_options: Callable[..., Any] = command
    for option in reversed(
        (
            click.option(
                "--http-port",
                type=PORT,
                metavar="PORT",
                help=f"Port for HTTP; 0: any.  [default: {DEFAULT_HTTP_PORT}, or the next free one]",
            ),
            click.option(
                "--https-port",
                type=PORT,
                metavar="PORT",
                help=f"Port for HTTPS; 0: any.  [default: {DEFAULT_HTTPS_PORT}, or the next free one]",
            ),
            click.option(
                "--admin-port",
                type=PORT,
                metavar="PORT",
                help=(
                    f"Port for metrics and the JSON API; 0: any.  [default: {DEFAULT_ADMIN_PORT}, or the next free one]"
                ),
            ),
            click.option(
                "--bind",
                metavar="ADDRESS",
                default=DEFAULT_BIND,
                show_default=True,
                help="IP address for HTTP and HTTPS.",
            ),
            click.option(
                "--admin-bind",
                metavar="ADDRESS",
                help="IP address for metrics and the JSON API.  [default: 127.0.0.1, or ::1 if --bind is IPv6]",
            ),
            trusted_proxy_option,
        )
    ):
        with_options = option(with_options)
    return with_options
