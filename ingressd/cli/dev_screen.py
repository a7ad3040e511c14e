"""What a developer sees while ``dev`` or ``demo`` runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from ingressd.cli.change_view import format_changes, format_problem_changes
from ingressd.cli.palette import Palette
from ingressd.cli.start_view import StartFacts, format_start
from ingressd.cli.terminal import Terminal
from ingressd.controller.routes import RouteRow
from ingressd.resources.problem import Problem
from ingressd.telemetry.record import ExchangeRecord
from ingressd.telemetry.request_line import format_request_line


class DevScreen:
    """Turns what happens into lines for ``write``, which must not block.

    ``serving`` is set when everything listens. Problems come with their places.
    """

    def __init__(self, write: Callable[[str], None], terminal: Terminal, facts: StartFacts) -> None:
        self.serving = asyncio.Event()
        self._write = write
        self._terminal = terminal
        self._palette = Palette(terminal.colours)
        self._facts = facts
        self._problems: tuple[Problem, ...] = ()

    def started(self, rows: Sequence[RouteRow], problems: Sequence[Problem]) -> None:
        """All listeners accept, and the first table is in force."""
        self._problems = tuple(problems)
        self.show(format_start(self._facts, rows, problems, width=self._terminal.width, palette=self._palette))
        self.serving.set()

    def changed(self, changes: Sequence[str], problems: Sequence[Problem]) -> None:
        """A save was taken in; ``changes`` are the lines of ``controller.changes``, none if only problems changed."""
        self.show(format_changes(changes, palette=self._palette))
        self.show(format_problem_changes(self._problems, problems, served_as_before=not changes, palette=self._palette))
        self._problems = tuple(problems)

    def finished(self, record: ExchangeRecord) -> None:
        """One request is over."""
        self._write(format_request_line(record, colours=self._terminal.colours))

    def draining(self, in_flight: int) -> None:
        """The first Ctrl-C came."""
        waiting = f", {in_flight} in flight" if in_flight else ""
        self._write(f"ending{waiting}; Ctrl-C again ends at once")

    def show(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._write(line)
