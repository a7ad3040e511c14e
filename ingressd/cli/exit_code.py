"""How a command ends: what scripts may rely on."""

from __future__ import annotations

import enum

import click


class ExitCode(enum.IntEnum):
    """PROBLEMS: it ran, and found errors. USAGE: it could not run as asked, or there was nothing to do. INTERRUPTED:
    Ctrl-C ended it at once (128 and the signal's number, as shells count)."""

    OK = 0
    PROBLEMS = 1
    USAGE = 2
    INTERRUPTED = 130


class CommandError(click.ClickException):
    """ingressd cannot do what was asked: one line on standard error that says what to change, never a traceback."""

    exit_code = ExitCode.USAGE

    def show(self, file: object = None) -> None:
        click.echo(f"ingressd: {self.message}", err=True)
