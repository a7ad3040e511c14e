"""What a stream can show."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import pytest

from ingressd.cli.terminal import SMALLEST_WIDTH, Terminal, reader_has_gone, terminal_of


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_no_colours_and_nothing_cut() -> None:
    assert terminal_of(io.StringIO(), {"TERM": "xterm-256color"}) == Terminal(colours=False, width=None)


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm"}, True),
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_on_a_terminal(environment: dict[str, str], colours: bool) -> None:
    assert terminal_of(FakeTerminal(), environment).colours is colours


@pytest.mark.parametrize(("columns", "width"), [("132", 132), ("20", SMALLEST_WIDTH)])
def test_width_of_a_terminal(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert shutil.get_terminal_size().columns == int(columns)
    assert terminal_of(FakeTerminal(), {}).width == width


def test_a_pipe_whose_reader_has_gone() -> None:
    reading, writing = os.pipe()
    try:
        assert not reader_has_gone(writing)
        os.close(reading)
        assert reader_has_gone(writing)
    finally:
        os.close(writing)


def test_a_file_is_always_read(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        assert not reader_has_gone(file.fileno())
