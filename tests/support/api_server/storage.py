"""What is stored, with the history that watches and consistent lists are served from.

One counter gives every write of every kind its resource version, as etcd's revision does.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import cached_property

import msgspec

from .kinds import KINDS, NAMES, ApiKind, Json
from .status_error import expired

FIRST_RESOURCE_VERSION = 100
"""Not 0, so that there are resource versions that are too old from the start."""


class Stored(msgspec.Struct, frozen=True, dict=True):
    """One version of one object. ``encoded`` is its JSON without ``kind`` and ``apiVersion``, as lists show it."""

    namespace: str
    name: str
    resource_version: int
    encoded: bytes
    labels: Mapping[str, str]
    fields: Mapping[str, str]

    @cached_property
    def key(self) -> str:
        """What lists are sorted by."""
        return f"{self.namespace}/{self.name}"

    def whole(self, kind: ApiKind) -> bytes:
        """Return the object's JSON as it is when it stands alone."""
        return kind.opening + self.encoded[1:]

    def value(self) -> Json:
        """Return a copy that the caller may change; without ``kind`` and ``apiVersion``."""
        value: Json = msgspec.json.decode(self.encoded)
        return value


class Event:
    """One write. ``current`` is what was written, or the last state at its deletion; ``previous`` what was before."""

    __slots__ = ("_lines", "current", "kind", "previous", "type")

    def __init__(self, event_type: str, kind: ApiKind, current: Stored, previous: Stored | None) -> None:
        self.type = event_type
        self.kind = kind
        self.current = current
        self.previous = previous
        self._lines: dict[str, bytes] = {}

    @property
    def resource_version(self) -> int:
        return self.current.resource_version

    def line(self, event_type: str = "") -> bytes:
        """Return what a watch sends, encoded once for all watches.

        ``event_type`` is what the write looks like to one selector; when it looks like a deletion, the object is
        shown as it was while it matched (Kubernetes ``cacher/cache_watcher.go``).
        """
        event_type = event_type or self.type
        if (line := self._lines.get(event_type)) is None:
            shown = self.current
            if event_type == "DELETED" and self.type != "DELETED" and self.previous is not None:
                value = self.previous.value()
                value["metadata"]["resourceVersion"] = str(self.resource_version)
                shown = stored(self.kind, value)
            line = b'{"type":"%b","object":%b}\n' % (event_type.encode(), shown.whole(self.kind))
            self._lines[event_type] = line
        return line


class History:
    """The last writes of one kind, in order; positions are counted from the first write ever.

    ``delay_seconds`` keeps new events from the watches for a while, in order, as a slow controller or a slow watch
    cache does.
    """

    def __init__(self, window: int) -> None:
        self.events: list[Event] = []
        self.dropped = 0
        self.oldest = 0
        self.visible = 0
        self.delay_seconds = 0.0
        self._window = window
        self._visible_at = 0.0
        self._listeners: set[Callable[[], None]] = set()

    @property
    def end(self) -> int:
        return self.dropped + len(self.events)

    def append(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) > 2 * self._window:
            self.drop(self.dropped + len(self.events) - self._window)
        if self.delay_seconds or self.visible < self.end - 1:
            loop = asyncio.get_running_loop()
            self._visible_at = max(self._visible_at, loop.time() + self.delay_seconds)
            loop.call_at(self._visible_at, self._show, self.end)
        else:
            self._show(self.end)

    def _show(self, position: int) -> None:
        self.visible = max(self.visible, position)
        for listener in tuple(self._listeners):
            listener()

    def drop(self, position: int) -> None:
        """Forget what was written before ``position``."""
        count = position - self.dropped
        if count > 0:
            self.oldest = self.events[count - 1].resource_version
            del self.events[:count]
            self.dropped = position

    def position_after(self, resource_version: int) -> int:
        return self.dropped + bisect_right(self.events, resource_version, key=lambda event: event.resource_version)

    def between(self, start: int, end: int) -> list[Event]:
        return self.events[start - self.dropped : end - self.dropped]

    def listen(self, listener: Callable[[], None]) -> None:
        self._listeners.add(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        self._listeners.discard(listener)


class Storage:
    def __init__(self, *, window: int) -> None:
        self.resource_version = FIRST_RESOURCE_VERSION
        self.compacted = FIRST_RESOURCE_VERSION
        self.histories = {kind: History(window) for kind in KINDS}
        self._objects: dict[ApiKind, dict[str, Stored]] = {kind: {} for kind in KINDS}
        self._sorted: dict[ApiKind, list[Stored]] = {}
        self._snapshots: dict[tuple[ApiKind, int], list[Stored]] = {}

    def get(self, kind: ApiKind, namespace: str, name: str) -> Stored | None:
        return self._objects[kind].get(f"{namespace}/{name}")

    def put(self, kind: ApiKind, value: Json) -> Stored:
        """Write one object, new or not; its resource version is set here."""
        self.resource_version += 1
        value["metadata"]["resourceVersion"] = str(self.resource_version)
        written = stored(kind, value)
        previous = self._objects[kind].get(written.key)
        self._objects[kind][written.key] = written
        self._wrote(Event("ADDED" if previous is None else "MODIFIED", kind, written, previous))
        return written

    def remove(self, kind: ApiKind, previous: Stored) -> Stored:
        """Delete one object, and return its last state with the resource version of the deletion."""
        self.resource_version += 1
        value = previous.value()
        value["metadata"]["resourceVersion"] = str(self.resource_version)
        last = stored(kind, value)
        del self._objects[kind][previous.key]
        self._wrote(Event("DELETED", kind, last, previous))
        return last

    def _wrote(self, event: Event) -> None:
        self._sorted.pop(event.kind, None)
        self.histories[event.kind].append(event)

    def all(self, kind: ApiKind) -> list[Stored]:
        if (found := self._sorted.get(kind)) is None:
            found = sorted(self._objects[kind].values(), key=lambda each: each.key)
            self._sorted[kind] = found
        return found

    def snapshot(self, kind: ApiKind, resource_version: int) -> list[Stored]:
        """Return all objects of a kind as they were at a resource version.

        Raises StatusError (410) when that is older than the history.
        """
        history = self.histories[kind]
        if resource_version < self.oldest(kind):
            raise expired(resource_version, self.oldest(kind))
        later = history.between(history.position_after(resource_version), history.end)
        if not later:
            return self.all(kind)
        if (found := self._snapshots.get((kind, resource_version))) is None:
            objects = dict(self._objects[kind])
            for event in reversed(later):
                if event.previous is None:
                    del objects[event.current.key]
                else:
                    objects[event.current.key] = event.previous
            found = sorted(objects.values(), key=lambda each: each.key)
            while len(self._snapshots) >= 8:
                del self._snapshots[next(iter(self._snapshots))]
            self._snapshots[kind, resource_version] = found
        return found

    def oldest(self, kind: ApiKind) -> int:
        """Return the oldest resource version that a watch can start from."""
        return max(self.compacted, self.histories[kind].oldest)

    def compact(self) -> None:
        """Forget all history up to now."""
        self.compacted = self.resource_version
        self._snapshots.clear()


def stored(kind: ApiKind, value: Json) -> Stored:
    metadata = value["metadata"]
    namespace = metadata.get("namespace", "")
    fields = dict(zip(NAMES, (metadata["name"], namespace), strict=True))
    fields.update((path, _text(value, path)) for path in kind.selectable)
    return Stored(
        namespace=namespace,
        name=metadata["name"],
        resource_version=int(metadata["resourceVersion"]),
        encoded=msgspec.json.encode({name: part for name, part in value.items() if name not in ("kind", "apiVersion")}),
        labels=metadata.get("labels") or {},
        fields=fields,
    )


def _text(value: Json, path: str) -> str:
    """Return a field as a field selector sees it: text, and empty when it is not there."""
    if path == "source":
        path = "source.component"
    found: object = value
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return str(found).lower()
    return "" if found is None else str(found)
