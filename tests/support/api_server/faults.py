"""Everything that can go wrong between an API server and its clients, on request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

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


class Rule(msgspec.Struct):
    """Which requests an action is for; ``after`` of them are left alone, and ``times`` is None for no end."""

    action: Action
    verb: str
    resource: str
    namespace: str
    name: str
    times: int | None
    after: int

    def takes(self, request: ApiRequest) -> bool:
        if self.verb not in ("", request.verb) or self.resource not in ("", request.whole_resource):
            return False
        if self.namespace not in ("", request.namespace) or self.name not in ("", request.name):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
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
                if rule.times == 0:
                    self._rules.remove(rule)
                return rule.action
        return None

    def silences(self, request: ApiRequest) -> bool:
        return bool(self._silenced & {"", request.resource})

    def add(
        self,
        action: Action,
        *,
        verb: str = "",
        resource: str = "",
        namespace: str = "",
        name: str = "",
        times: int | None = 1,
        after: int = 0,
    ) -> None:
        """Use an action on requests that match; ``resource`` may name a subresource (``ingresses/status``)."""
        self._rules.append(Rule(action, verb, resource, namespace, name, times, after))

    def clear(self) -> None:
        """Be well again."""
        self._rules.clear()
        self.unsilence_watches()
        for history in self._storage.histories.values():
            history.delay_seconds = 0.0

    def fail(
        self,
        code: int,
        *,
        retry_after_seconds: int | None = None,
        html: bool = False,
        verb: str = "",
        resource: str = "",
        times: int | None = 1,
        after: int = 0,
    ) -> None:
        self.add(Fail(code, retry_after_seconds, html), verb=verb, resource=resource, times=times, after=after)

    def hang(self, *, verb: str = "", resource: str = "", times: int | None = 1, after: int = 0) -> None:
        self.add(Hang(), verb=verb, resource=resource, times=times, after=after)

    def refuse(
        self, *, reset: bool = False, verb: str = "", resource: str = "", times: int | None = 1, after: int = 0
    ) -> None:
        self.add(Refuse(reset), verb=verb, resource=resource, times=times, after=after)

    def end_watches_at_once(self, *, resource: str = "", times: int | None = 1, after: int = 0) -> None:
        self.add(EndAtOnce(), verb="watch", resource=resource, times=times, after=after)

    def drip(
        self,
        *,
        piece_bytes: int,
        seconds: float,
        verb: str = "",
        resource: str = "",
        times: int | None = 1,
        after: int = 0,
    ) -> None:
        self.add(Drip(piece_bytes, seconds), verb=verb, resource=resource, times=times, after=after)

    def truncate(self, size: int, *, verb: str = "", resource: str = "", times: int | None = 1, after: int = 0) -> None:
        self.add(Truncate(size), verb=verb, resource=resource, times=times, after=after)

    def before(
        self,
        call: Callable[[], object],
        *,
        verb: str = "",
        resource: str = "",
        times: int | None = 1,
        after: int = 0,
    ) -> None:
        self.add(Before(call), verb=verb, resource=resource, times=times, after=after)

    def restart(
        self, seconds: float, *, verb: str = "", resource: str = "", times: int | None = 1, after: int = 0
    ) -> None:
        self.add(Restart(seconds), verb=verb, resource=resource, times=times, after=after)

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
