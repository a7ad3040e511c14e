"""The files that the given paths name, and the folders in which a change may change that.

A folder stands for the manifests in it and below it. Names that start with a dot are passed over, and with them
the folders in which kubelet keeps the versions of a ConfigMap volume; its links to the current version are
followed. A file that is reachable twice is listed once, where it comes first.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from functools import cached_property

import msgspec

STANDARD_INPUT = "-"
STANDARD_INPUT_NAME = "<stdin>"
EXTENSIONS = (".yaml", ".yml", ".json")

MOST_FILES = 10_000
MOST_FOLDERS = 10_000
_DEEPEST_FOLDER = 64
_MOST_LINKS = 40

# The errors that say that a path does not exist. Any other leaves that open, and may pass.
GONE = (FileNotFoundError, NotADirectoryError)


class ListedFile(msgspec.Struct, frozen=True):
    """``name`` is how the user would write it, ``real`` where it is after all links.

    Standard input and pipes can be read only ``once``. One that is ``kept`` was listed before, and nobody can tell
    now whether it is still there. One that was only ``met`` in a folder, and not given, may be no manifest at all.
    """

    name: str
    real: str
    once: bool = False
    kept: bool = False
    met: bool = False


class Listing(msgspec.Struct, frozen=True):
    """``problems`` are reasons by the path that cannot be read; ``dangling`` are links in folders to nothing.

    A change matters when it is to a name directly in one of ``folders``, or to one of ``entries``. All of them
    are real paths, and the parent of every entry has to be watched along with the folders. ``uncertain`` is true
    when something that may exist could not be looked at; no change says when it can.
    """

    files: tuple[ListedFile, ...]
    problems: dict[str, str]
    folders: frozenset[str]
    entries: frozenset[str]
    uncertain: bool = False
    dangling: frozenset[str] = frozenset()

    @property
    def watched(self) -> frozenset[str]:
        return self.folders | {os.path.dirname(entry) for entry in self.entries}

    def matters(self, path: str) -> bool:
        return path in self.entries or path in self.watched or os.path.dirname(path) in self.folders


def list_files(paths: Sequence[str], previous: Sequence[ListedFile] = ()) -> Listing:
    """Lists what the paths name, in the order given and by name within a folder. Never raises OSError.

    Of what cannot be looked at, the ``previous`` files are kept, in their place; only what is known not to exist
    is gone.
    """
    walk = _Walk(previous, frozenset(os.path.realpath(path) for path in paths if path != STANDARD_INPUT))
    for path in paths:
        walk.visit(path)
    return Listing(
        tuple(walk.files),
        walk.problems,
        frozenset(walk.folders),
        frozenset(walk.entries),
        walk.uncertain,
        frozenset(walk.dangling),
    )


class _Walk:
    def __init__(self, previous: Sequence[ListedFile], given_files: frozenset[str]) -> None:
        self.files: list[ListedFile] = []
        self.problems: dict[str, str] = {}
        self.folders: set[str] = set()
        self.entries: set[str] = set()
        self.uncertain = False
        self.dangling: set[str] = set()
        self._previous = previous
        self._given_files = given_files
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
            self._fail(path, error)
            return
        if stat.S_ISDIR(mode):
            self._folder(path, os.path.realpath(path), 0)
        elif stat.S_ISREG(mode):
            self._add(ListedFile(path, os.path.realpath(path)))
        else:
            self.files.append(ListedFile(path, path, once=True))

    def _folder(self, path: str, real: str, depth: int) -> None:
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
            self._fail(path, error)
            return
        self.folders.add(real)
        # With the separator, once for all entries: joining paths would cost more than everything else here.
        above, real_above = os.path.join(path, ""), os.path.join(real, "")
        for entry in entries:
            if not entry.name.startswith("."):
                try:
                    self._entry(entry, above + entry.name, real_above + entry.name, depth)
                except OSError as error:
                    self._fail(above + entry.name, error)

    def _entry(self, entry: os.DirEntry[str], path: str, real: str, depth: int) -> None:
        """Only a link costs a system call: what else an entry is, the folder says. Raises OSError."""
        is_manifest = entry.name.endswith(EXTENSIONS)
        if entry.is_symlink():
            self.entries.update(trail(real))
            try:
                mode = os.stat(path).st_mode
            except GONE:
                if is_manifest:
                    self.dangling.add(path)
                return
            is_folder, is_file = stat.S_ISDIR(mode), stat.S_ISREG(mode)
            if is_folder or (is_file and is_manifest):
                real = os.path.realpath(real)
        else:
            is_folder, is_file = entry.is_dir(follow_symlinks=False), entry.is_file(follow_symlinks=False)
        if is_folder:
            self._folder(path, real, depth + 1)
        elif is_file and is_manifest:
            self._add(ListedFile(path, real, met=real not in self._given_files))

    def _add(self, file: ListedFile) -> None:
        if file.real in self._seen:
            return
        if len(self.files) >= MOST_FILES:
            self.problems[self._given] = f"there are more than {MOST_FILES} manifests in it"
            return
        self._seen.add(file.real)
        self.files.append(file)

    def _fail(self, path: str, error: OSError) -> None:
        """Reports what cannot be looked at, and keeps what it stood for unless it does not exist."""
        if isinstance(error, GONE) and path != self._given:
            # It went away since the folder above it was read.
            return
        self.problems[path] = reason_of(error)
        if isinstance(error, GONE):
            return
        self.uncertain = True
        for file in self._listed_before.get(os.path.join(path, "").rstrip(os.sep), ()):
            self._add(msgspec.structs.replace(file, kept=True))

    @cached_property
    def _listed_before(self) -> dict[str, list[ListedFile]]:
        """The previous files by their name, and by the name of each folder above them, without separators behind."""
        found: dict[str, list[ListedFile]] = {}
        for file in self._previous:
            name, shorter = file.name, os.path.dirname(file.name)
            found.setdefault(name, []).append(file)
            while shorter != name:
                found.setdefault(shorter.rstrip(os.sep), []).append(file)
                name, shorter = shorter, os.path.dirname(shorter)
        return found


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
