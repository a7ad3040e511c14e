"""The files that the given paths name, and the folders in which a change may change that.

A folder stands for the manifests in it and below it. Names that start with a dot are passed over, and with them
the folders in which kubelet keeps the versions of a ConfigMap volume; its links to the current version are
followed. A file that is reachable twice is listed once, where it comes first.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

import msgspec

STANDARD_INPUT = "-"
STANDARD_INPUT_NAME = "<stdin>"
EXTENSIONS = (".yaml", ".yml", ".json")

MOST_FILES = 10_000
MOST_FOLDERS = 10_000
_DEEPEST_FOLDER = 64
_MOST_LINKS = 40


class ListedFile(msgspec.Struct, frozen=True):
    """``name`` is how the user would write it, ``real`` where it is after all links.

    Standard input and pipes can be read only ``once``.
    """

    name: str
    real: str
    once: bool = False


class Listing(msgspec.Struct, frozen=True):
    """``problems`` are reasons by the path that cannot be read.

    A change matters when it is to a name directly in one of ``folders``, or to one of ``entries``. All of them
    are real paths, and the parent of every entry has to be watched along with the folders.
    """

    files: tuple[ListedFile, ...]
    problems: dict[str, str]
    folders: frozenset[str]
    entries: frozenset[str]

    @property
    def watched(self) -> frozenset[str]:
        return self.folders | {os.path.dirname(entry) for entry in self.entries}

    def matters(self, path: str) -> bool:
        return path in self.entries or path in self.watched or os.path.dirname(path) in self.folders


def list_files(paths: Sequence[str]) -> Listing:
    """Lists what the paths name, in the order given and by name within a folder. Never raises OSError."""
    walk = _Walk()
    for path in paths:
        walk.visit(path)
    return Listing(tuple(walk.files), walk.problems, frozenset(walk.folders), frozenset(walk.entries))


class _Walk:
    def __init__(self) -> None:
        self.files: list[ListedFile] = []
        self.problems: dict[str, str] = {}
        self.folders: set[str] = set()
        self.entries: set[str] = set()
        self._seen: set[str] = set()
        self._given = ""

    def visit(self, path: str) -> None:
        if path == STANDARD_INPUT:
            self.files.append(ListedFile(STANDARD_INPUT_NAME, path, once=True))
            return
        self._given = path
        self.entries.update(trail(os.path.abspath(path)))
        try:
            mode = os.stat(path).st_mode
        except OSError as error:
            self.problems[path] = reason_of(error)
            return
        if stat.S_ISDIR(mode):
            self._folder(path, 0)
        elif stat.S_ISREG(mode):
            self._file(path)
        else:
            self.files.append(ListedFile(path, path, once=True))

    def _folder(self, path: str, depth: int) -> None:
        real = os.path.realpath(path)
        if real in self._seen:
            return
        if len(self.folders) >= MOST_FOLDERS or depth > _DEEPEST_FOLDER:
            self.problems[self._given] = f"there are too many folders in it (at {path})"
            return
        self._seen.add(real)
        try:
            with os.scandir(path) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            self.problems[path] = reason_of(error)
            return
        self.folders.add(real)
        for entry in entries:
            if entry.name.startswith("."):
                continue
            inside = os.path.join(path, entry.name)
            if entry.is_symlink():
                self.entries.update(trail(os.path.join(real, entry.name)))
            # Not the entry's own methods: they raise where a link leads back to itself.
            if os.path.isdir(inside):
                self._folder(inside, depth + 1)
            elif entry.name.endswith(EXTENSIONS) and os.path.isfile(inside):
                self._file(inside)
            elif entry.name.endswith(EXTENSIONS) and entry.is_symlink():
                self.problems[inside] = "it is a link to nothing that could be read"

    def _file(self, path: str) -> None:
        real = os.path.realpath(path)
        if real in self._seen:
            return
        if len(self.files) >= MOST_FILES:
            self.problems[self._given] = f"there are more than {MOST_FILES} manifests in it"
            return
        self._seen.add(real)
        self.files.append(ListedFile(path, real))


def trail(path: str) -> tuple[str, ...]:
    """Every name whose change may change what an absolute path leads to: each link on the way, and the end.

    Of a path that leads nowhere, the end is the first name that is missing.
    """
    names: list[str] = []
    for _ in range(_MOST_LINKS):
        stop = _first_stop(path)
        names.append(stop)
        try:
            target = os.readlink(stop)
        except OSError:
            break
        path = os.path.normpath(os.path.join(os.path.dirname(stop), target)) + path[len(stop) :]
    return tuple(names)


def _first_stop(path: str) -> str:
    """The first prefix of the path that is a link or missing; the path itself when none is."""
    position = 1
    while (position := path.find(os.sep, position)) != -1:
        prefix = path[:position]
        if os.path.islink(prefix) or not os.path.exists(prefix):
            return prefix
        position += 1
    return path


def reason_of(error: OSError) -> str:
    """Why the operating system refuses, in lower case."""
    return (error.strerror or type(error).__name__).lower()
