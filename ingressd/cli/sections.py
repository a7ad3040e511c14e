"""Help pages of commands with many flags: options under headings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Section(NamedTuple):
    """A heading, and the options under it, as ``click.option`` makes them."""

    heading: str
    options: Sequence[Callable[[Any], Any]]


class SectionedCommand(click.Command):
    """Shows its options under ``headings``; those without one come last."""

    headings: dict[str, str]

    def __init__(self, *arguments: Any, headings: dict[str, str], **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.headings = headings

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows: dict[str, list[tuple[str, str]]] = {heading: [] for heading in self.headings.values()}
        rows["Other"] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                rows[self.headings.get(parameter.name or "", "Other")].append(record)
        for heading, records in rows.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


def sectioned_command(name: str, sections: Sequence[Section]) -> Callable[[_Command], SectionedCommand]:
    """Make a function a command that takes the options of all sections."""

    def decorate(function: _Command) -> SectionedCommand:
        headings: dict[str, str] = {}
        for section in reversed(sections):
            known = len(_parameters(function))
            for option in reversed(section.options):
                function = option(function)
            for parameter in _parameters(function)[known:]:
                headings[parameter.name or ""] = section.heading
        ordered = {name: headings[name] for name in reversed(headings)}
        return click.command(name=name, cls=SectionedCommand, headings=ordered)(function)

    return decorate


def _parameters(function: Callable[..., Any]) -> list[click.Parameter]:
    """What options have left on a function so far, the last first."""
    return getattr(function, "__click_params__", [])
