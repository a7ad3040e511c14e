"""What the stream that text goes to can show."""

from __future__ import annotations

import os
import select
import shutil
import sys
from collections.abc import Mapping
from typing import Protocol

import msgspec

SMALLEST_WIDTH = 60


class OutputStream(Protocol):
    def isatty(self) -> bool: ...


class Terminal(msgspec.Struct, frozen=True):
    """``width`` in columns; None when nobody looks at it and nothing needs to be cut (a pipe, a file)."""

    colours: bool = False
    width: int | None = None


def terminal_of(stream: OutputStream, environment: Mapping[str, str]) -> Terminal:
    """Colours only on a terminal, and not where ``NO_COLOR`` is set (no-color.org) or ``TERM`` is ``dumb``."""
    if not stream.isatty():
        return Terminal()
    colours = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Terminal(colours, max(SMALLEST_WIDTH, shutil.get_terminal_size().columns))


def standard_output() -> Terminal:
    """Return what standard output can show."""
    return terminal_of(sys.stdout, os.environ)


def reader_has_gone(descriptor: int) -> bool:
    """Whether nobody can read any more what is written to ``descriptor``: a pipe to a program that ended, a terminal
    that was closed."""
    poll = select.poll()
    # These three are told without being asked for.
    poll.register(descriptor, 0)
    return any(events & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, events in poll.poll(0))
