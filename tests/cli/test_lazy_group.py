"""Commands that are imported when they are called."""

from __future__ import annotations

import click
import pytest

from ingressd.cli.lazy_group import CommandPlace, LazyGroup
from ingressd.cli.main import COMMANDS


def group(**places: CommandPlace) -> LazyGroup:
    return LazyGroup("test", places=places)


def context(of: click.Group) -> click.Context:
    return click.Context(of)


def test_commands_keep_their_order() -> None:
    places = {name: CommandPlace("nowhere", "nothing", name) for name in ("b", "a")}
    tested = group(**places)
    assert tested.list_commands(context(tested)) == ["b", "a"]


def test_help_imports_nothing() -> None:
    tested = group(gone=CommandPlace("ingressd.cli.does_not_exist", "gone", "A command that cannot be imported."))
    assert "gone  A command that cannot be imported." in tested.get_help(context(tested))


def test_an_unknown_command() -> None:
    tested = group()
    assert tested.get_command(context(tested), "unknown") is None


def test_what_is_no_command_is_refused() -> None:
    tested = group(wrong=CommandPlace("ingressd", "__version__", "Not a command."))
    with pytest.raises(TypeError, match="is not a command"):
        tested.get_command(context(tested), "wrong")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_place_holds_its_command(name: str) -> None:
    tested = group(**COMMANDS)
    found = tested.get_command(context(tested), name)
    assert found is not None
    assert found.name == name
