"""Help pages with headings."""

from __future__ import annotations

import click
from click.testing import CliRunner

from ingressd.cli.sections import Section, sectioned_command

FIRST = Section(
    "First things", (click.option("--one", help="The one."), click.option("--two-of-it", "two", help="Two."))
)
SECOND = Section("Second things", (click.option("--three", is_flag=True, help="Three."),))


@sectioned_command("show", (FIRST, SECOND))
def show(one: str | None, two: str | None, three: bool) -> None:
    """Show what was given."""
    click.echo((one, two, three))


def test_options_stand_under_their_headings_in_the_order_of_writing() -> None:
    lines = [line.strip() for line in CliRunner().invoke(show, ["--help"]).output.splitlines()]
    starts = [line.split("  ")[0] for line in lines if line.startswith("--") or line.endswith("things:")]
    assert starts[:5] == ["First things:", "--one TEXT", "--two-of-it TEXT", "Second things:", "--three"]
    assert lines.index("Other:") > lines.index("Second things:")


def test_they_are_options_like_any_other() -> None:
    assert CliRunner().invoke(show, ["--one", "1", "--three"]).output == "('1', None, True)\n"
    assert show.name == "show"
