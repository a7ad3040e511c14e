"""One open watch (Kubernetes documentation, "API Concepts", "Efficient detection of changes")."""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from .kinds import ApiKind
from .list_options import ListOptions
from .selectors import Selection
from .status_error import expired, too_large
from .storage import Event, Storage

EVENTS_AT_A_TIME = 500
DEFAULT_TIMEOUT_SECONDS = 1800.0
END_OF_INITIAL_EVENTS = "k8s.io/initial-events-end"

Send = Callable[[bytes], Awaitable[None]]


class Ending(enum.Enum):
    """How a watch ends."""

    CLEAN = "clean"
    CUT = "cut"  # the connection closes inside the body
    RESET = "reset"


class Watch:
    """What a client is told, from its resource version on, until time is up or a fault ends it.

    Faults act on an open watch through ``send``, ``end`` and ``silent``.
    """

    def __init__(self, storage: Storage, kind: ApiKind, selection: Selection, options: ListOptions) -> None:
        self.kind = kind
        self.namespace = selection.namespace
        self.silent = False
        self.last_line = b""
        self._storage = storage
        self._history = storage.histories[kind]
        self._selection = selection
        self._options = options
        self._orders: deque[bytes | Ending | Callable[[], bytes]] = deque()
        self._changed = asyncio.Event()
        self._position = 0

    def send(self, data: bytes) -> None:
        """Send these bytes next, whatever they are."""
        self._orders.append(data)
        self._changed.set()

    def end(self, ending: Ending = Ending.CLEAN) -> None:
        self._orders.append(ending)
        self._changed.set()

    def silence(self) -> None:
        self.silent = True

    def unsilence(self) -> None:
        self.silent = False
        self._changed.set()

    def bookmark(self) -> None:
        if self._options.bookmarks and not self.silent:
            # What it says is decided when its turn comes, after the events of before.
            self._orders.append(self._bookmark)
            self._changed.set()

    async def run(self, send: Send, bookmark_seconds: float) -> Ending:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (self._options.timeout_seconds or DEFAULT_TIMEOUT_SECONDS)
        next_bookmark = loop.time() + bookmark_seconds
        first = self._start()
        self._history.listen(self._changed.set)
        try:
            while self.silent or loop.time() < deadline:
                self._changed.clear()
                if first and not self.silent:
                    await send(first)
                    first = b""
                while not self.silent and (lines := self._next_lines()):
                    await send(lines)
                while not self.silent and self._orders:
                    order = self._orders.popleft()
                    if isinstance(order, Ending):
                        return order
                    await send(order if isinstance(order, bytes) else order())
                if loop.time() >= next_bookmark:
                    next_bookmark = loop.time() + bookmark_seconds
                    self.bookmark()
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(next_bookmark if self.silent else min(deadline, next_bookmark)):
                        await self._changed.wait()
        finally:
            self._history.forget(self._changed.set)
        return Ending.CLEAN

    def _start(self) -> bytes:
        """Decide where to start, and return the lines about what there is already."""
        wanted, storage = self._options.resource_version, self._storage
        self._position = self._history.end
        initial = self._options.send_initial_events
        if initial is None:
            initial = not wanted
        if initial or not wanted:
            if wanted and wanted > storage.resource_version:
                self.end()
                return too_large(wanted, storage.resource_version).event()
            return self._initial_lines() if initial else b""
        if wanted < storage.oldest(self.kind):
            # As the real server: once the request is understood, everything is said inside the stream.
            self.end()
            return expired(wanted, storage.oldest(self.kind)).event()
        self._position = self._history.position_after(wanted)
        return b""

    def _initial_lines(self) -> bytes:
        matching = (each for each in self._storage.all(self.kind) if self._selection.matches(each))
        lines = [b'{"type":"ADDED","object":%b}\n' % each.whole(self.kind) for each in matching]
        if self._options.bookmarks:
            lines.append(self._bookmark({END_OF_INITIAL_EVENTS: "true"}))
        return b"".join(lines)

    def _next_lines(self) -> bytes:
        history = self._history
        if self._position < history.dropped:
            self.end()
            return b""
        end = min(history.visible, self._position + EVENTS_AT_A_TIME)
        lines: list[bytes] = []
        while self._position < end and not lines:
            events = history.between(self._position, end)
            self._position = end
            end = min(history.visible, self._position + EVENTS_AT_A_TIME)
            lines = [event.line(seen_as) for event in events if (seen_as := event_type(self._selection, event))]
        if lines:
            self.last_line = lines[-1]
        return b"".join(lines)

    def _bookmark(self, annotations: dict[str, str] | None = None) -> bytes:
        waiting = self._history.between(max(self._position, self._history.dropped), self._history.end)
        version = waiting[0].resource_version - 1 if waiting else self._storage.resource_version
        metadata: dict[str, object] = {"resourceVersion": str(version), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        shown = {"kind": self.kind.kind, "apiVersion": self.kind.api_version, "metadata": metadata}
        return msgspec.json.encode({"type": "BOOKMARK", "object": shown}) + b"\n"


def event_type(selection: Selection, event: Event) -> str:
    """Return what a write looks like to a selector: an object that stops to match is deleted; "" is nothing at all."""
    before = event.previous is not None and selection.matches(event.previous)
    after = event.type != "DELETED" and selection.matches(event.current)
    if after:
        return "MODIFIED" if before else "ADDED"
    return "DELETED" if before else ""
