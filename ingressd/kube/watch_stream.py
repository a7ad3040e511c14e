"""The body of a watch, to its events.

Kubernetes API Concepts, "Efficient detection of changes": one JSON object for each event, each on a line of its
own. Nothing here waits or reads: pieces go in as they came from the network, cut anywhere.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

import msgspec

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.api_status import error_of_event

MOST_EVENT_BYTES = 16 * 1024 * 1024
"""etcd refuses objects of more than 1.5 MiB; what is ten times as large is no event."""


class EventType(enum.StrEnum):
    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"


class WatchEvent(NamedTuple):
    """``object`` is raw JSON: all of the object, or, in a bookmark, little more than its resource version."""

    type: EventType
    object: msgspec.Raw


class EventTooLargeError(ApiError):
    """An event that was not read. Asking for it again gives the same one: list instead."""

    def __init__(self, most_bytes: int) -> None:
        message = f"An event of the watch is larger than {most_bytes} bytes, so it was not read."
        super().__init__(ApiFault.MALFORMED, message)


class EventCutError(ApiError):
    """The end of a watch in the middle of an event. When that happens to the same event again and again, something on
    the way does not let it through: list instead."""

    def __init__(self, message: str) -> None:
        super().__init__(ApiFault.UNREACHABLE, message)


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Bookmark(msgspec.Struct):
    metadata: _Metadata


_LINE = msgspec.json.Decoder(_Line)
_BOOKMARK = msgspec.json.Decoder(_Bookmark)


def bookmarked_version(bookmark: msgspec.Raw) -> str:
    """The resource version up to which everything was sent; empty when the bookmark has none."""
    try:
        return _BOOKMARK.decode(bookmark).metadata.resource_version
    except (msgspec.MsgspecError, ValueError):
        return ""


class WatchStream:
    """Takes pieces, gives events. ``failure`` says why the stream is over; after it nothing more is given.

    An ERROR event is such a failure. What came before it is still given, however the pieces were cut.
    """

    def __init__(self, most_event_bytes: int = MOST_EVENT_BYTES) -> None:
        self._failure: ApiError | None = None
        self._most = most_event_bytes
        self._begun = bytearray()

    @property
    def failure(self) -> ApiError | None:
        return self._failure

    @property
    def in_event(self) -> bool:
        """True when the last event given is followed by the beginning of another one."""
        return bool(self._begun)

    def feed(self, piece: bytes) -> list[WatchEvent]:
        """Return the events that ``piece`` completes."""
        events: list[WatchEvent] = []
        if self._failure is not None:
            return events
        *complete, rest = piece.split(b"\n")
        try:
            for line in complete:
                event = self._read(self._completed(line))
                if event is not None:
                    events.append(event)
            self._begun += rest
            self._check_size(len(self._begun))
        except ApiError as failure:
            self._failure = failure
            self._begun.clear()
        return events

    def _completed(self, line: bytes) -> bytes:
        if not self._begun:
            return line
        self._begun += line
        whole = bytes(self._begun)
        self._begun.clear()
        return whole

    def _read(self, line: bytes) -> WatchEvent | None:
        """The event of one line; None for an empty line. Raises ApiError for what ends the stream."""
        self._check_size(len(line))
        try:
            read = _LINE.decode(line)
            event = None if read.type == "ERROR" else WatchEvent(EventType(read.type), read.object)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            if not line.strip():
                return None
            # Not a word of it: it may be a part of a Secret.
            message = f"The watch holds {len(line)} bytes that are no event."
            raise ApiError(ApiFault.MALFORMED, message) from None
        if event is None:
            raise error_of_event(bytes(read.object))
        return event

    def _check_size(self, size: int) -> None:
        if size > self._most:
            raise EventTooLargeError(self._most)
