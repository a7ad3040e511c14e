"""Manifests in files and folders, as a source of changes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import logging
import os
import stat
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import BinaryIO

import msgspec
import watchfiles

from ingressd.resources.change import Applied, Change, Deleted, Reported, Synced
from ingressd.resources.key import ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Location, Problem, Severity
from ingressd.sources.contents import read_contents
from ingressd.sources.documents import MOST_BYTES
from ingressd.sources.holdings import Holding, hold, merge
from ingressd.sources.listing import STANDARD_INPUT, ListedFile, Listing, list_files
from ingressd.sources.origins import Origins

STANDARD_INPUT_NAME = "<stdin>"

# An editor truncates a file and writes it a moment later: what is quiet for this long is whole.
_QUIET_MILLISECONDS = 50
_LONGEST_BURST_MILLISECONDS = 150
# The watcher wakes this often, and every so many times the files are looked at without a reason: what changed
# while the watcher started, and what file systems without notifications (network mounts) never say.
_WAKE_MILLISECONDS = 250
_WAKES_BETWEEN_LOOKS = 20
_PAUSE_AFTER_LOST_FOLDER_SECONDS = 0.05
# Two writes may get the same modification time when they are closer than the clock of the file system is fine.
_RACY_NANOSECONDS = 2_000_000_000

_log = logging.getLogger(__name__)


class SourceError(Exception):
    """A path that cannot be served at all. The message names it and says what to do."""


class _Known(msgspec.Struct, frozen=True, eq=False):
    """A file as it was read last. ``signature`` is None when the next look has to read it again."""

    signature: tuple[int, ...] | None
    digest: bytes
    holding: Holding


class FileSource:
    """Reads manifests, watches them, and says what changed.

    ``paths`` are files, folders (recursive), or ``-`` for standard input, which is read once, like a pipe. An
    object that becomes invalid keeps its last good version; a document that cannot be read keeps every object
    of its file. Of an object that is defined twice, the first counts, in the order of ``paths`` and then by
    name. Raises SourceError for a path that does not exist when the source is made.
    """

    def __init__(
        self, paths: Sequence[str], *, watch: bool = True, standard_input: BinaryIO | None = None
    ) -> None:
        for path in paths:
            if path != STANDARD_INPUT and not os.path.exists(path):
                raise SourceError(f"{path}: there is no such file or folder. Check the path.")
        if not paths:
            raise SourceError("No manifests to serve. Name a file, a folder, or - for standard input.")
        self._paths = tuple(dict.fromkeys(paths))
        self._watch = watch
        self._standard_input = standard_input
        self._once: dict[str, _Known] = {}
        self._known: dict[str, _Known] = {}
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
        self._objects, self._reported = {}, {}
        self._was_read = True
        return (*self._refresh(), Synced())

    async def changes(self) -> AsyncIterator[tuple[Change, ...]]:
        """What changed, a batch at a time; first of all everything, unless ``read`` has said it.

        Ends when nothing is watched. Reading and parsing happen in a thread.
        """
        if not self._was_read:
            yield await asyncio.to_thread(self.read)
        while self._watch and self._listing.watched:
            listing = self._listing
            async with contextlib.aclosing(_wakes(listing)) as wakes:
                async for _ in wakes:
                    batch = await asyncio.to_thread(self._refresh)
                    if batch:
                        yield batch
                    if self._listing.watched != listing.watched or self._listing.entries != listing.entries:
                        break

    def _refresh(self) -> tuple[Change, ...]:
        """Look at every file, and say what differs from what was said before."""
        listing = list_files(self._paths)
        known = {name: entry for name, entry in self._read_files(listing)}
        holdings = {name: entry.holding for name, entry in known.items()}
        merged = merge(holdings)
        objects = {key: placed.object for key, placed in merged.objects.items()}
        reported: dict[str, tuple[Problem, ...]] = {
            path: (_path_problem(path, reason),) for path, reason in listing.problems.items()
        }
        for name, holding in holdings.items():
            problems = reported.get(name, ()) + holding.problems + merged.duplicates.get(name, ())
            if problems:
                reported[name] = problems
        changes = (*_object_changes(self._objects, objects), *_reports(self._reported, reported))
        self._listing, self._known, self._objects, self._reported = listing, known, objects, reported
        self._passed_over = _total(holding.passed_over for holding in holdings.values())
        self._origins.replace({key: placed.origin for key, placed in merged.objects.items()})
        return changes

    def _read_files(self, listing: Listing) -> Iterator[tuple[str, _Known]]:
        """The files by name, in the order of the paths given."""
        raise NotImplementedError
