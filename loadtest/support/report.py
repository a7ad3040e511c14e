"""What a drill leaves: a table for the reader, and with ``--record`` a Markdown and a JSON file in ``results/``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from loadtest.support.figure import Figure, format_number
from loadtest.support.machine import Machine, this_machine

RESULTS = Path(__file__).resolve().parents[1] / "results"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``command`` is what a reader types to get the same; ``notes`` say what a figure's name cannot."""

    drill: str
    title: str
    command: str
    machine: Machine
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        return all(figure.met for figure in self.figures)


class Drill:
    """One run: made at its start, so that the machine is described as it was before the load."""

    def __init__(self, name: str, title: str, options: argparse.Namespace, arguments: Sequence[str]) -> None:
        self._name = name
        self._title = title
        self._record: bool = options.record
        given = [argument for argument in arguments if argument != "--record"]
        self._command = " ".join(["python -m", f"loadtest.{name}", *given])
        self._machine = this_machine()

    def finish(self, figures: Iterable[Figure], notes: Iterable[str] = ()) -> int:
        """Print the figures, keep them if that was asked for, and return the program's exit code."""
        report = Report(
            drill=self._name,
            title=self._title,
            command=self._command,
            machine=self._machine,
            figures=tuple(figures),
            notes=tuple(notes),
        )
        print("\n".join(as_text(report)))
        if self._record:
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{self._name}.md").write_text("\n".join(as_markdown(report)) + "\n", encoding="utf-8")
            encoded = msgspec.json.format(msgspec.json.encode(report), indent=2)
            (RESULTS / f"{self._name}.json").write_bytes(encoded + b"\n")
        return 0 if report.met else 1


def drill_options(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every drill has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--record", action="store_true", help="keep the figures in loadtest/results/")
    return options


def as_text(report: Report) -> list[str]:
    width = max(len(figure.name) for figure in report.figures)
    lines = [report.title, ""]
    for figure in report.figures:
        told = f"{figure.name:{width}}  {format_number(figure.value):>10} {figure.unit:12} "
        lines.append(f"{told}{figure.target:18} {figure.verdict}".rstrip())
    missed = sum(not figure.met for figure in report.figures)
    verdict = f"{missed} targets are missed" if missed else "every target is met"
    return [*lines, "", *report.notes, verdict]


def as_markdown(report: Report) -> list[str]:
    machine = report.machine
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    return [
        f"# {report.title}",
        "",
        f"`{report.command}`",
        "",
        "| what | measured | unit | target | |",
        "|---|--:|---|---|---|",
        *(
            f"| {figure.name} | {format_number(figure.value)} | {figure.unit} | {figure.target} | {figure.verdict} |"
            for figure in report.figures
        ),
        "",
        *(f"- {note}" for note in report.notes),
        *([""] if report.notes else []),
        f"Measured {machine.measured} at commit {machine.commit}, on {machine.processor}, {machine.cores} cores, "
        f"{machine.system}, {machine.python}, {libraries}. Load average over the minute before: "
        f"{machine.load_average:g}.",
    ]
