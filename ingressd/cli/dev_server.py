"""Serving manifests in this process: what ``dev`` and ``demo`` share."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import click

from ingressd.app.dev_server import DevServer
from ingressd.cli.addresses import Addresses
from ingressd.cli.dev_screen import DevScreen
from ingressd.cli.event_loop import stop_on_signals
from ingressd.cli.exit_code import CommandError
from ingressd.cli.hints import DEV_HINTS
from ingressd.cli.invocation import interpreter_text
from ingressd.cli.listening_sockets import ListeningSockets, open_listening_sockets
from ingressd.cli.local_authority import OpenedAuthority
from ingressd.cli.manifests import Manifests
from ingressd.cli.problem_view import counted
from ingressd.cli.start_view import StartFacts
from ingressd.cli.terminal import reader_has_gone, standard_output
from ingressd.proxy.programs import ProgramError, load_programs
from ingressd.settings import ServingSettings
from ingressd.telemetry.log_writer import LogWriter


class Serving(NamedTuple):
    """A running proxy: where it listens, what it prints on, whom clients have to trust, and the event that ends it."""

    addresses: Addresses
    screen: DevScreen
    authority: OpenedAuthority
    stop: asyncio.Event


Beside = Callable[[Serving], Awaitable[None]]


async def serve_manifests(
    settings: ServingSettings, manifests: Manifests, authority: OpenedAuthority, *, beside: Beside | None = None
) -> None:
    """Serve until Ctrl-C or SIGTERM, and return when requests in flight have finished.

    ``beside`` starts once everything listens; it may set ``stop``. Raises CommandError when a port cannot be had, or
    Python code that a flag names.
    """
    try:
        programs = load_programs(settings.programs)
    except ProgramError as error:
        raise CommandError(str(error)) from error
    sockets = open_listening_sockets(settings.listen)
    sys.stdout.flush()
    log = LogWriter(sys.stdout.fileno())
    try:
        facts = _facts(settings, manifests, sockets, authority)
        screen = DevScreen(log.write, standard_output(), facts)
        with stop_on_signals() as stop:
            serving = Serving(facts.addresses, screen, authority, stop)
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(_when_listening(serving, beside), name="beside")
                server = DevServer(
                    settings,
                    manifests.controller,
                    programs=programs,
                    source=manifests.source,
                    authority=authority.authority,
                    hints=DEV_HINTS,
                    screen=screen,
                    dropped_log_lines=lambda: log.dropped,
                )
                await server.run((sockets.http, sockets.https, sockets.admin), stop)
                watching.cancel()
    finally:
        sockets.close()
        lost = log.close()
        # Who pipes into `head` has read what they wanted.
        if lost and not reader_has_gone(sys.stdout.fileno()):
            click.echo(f"ingressd: {lost_lines(lost)}", err=True)


def lost_lines(number: int) -> str:
    """Say that ``number`` lines could not be written in time."""
    verb, what = ("was", "it") if number == 1 else ("were", "them")
    return f"{counted(number, 'line')} {verb} not written, because nobody read {what}"


async def _when_listening(serving: Serving, beside: Beside | None) -> None:
    await serving.screen.serving.wait()
    if beside is not None:
        await beside(serving)


def _facts(
    settings: ServingSettings, manifests: Manifests, sockets: ListeningSockets, authority: OpenedAuthority
) -> StartFacts:
    path = authority.authority.certificate_path
    return StartFacts(
        addresses=Addresses(settings.listen.bind, *sockets.ports, settings.listen.admin_address),
        paths=manifests.paths,
        files=manifests.source.file_count,
        objects=manifests.source.object_count,
        authority_file=str(path) if path is not None else "",
        trust_command=f"{interpreter_text(sys.executable, os.environ.get('PATH', ''))} -m tls show",
        notes=sockets.notes + ((authority.note,) if authority.note else ()),
    )
