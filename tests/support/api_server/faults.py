"""Everything that can go wrong between an API server and its clients, on request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypedDict, Unpack

import msgspec

from .kinds import Json
from .request_path import ApiRequest
from .status_error import REASONS, StatusError, expired
from .storage import Storage
from .watch import Ending, Watch

BAD_GATEWAY_PAGE = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>gateway</body>\r\n</html>\r\n"


class Fail(msgspec.Struct, frozen=True):
    """Answer with this status; ``html`` is how a load balancer in front says it."""

    code: int
    retry_after_seconds: int | None = None
    html: bool = False

    def failure(self) -> StatusError:
        details: Json | None = None
        if self.retry_after_seconds is not None:
            details = {"retryAfterSeconds": self.retry_after_seconds}
        return StatusError(self.code, f"{REASONS.get(self.code, 'failure')} on request", details=details)


class Hang(msgspec.Struct, frozen=True):
    """Never answer."""


class Refuse(msgspec.Struct, frozen=True):
    """Close the connection instead of answering."""

    reset: bool


class EndAtOnce(msgspec.Struct, frozen=True):
    """Begin a good answer, and end it with nothing in it."""


class Drip(msgspec.Struct, frozen=True):
    """Send the answer in small pieces with pauses."""

    piece_bytes: int
    seconds: float


class Truncate(msgspec.Struct, frozen=True):
    """Cut the connection after so many bytes of the body."""

    size: int


class Before(msgspec.Struct, frozen=True):
    """Call something, then answer as usual."""

    call: Callable[[], object]


class Restart(msgspec.Struct, frozen=True):
    """Be away for a while, beginning in the middle of this request."""

    seconds: float


Action = Fail | Hang | Refuse | EndAtOnce | Drip | Truncate | Before | Restart


class Which(TypedDict, total=False):
    """Which requests a fault is for; what is left out matches everything.

    ``resource`` may name a subresource (``ingresses/status``). ``after`` of them are left alone first; then ``times``
    of them meet the fault, 1 unless given, and None is for all until ``clear()``.
    """

    verb: str
    resource: str
    namespace: str
    name: str
    times: int | None
    after: int


class Rule:
    """An action for some requests, counted down."""

    def __init__(self, action: Action, which: Which) -> None:
        self.action = action
        self._which = which
        self._after = which.get("after", 0)
        self._times = which.get("times", 1)

    @property
    def used_up(self) -> bool:
        return self._times == 0

    def takes(self, request: ApiRequest) -> bool:
        which = self._which
        if (
            which.get("verb", request.verb) != request.verb
            or which.get("resource", request.whole_resource) != request.whole_resource
            or which.get("namespace", request.namespace) != request.namespace
            or which.get("name", request.name) != request.name
        ):
            return False
        if self._after:
            self._after -= 1
            return False
        if self._times is not None:
            self._times -= 1
        return True


class Faults:
    """See the package for all of them together."""

    def __init__(self, storage: Storage, watches: Collection[Watch]) -> None:
        self._storage = storage
        self._watches = watches
        self._rules: list[Rule] = []
        self._silenced: set[str] = set()

    def action(self, request: ApiRequest) -> Action | None:
        """Return what is to happen with a request; the oldest rule that takes it decides."""
        for rule in tuple(self._rules):
            if rule.takes(request):
                if rule.used_up:
                    self._rules.remove(rule)
                return rule.action
        return None

    def silences(self, request: ApiRequest) -> bool:
        return bool(self._silenced & {"", request.resource})

    def add(self, action: Action, **which: Unpack[Which]) -> None:
        self._rules.append(Rule(action, which))

    def clear(self) -> None:
        """Be well again."""
        self._rules.clear()
        self.unsilence_watches()
        for history in self._storage.histories.values():
            history.delay_seconds = 0.0

    def fail(
        self, code: int, *, retry_after_seconds: int | None = None, html: bool = False, **which: Unpack[Which]
    ) -> None:
        self.add(Fail(code, retry_after_seconds, html), **which)

    def hang(self, **which: Unpack[Which]) -> None:
        self.add(Hang(), **which)

    def refuse(self, *, reset: bool = False, **which: Unpack[Which]) -> None:
        self.add(Refuse(reset), **which)

    def end_watches_at_once(self, **which: Unpack[Which]) -> None:
        which["verb"] = "watch"
        self.add(EndAtOnce(), **which)

    def drip(self, *, piece_bytes: int, seconds: float, **which: Unpack[Which]) -> None:
        self.add(Drip(piece_bytes, seconds), **which)

    def truncate(self, size: int, **which: Unpack[Which]) -> None:
        self.add(Truncate(size), **which)

    def before(self, call: Callable[[], object], **which: Unpack[Which]) -> None:
        self.add(Before(call), **which)

    def restart(self, seconds: float, **which: Unpack[Which]) -> None:
        self.add(Restart(seconds), **which)

    def drop_watches(self, resource: str = "") -> int:
        """End open watches cleanly, and return how many."""
        return self._end(resource, Ending.CLEAN)

    def cut_watches(self, resource: str = "", *, reset: bool = False) -> int:
        """Cut open watches in the middle of a line: with FIN, or with RST."""
        for watch in self._open(resource):
            line = watch.last_line or b'{"type":"ADDED","object":{"kind":"Unfinished"}}\n'
            watch.send(line[: len(line) // 2])
        return self._end(resource, Ending.RESET if reset else Ending.CUT)

    def expire_watches(self, resource: str = "") -> int:
        """Say inside open watches that their resource version is too old, as after a compaction."""
        for watch in self._open(resource):
            watch.send(expired(1, self._storage.resource_version).event())
        return self._end(resource, Ending.CLEAN)

    def fail_watches(self, code: int, resource: str = "", *, retry_after_seconds: int | None = None) -> int:
        """End open watches with an ERROR event of another status."""
        for watch in self._open(resource):
            watch.send(Fail(code, retry_after_seconds).failure().event())
        return self._end(resource, Ending.CLEAN)

    def garble_watches(self, resource: str = "", line: bytes = b"upstream connect error, \x00\xff{]\n") -> None:
        """Put a line into open watches that is no event."""
        for watch in self._open(resource):
            watch.send(line)

    def repeat_last_events(self, resource: str = "") -> None:
        """Send the last event of each open watch once more."""
        for watch in self._open(resource):
            watch.send(watch.last_line)

    def silence_watches(self, resource: str = "") -> None:
        """Let open and new watches be silent, as behind a connection of which one end is gone."""
        self._silenced.add(resource)
        for watch in self._open(resource):
            watch.silence()

    def unsilence_watches(self) -> None:
        self._silenced.clear()
        for watch in tuple(self._watches):
            watch.unsilence()

    def send_bookmarks(self, resource: str = "") -> None:
        for watch in self._open(resource):
            watch.bookmark()

    def delay_events(self, resource: str, seconds: float) -> None:
        """Let the watches of a resource see its events so much later; 0 ends it for new events."""
        for kind, history in self._storage.histories.items():
            if kind.plural == resource:
                history.delay_seconds = seconds

    def _open(self, resource: str) -> Iterable[Watch]:
        return [watch for watch in self._watches if resource in ("", watch.kind.plural)]

    def _end(self, resource: str, ending: Ending) -> int:
        open_watches = list(self._open(resource))
        for watch in open_watches:
            watch.end(ending)
        return len(open_watches)
