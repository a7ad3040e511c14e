"""The fields of a request's head, read once for all the requests of a connection that bring the same."""

from __future__ import annotations

from typing import Final

from ingressd.proxy.authority import NO_AUTHORITY, Authority
from ingressd.proxy.field_scanner import KnownField
from ingressd.proxy.fields import Field, parse_fields
from ingressd.proxy.forwarded_fields import REPLACED
from ingressd.proxy.framing import Framing

LONGEST_KEPT_BYTES: Final = 2048
"""The longest head whose section a connection keeps for its next request: an idle connection should cost little."""


class HeaderSection:
    """What the bytes of a head behind its first line say (RFC 9112 section 5), whatever the method and the target are.

    ``raw`` is the whole head with which it came, and it begins there at ``begin``; ``known`` are the fields in it that
    are not all passed on as they are. ``upgrade`` is the protocol asked for, in lower case, when the request validly
    asks for one. ``spliceable``: every other line may be passed on unread. ``host_is_plain``: so may the Host field.
    ``takes_trailers``: the client wants the fields behind a chunked answer. ``request_id`` is the only value of
    X-Request-ID. ``repeatable``: the same bytes mean the same beside any other HTTP/1.1 request line. To be taken as
    frozen.
    """

    __slots__ = (
        "_lines",
        "_passed",
        "authority",
        "begin",
        "expects_continue",
        "framing",
        "has_body",
        "host_is_plain",
        "keep_alive",
        "known",
        "passes_length",
        "raw",
        "repeatable",
        "request_id",
        "spliceable",
        "takes_trailers",
        "upgrade",
    )

    def __init__(
        self,
        raw: bytes,
        begin: int,
        known: list[KnownField],
        *,
        authority: Authority,
        framing: Framing,
        keep_alive: bool,
        spliceable: bool,
        host_is_plain: bool,
        expects_continue: bool,
        upgrade: bytes | None,
        takes_trailers: bool,
        request_id: bytes | None,
        repeatable: bool,
    ) -> None:
        self.raw: Final = raw
        self.begin: Final = begin
        self.known: Final = known
        self.authority: Final = authority
        self.framing: Final = framing
        self.has_body: Final = framing.chunked or bool(framing.length)
        self.keep_alive: Final = keep_alive
        self.spliceable: Final = spliceable
        self.host_is_plain: Final = host_is_plain
        self.expects_continue: Final = expects_continue
        self.upgrade: Final = upgrade
        self.takes_trailers: Final = takes_trailers
        self.request_id: Final = request_id
        self.repeatable: Final = repeatable and len(raw) <= LONGEST_KEPT_BYTES
        self._lines: bytes | None = None
        self._passed: bytes | None = None
        self.passes_length = False
        """Whether ``passed_lines`` has a Content-Length; known once they have been asked for."""

    @property
    def length(self) -> int:
        """In bytes, with the empty line at its end."""
        return len(self.raw) - self.begin

    def stands_at(self, data: bytes, position: int) -> bool:
        """Whether the same bytes are in ``data`` from ``position`` on, so that another look would find the same."""
        if not self.repeatable:
            return False
        lines = self._lines
        if lines is None:
            lines = self._lines = self.raw[self.begin :]
        return data[position : position + len(lines)] == lines

    @property
    def passed_lines(self) -> bytes:
        """The lines that an upstream gets unchanged where nothing else is to be rewritten: of the known fields only
        Host, and a length in its one spelling."""
        if self._passed is None:
            self._passed = self._pass_lines()
        return self._passed

    def _pass_lines(self) -> bytes:
        raw, begin = self.raw, self.begin
        pieces: list[bytes] = []
        if len(self.known) > 1:
            for field in self.known:
                if field.name == b"host":
                    continue
                if field.name == b"content-length" and field.plain and field.canonical_number:
                    self.passes_length = True
                    continue
                if field.begin > begin:
                    pieces.append(raw[begin : field.begin])
                begin = field.end
        last = raw[begin : len(raw) - 2]
        if not pieces:
            return last
        pieces.append(last)
        return b"".join(pieces)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field in the order, spelling and bytes of the client, without fields whose name has an underscore:
        applications read ``X_Real_Ip`` and ``X-Real-Ip`` as one. It is read anew each time."""
        return tuple([field for field in self.every_field() if b"_" not in field[0]])

    def every_field(self) -> list[Field]:
        """``fields``, and those with an underscore."""
        return parse_fields(self.raw[self.begin : -2]) or []

    def values(self, name: bytes) -> list[bytes]:
        """All values of the field ``name`` (lower case), in order."""
        if name in REPLACED:
            return [field.value for field in self.known if field.name == name]
        return [value for lower, _, value in self.fields if lower == name]


NO_SECTION: Final = HeaderSection(
    b"",
    0,
    [],
    authority=NO_AUTHORITY,
    framing=Framing(),
    keep_alive=False,
    spliceable=False,
    host_is_plain=False,
    expects_continue=False,
    upgrade=None,
    takes_trailers=False,
    request_id=None,
    repeatable=False,
)
"""Of a connection that has sent no head yet: nothing repeats it."""
