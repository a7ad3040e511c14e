"""The strict look at all fields of a head at once, which finds the few that decide something."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from ingressd.proxy.byte_classes import byte_classes
from ingressd.proxy.compiled import COMPILED
from ingressd.proxy.fields import TOKEN, VALUE_BYTE

if TYPE_CHECKING:
    from mypy_extensions import i64


class KnownField:
    """A field whose name was looked for: ``name`` in lower case, and where its line begins and ends in the head, the
    CRLF included. To be taken as frozen."""

    __slots__ = ("_head", "_value_begin", "_value_end", "begin", "end", "name")

    def __init__(self, name: bytes, head: bytes, begin: int, value_begin: int, value_end: int, end: int) -> None:
        self.name: Final = name
        self.begin: Final = begin
        self.end: Final = end
        self._head: Final = head
        self._value_begin: Final = value_begin
        self._value_end: Final = value_end

    @property
    def value(self) -> bytes:
        """Without the white space around it."""
        return self._head[self._value_begin : self._value_end]

    @property
    def canonical_number(self) -> bool:
        """Whether the value, which is digits, is a number in its one spelling: without a zero in front."""
        return self._value_end - self._value_begin == 1 or self._head[self._value_begin] != _ZERO

    @property
    def plain(self) -> bool:
        """Whether one space stands before the value, and no other white space around it."""
        begin = self.begin + len(self.name) + 1
        return self._head[begin] == _SPACE and self._value_begin == begin + 1 and self._value_end == self.end - 2

    def __repr__(self) -> str:
        return f"KnownField({self.name!r}, {self.value!r}, {self.begin}, {self.end})"


class FieldScan:
    """What one look found: the known fields in their order, how many fields there are, whether the name of one has an
    underscore, where the head ends, and which of the scanner's ``noted`` names were there: the first is bit 0. The
    other fields stay unread bytes. To be taken as frozen."""

    __slots__ = ("count", "end", "known", "noted", "underscored")

    def __init__(self, known: list[KnownField], noted: int, count: int, underscored: bool, end: int) -> None:
        self.known: Final = known
        self.noted: Final = noted
        self.count: Final = count
        self.underscored: Final = underscored
        self.end: Final = end


class FieldScanner:
    """Validates all fields of a head. It is written twice, and gives the same."""

    __slots__ = ("_by_shape", "_find", "_noted")

    def __init__(self, names: Iterable[bytes], noted: Iterable[bytes] = ()) -> None:
        """Both in lower case, each name shorter than 32 bytes. Of fields in ``noted``, nothing is kept but that they
        are there."""
        self._noted: Final = {name: 1 << bit for bit, name in enumerate(noted)}
        ordered = sorted([*names, *self._noted])
        by_shape: list[list[tuple[bytes, int]]] = [[] for _ in range(_SHAPES)]
        for name in ordered:
            by_shape[len(name) * _LETTERS + name[0] % _LETTERS].append((name, self._noted.get(name, 0)))
        self._by_shape: Final = by_shape
        first = b"".join(sorted({name[:1] + name[:1].upper() for name in ordered}))
        alternatives = b"|".join(map(re.escape, ordered))
        # The look at one character is what makes passing over an uninteresting line cheap.
        pattern = rb"\r\n(?=[%b])(?i:(%b)):[ \t]*+([^\r]*+)" % (first, alternatives)
        self._find: Final = re.compile(pattern).finditer

    def scan(self, data: bytes, line_end: int) -> FieldScan | None:
        """Look at the fields of the head at the start of ``data``, whose first line ends at ``line_end``, up to its
        empty line. None if a byte of any field is outside the grammar, or the head is not complete."""
        return self.walk(data, line_end) if COMPILED else self.search(data, line_end)

    def walk(self, data: bytes, line_end: int) -> FieldScan | None:
        """``scan`` byte by byte."""
        known: list[KnownField] = []
        classes = _BYTE_CLASSES
        noted = 0
        count: i64 = 0
        seen: i64 = 0
        position: i64 = line_end + 2
        try:
            while True:
                begin: i64 = position
                kind: i64 = classes[data[position]]
                while kind & _NAME:
                    seen |= kind
                    position += 1
                    kind = classes[data[position]]
                if data[position] != _COLON:
                    break
                length: i64 = position - begin
                if length == 0:
                    return None
                position += 1
                while classes[data[position]] & _VALUE:
                    position += 1
                if data[position] != _CARRIAGE_RETURN or data[position + 1] != _LINE_FEED:
                    return None
                position += 2
                count += 1
                if length < _LONGEST:
                    shape: i64 = length * _LETTERS + data[begin] % _LETTERS
                    for name, bit in self._by_shape[shape]:
                        if _is_name(data, begin, name):
                            if bit:
                                noted |= bit
                            else:
                                known.append(_known_field(name, data, begin, position))
            if begin != position or data[position] != _CARRIAGE_RETURN or data[position + 1] != _LINE_FEED:
                return None
        except IndexError:
            return None
        return FieldScan(known, noted, count, seen & _UNDERSCORE != 0, position + 2)

    def search(self, data: bytes, line_end: int) -> FieldScan | None:
        """``scan`` by regular expressions."""
        lines = _FIELD_LINES.match(data, line_end)
        if lines is None or not data.startswith(b"\r\n", lines.end()):
            return None
        end = lines.end()
        known: list[KnownField] = []
        noted = 0
        for match in self._find(data, line_end, end):
            name = match[1].lower()
            if name in self._noted:
                noted |= self._noted[name]
                continue
            value_begin = match.start(2)
            value_end = value_begin + len(match[2].rstrip(b" \t"))
            known.append(KnownField(name, data, match.start() + 2, value_begin, value_end, match.end() + 2))
        underscored = _WITH_UNDERSCORE.search(data, line_end, end) is not None
        return FieldScan(known, noted, data.count(b"\n", line_end, end) - 1, underscored, end + 2)


def remove_lines(head: bytes, begin: int, fields: list[KnownField]) -> bytes:
    """Return the field lines of ``head``, which begin at ``begin``, without these fields and the empty line."""
    kept: list[bytes] = []
    for field in fields:
        if field.begin > begin:
            kept.append(head[begin : field.begin])
        begin = field.end
    kept.append(head[begin : len(head) - 2])
    return b"".join(kept) if len(kept) > 1 else kept[0]


def _is_name(head: bytes, begin: i64, name: bytes) -> bool:
    """Whether the name that begins at ``begin``, and is as long, is ``name`` but for its case."""
    length: i64 = len(name)
    index: i64 = 0
    while index < length:
        byte: i64 = head[begin + index]
        if byte != name[index] and not (_UPPER_A <= byte <= _UPPER_Z and byte + _TO_LOWER == name[index]):
            return False
        index += 1
    return True


def _known_field(name: bytes, head: bytes, begin: i64, end: i64) -> KnownField:
    value_begin: i64 = begin + len(name) + 1
    value_end: i64 = end - 2
    while value_begin < value_end and (head[value_begin] == _SPACE or head[value_begin] == _TAB):
        value_begin += 1
    while value_begin < value_end and (head[value_end - 1] == _SPACE or head[value_end - 1] == _TAB):
        value_end -= 1
    return KnownField(name, head, begin, value_begin, value_end, end)


_FIELD_LINES: Final = re.compile(rb"\r\n(?:" + TOKEN + rb"+:" + VALUE_BYTE + rb"*+\r\n)*+")
_WITH_UNDERSCORE: Final = re.compile(rb"\r\n[^:\r_]*+_")

_LONGEST: Final = 32
_LETTERS: Final = 32
"""A letter and its capital are the same modulo this."""
_SHAPES: Final = _LONGEST * _LETTERS

_NAME: Final = 1
_VALUE: Final = 2
_UNDERSCORE: Final = 4

_TAB: Final = 0x09
_LINE_FEED: Final = 0x0A
_CARRIAGE_RETURN: Final = 0x0D
_SPACE: Final = 0x20
_ZERO: Final = 0x30
_COLON: Final = 0x3A
_UPPER_A: Final = 0x41
_UPPER_Z: Final = 0x5A
_TO_LOWER: Final = 0x20


_BYTE_CLASSES: Final = byte_classes(((_NAME, TOKEN), (_VALUE, VALUE_BYTE), (_UNDERSCORE, rb"_")))
