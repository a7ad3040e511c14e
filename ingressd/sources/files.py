"""Manifests in files and folders, as a source of changes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

import msgspec

from ingressd.resources.change import Applied, Change, Deleted, Reported, Synced
from ingressd.resources.key import ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Location, Problem, Severity
from ingressd.sources.contents import read_contents
from ingressd.sources.documents import MOST_BYTES
from ingressd.sources.holdings import Holding, hold, merge
from ingressd.sources.listing import GONE, STANDARD_INPUT, ListedFile, Listing, list_files, reason_of
from ingressd.sources.origins import Origins
from ingressd.sources.wakes import Wakes

_LOOKS_AT_AN_EMPTY_FILE = 5
_PAUSE_SECONDS = 0.01

# Two writes may get the same modification time when they are closer than the clock of the file system is fine: a few
# milliseconds where times have a fraction of a second, and up to two seconds where they have none.
_RACY_NANOSECONDS = 100_000_000
_COARSE_RACY_NANOSECONDS = 2_000_000_000
_SECOND_NANOSECONDS = 1_000_000_000


class SourceError(Exception):
    """A path that cannot be served at all. The message names it and says what to do."""


class _Known(msgspec.Struct, frozen=True, eq=False):
    """A file as it was read last. ``signature`` is None when the next look has to read it again.

    ``failed`` is true when that reading failed, and ``holding`` is older.
    """

    signature: tuple[int, ...] | None
    digest: bytes
    holding: Holding
    failed: bool = False


class FileSource:
    """Reads manifests, watches them, and says what changed.

    ``paths`` are files, folders (recursive), or ``-`` for standard input, which is read once, like a pipe. An
    object that becomes invalid keeps its last good version; a document that cannot be read keeps every object
    of its file. A file or folder that cannot be read keeps all that it held, unless it does not exist. Of an
    object that is defined twice, the first counts, in the order of ``paths`` and then by name. Raises SourceError
    for a path that does not exist, or that nobody can look at, when the source is made.
    """

    def __init__(self, paths: Sequence[str], *, watch: bool = True, standard_input: BinaryIO | None = None) -> None:
        for path in paths:
            if path != STANDARD_INPUT:
                _check(path)
        if not paths:
            raise SourceError("No manifests to serve. Name a file, a folder, or - for standard input.")
        self._paths = tuple(dict.fromkeys(paths))
        self._watch = watch
        self._standard_input = standard_input
        self._once: dict[str, _Known] = {}
        self._known: dict[str, _Known] = {}
        # None before everything was said.
        self._holdings: dict[str, Holding] | None = None
        self._objects: dict[ObjectKey, KubernetesObject] = {}
        self._reported: dict[str, tuple[Problem, ...]] = {}
        self._passed_over: dict[str, int] = {}
        self._listing = Listing((), {}, frozenset(), frozenset())
        self._was_read = False
        self._origins = Origins()

    @property
    def origins(self) -> Origins:
        """Where each object came from, as of the last changes."""
        return self._origins

    @property
    def passed_over(self) -> Mapping[str, int]:
        """How many objects of kinds that are not used were seen, by ``apiVersion/kind``, sorted."""
        return self._passed_over

    @property
    def file_count(self) -> int:
        return len(self._known)

    @property
    def object_count(self) -> int:
        return len(self._objects)

    def read(self) -> tuple[Change, ...]:
        """Everything there is, ending with Synced. For callers without an event loop, and before ``changes``."""
        self._objects, self._reported, self._holdings = {}, {}, None
        self._was_read = True
        return (*self._refresh(), Synced())

    async def changes(self) -> AsyncGenerator[tuple[Change, ...], None]:
        """What changed, a batch at a time; first of all everything, unless ``read`` has said it.

        Ends when nothing is watched. Reading and parsing happen in a thread.
        """
        if not self._was_read:
            yield await asyncio.to_thread(self.read)
        wakes = Wakes(self._is_unsettled)
        while self._watch and self._listing.watched:
            listing = self._listing
            async with contextlib.aclosing(wakes.wakes(listing)) as moments:
                async for watch_anew in moments:
                    batch = await asyncio.to_thread(self._refresh)
                    if batch:
                        yield batch
                    if watch_anew or (self._listing.folders, self._listing.entries) != (
                        listing.folders,
                        listing.entries,
                    ):
                        break

    def _refresh(self) -> tuple[Change, ...]:
        """Look at every file, and say what differs from what was said before."""
        listing = list_files(self._paths, self._listing.files)
        known = dict(self._read_files(listing))
        holdings = {name: entry.holding for name, entry in known.items()}
        unchanged = (
            _are_same(self._holdings, holdings)
            and self._listing.problems == listing.problems
            and self._listing.dangling == listing.dangling
        )
        self._listing, self._known, self._holdings = listing, known, holdings
        if unchanged:
            return ()
        merged = merge(holdings)
        objects = {key: placed.object for key, placed in merged.objects.items()}
        reported: dict[str, tuple[Problem, ...]] = {
            path: (_path_problem(path, reason),) for path, reason in listing.problems.items()
        }
        reported |= {path: (_dangling_problem(path),) for path in sorted(listing.dangling)}
        for name, holding in holdings.items():
            problems = reported.get(name, ()) + holding.problems + merged.duplicates.get(name, ())
            if problems:
                reported[name] = problems
        changes = (*_object_changes(self._objects, objects), *_reports(self._reported, reported))
        self._objects, self._reported = objects, reported
        self._passed_over = _total(holding.passed_over for holding in holdings.values())
        self._origins.replace({key: placed.origin for key, placed in merged.objects.items()})
        return changes

    def _is_unsettled(self) -> bool:
        return self._listing.uncertain or any(known.failed for known in self._known.values())

    def _read_files(self, listing: Listing) -> Iterator[tuple[str, _Known]]:
        """The files by name, in the order of the paths given."""
        for listed in listing.files:
            known = self._read_once(listed) if listed.once else _read(listed, self._known.get(listed.name))
            if known is not None:
                yield listed.name, known

    def _read_once(self, listed: ListedFile) -> _Known:
        known = self._once.get(listed.name)
        if known is None:
            try:
                if listed.real == STANDARD_INPUT:
                    content = (self._standard_input or sys.stdin.buffer).read(MOST_BYTES + 1)
                else:
                    content = _content(listed.real)
                holding = hold(read_contents(content, listed.name), None)
            except OSError as error:
                holding = Holding(problems=(_unreadable(listed.name, error),))
            known = self._once[listed.name] = _Known(None, b"", holding)
        return known


def _read(listed: ListedFile, previous: _Known | None) -> _Known | None:
    """The file as it is now; None when it has just gone. One that cannot be read keeps what it held.

    It is read by its name: where that led when it was listed, kubelet may have removed since.
    """
    held = previous.holding if previous is not None else None
    try:
        signature = _signature(listed.name)
        if previous is not None and previous.signature is not None and previous.signature == signature:
            return previous
        content = _settled_content(listed.name) if held is not None and held.objects else _content(listed.name)
    except GONE:
        return None
    except OSError as error:
        return _not_read(listed, previous, error)
    digest = hashlib.blake2b(content).digest()
    if previous is not None and not previous.failed and previous.digest == digest:
        return _Known(signature, digest, previous.holding)
    # A file that holds objects has shown that it is a manifest: what goes wrong in it now is worth a word.
    may_be_other = listed.met and not (held is not None and held.objects)
    return _Known(signature, digest, hold(read_contents(content, listed.name, may_be_other=may_be_other), held))


def _not_read(listed: ListedFile, previous: _Known | None, error: OSError) -> _Known:
    problems = (_unreadable(listed.name, error),)
    if previous is None:
        return _Known(None, b"", Holding(problems=problems), failed=True)
    # The folder of a file that is kept has the same problem, and one report is enough.
    if listed.kept or (previous.failed and previous.holding.problems == problems):
        return previous
    return _Known(None, b"", msgspec.structs.replace(previous.holding, problems=problems), failed=True)


def _settled_content(path: str) -> bytes:
    """What is in a file that held objects. Whoever saves it in place empties it first: for that moment it holds
    nothing, which must not take its routes away."""
    for _ in range(_LOOKS_AT_AN_EMPTY_FILE):
        if content := _content(path):
            return content
        time.sleep(_PAUSE_SECONDS)
    return _content(path)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(MOST_BYTES + 1)


def _signature(path: str) -> tuple[int, ...] | None:
    """What changes whenever the file does; None while that is not certain."""
    status = os.stat(path)
    racy = _RACY_NANOSECONDS if status.st_mtime_ns % _SECOND_NANOSECONDS else _COARSE_RACY_NANOSECONDS
    if time.time_ns() - status.st_mtime_ns < racy:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _check(path: str) -> None:
    """Raises SourceError when there is nothing at ``path``, or nobody can tell."""
    try:
        os.stat(path)
    except GONE:
        raise SourceError(f"{path}: there is no such file or folder. Check the path.") from None
    except OSError as error:
        raise SourceError(f"{path}: {reason_of(error)}. Check that this program may read it.") from None


def _are_same(before: Mapping[str, Holding] | None, after: Mapping[str, Holding]) -> bool:
    """Whether the same files, in the same order, hold the very same."""
    return before is not None and before == after and list(before) == list(after)


def _object_changes(
    before: Mapping[ObjectKey, KubernetesObject], after: Mapping[ObjectKey, KubernetesObject]
) -> Iterator[Change]:
    for key in sorted(before.keys() - after.keys()):
        yield Deleted(key)
    for key, resource in after.items():
        known = before.get(key)
        if known is not resource and known != resource:
            yield Applied(resource)


def _reports(before: Mapping[str, tuple[Problem, ...]], after: Mapping[str, tuple[Problem, ...]]) -> Iterator[Change]:
    for reporter in sorted(before.keys() - after.keys()):
        yield Reported(reporter, ())
    for reporter, problems in after.items():
        if before.get(reporter) != problems:
            yield Reported(reporter, problems)


def _total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(sorted(total.items()))


def _unreadable(name: str, error: OSError) -> Problem:
    return _path_problem(name, reason_of(error))


def _path_problem(path: str, reason: str) -> Problem:
    return Problem(
        Severity.ERROR,
        "unreadable_path",
        f"{path} cannot be read: {reason}.",
        location=Location(path, 0),
        advice="Check that it exists, that it is not too large, and that this program may read it.",
    )


def _dangling_problem(path: str) -> Problem:
    return Problem(
        Severity.WARNING,
        "dangling_link",
        f"{path} is a link to something that does not exist, so nothing is served from it.",
        location=Location(path, 0),
        advice="Bring back what it leads to, or remove the link.",
    )
