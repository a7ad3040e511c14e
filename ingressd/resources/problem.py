"""Something wrong in what a user wrote."""

from __future__ import annotations

import enum

import msgspec

from ingressd.resources.key import ObjectKey


class Severity(enum.StrEnum):
    """ERROR: a part of the object is not served. WARNING: it is served, but not as its author may expect."""

    ERROR = "error"
    WARNING = "warning"


class Location(msgspec.Struct, frozen=True, order=True):
    """A place in a file. ``line`` counts from 1; ``file`` is ``<stdin>`` for standard input.

    Line 0 stands for a folder, or for a file as a whole that could not be read.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong, at one place, with what to do about it.

    ``code`` is stable, lower_snake_case and machine-readable. ``path`` is the JSON path inside the object
    (``spec.rules[0].http.paths[1].backend``), empty for the object as a whole. ``message`` is one sentence that
    names what is wrong; ``advice`` is one sentence that says what to do. ``location`` is set by sources that
    read files and know it already; for the rest whoever prints resolves ``key`` and ``path`` to a line.
    """

    severity: Severity
    code: str
    message: str
    key: ObjectKey | None = None
    path: str = ""
    advice: str = ""
    location: Location | None = None
