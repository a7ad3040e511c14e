"""One text of YAML to plain values, within bounds.

Built on the parser's events rather than on its ready-made loader: that one would turn dates into objects, let
the last of two equal keys win without a word, and recurse as deep as the text asks for. An alias is a second
reference to the same value, so it takes no memory; but whoever walks the value visits it again, so what aliases
amount to is counted as if it were written out.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from ingressd.resources.field_path import shown
from ingressd.sources.composition_error import (
    STANDARD_TAG_PREFIX,
    CompositionError,
    key_error,
    syntax_error,
    tag_error,
)
from ingressd.sources.scalars import resolve

DEEPEST = 100
MOST_REPEATED = 100_000
"""Values that the aliases of one document may stand for, all together."""

LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it; the events are the same."""

_TEXT_TAGS = frozenset({"!", STANDARD_TAG_PREFIX + "str"})
_RESOLVED_TAGS = frozenset({STANDARD_TAG_PREFIX + name for name in ("bool", "int", "float", "null", "timestamp")})
_COLLECTION_TAGS = frozenset({STANDARD_TAG_PREFIX + "map", STANDARD_TAG_PREFIX + "seq"})


class Composed:
    """The value of one document, and the line at which it starts."""

    __slots__ = ("line", "value")

    def __init__(self, value: object, line: int) -> None:
        self.value = value
        self.line = line


class _Frame:
    """A collection whose end has not come yet."""

    __slots__ = ("anchor", "key", "key_lines", "merged", "merges", "size", "value")

    def __init__(self, value: dict[str, object] | list[object], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.size = 1
        self.key: str | None = None
        self.key_lines: dict[str, int] = {}
        self.merges = False
        self.merged: list[tuple[object, int]] = []


_MERGE = "<<"


def compose(text: str, first_line: int = 1) -> Iterator[Composed]:
    """The documents of a text, one after the other. Raises CompositionError where the text goes wrong.

    ``first_line`` is the line of the text in its file; all lines that come out count from it.
    """
    try:
        yield from _composed(text, first_line)
    except yaml.MarkedYAMLError as error:
        raise syntax_error(error, text, first_line) from None
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        message = f"A character here is not allowed in YAML: {error.reason}."
        raise CompositionError("syntax_error", message, line, "Remove the character.") from None


def _composed(text: str, first_line: int) -> Iterator[Composed]:
    builder = _Builder(text, first_line)
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.DocumentEndEvent):
            yield Composed(builder.root, builder.line)
            builder = _Builder(text, first_line)
        else:
            builder.take(event)


class _Builder:
    """Takes the events of one document; afterwards ``root`` is its value and ``line`` the line of its start."""

    def __init__(self, text: str, first_line: int) -> None:
        self.root: object = None
        self.line = first_line
        self._text = text
        self._first_line = first_line
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._repeated = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            if not self._starts_merge(event):
                self._add(_scalar(event, self._first_line), 1, event.anchor, event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            frame = self._stack.pop()
            self._add(_finished(frame), frame.size, frame.anchor, event)
        elif isinstance(event, yaml.AliasEvent):
            value, size = self._referred(event)
            self._add(value, size, None, event)

    def _line(self, event: yaml.Event) -> int:
        return start_line(event, self._first_line)

    def _add(self, value: object, size: int, anchor: str | None, event: yaml.Event) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._stack:
            self.root = value
            if isinstance(event, yaml.ScalarEvent):
                self.line = self._line(event)
            return
        frame = self._stack[-1]
        frame.size += size
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            frame.key = self._key(value, event, frame)
        elif frame.merges:
            frame.merged.append((value, self._line(event)))
            frame.key, frame.merges = None, False
        else:
            frame.value[frame.key] = value
            frame.key = None

    def _key(self, value: object, event: yaml.Event, frame: _Frame) -> str:
        line = self._line(event)
        # kubectl turns whole numbers into text as well: the ports of a tcp-services ConfigMap are such keys.
        key = str(value) if type(value) is int else value
        if not isinstance(key, str):
            raise key_error("null" if value is None else f"{value}".lower(), line, self._text)
        first = frame.key_lines.setdefault(key, line)
        if key in frame.value:
            message = f"The key {shown(key)} is already in this mapping, on line {first}."
            raise CompositionError("duplicate_key", message, line, "Remove one of the two.")
        return key

    def _starts_merge(self, event: yaml.ScalarEvent) -> bool:
        frame = self._stack[-1] if self._stack else None
        if frame is None or frame.key is not None or event.value != _MERGE or not event.implicit[0]:
            return False
        if isinstance(frame.value, list):
            return False
        frame.key, frame.merges = _MERGE, True
        return True

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        line = self._line(event)
        if len(self._stack) >= DEEPEST:
            raise CompositionError("too_deep", f"The document is nested more than {DEEPEST} deep.", line)
        if event.tag is not None and event.tag.startswith(STANDARD_TAG_PREFIX) and event.tag not in _COLLECTION_TAGS:
            raise tag_error(event.tag, line)
        if not self._stack:
            self.line = line
        elif self._stack[-1].key is None and isinstance(self._stack[-1].value, dict):
            raise key_error("a list or a mapping", line, self._text)
        # An anchor inside itself must not find an earlier one of the same name.
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        value: dict[str, object] | list[object] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._stack.append(_Frame(value, event.anchor))

    def _referred(self, event: yaml.AliasEvent) -> tuple[object, int]:
        line = self._line(event)
        name = event.anchor or ""
        found = self._anchors.get(name)
        if found is None:
            inside = any(frame.anchor == name for frame in self._stack)
            reason = "stands inside the value it refers to" if inside else "refers to no anchor before it"
            advice = f"Quote it if it is meant as a text: {shown('*' + name)}."
            raise CompositionError("bad_alias", f"The alias {shown('*' + name)} {reason}.", line, advice)
        self._repeated += found[1]
        if self._repeated > MOST_REPEATED:
            message = f"The aliases of this document stand for more than {MOST_REPEATED} values."
            raise CompositionError("too_many_aliases", message, line, "Use fewer aliases.")
        return found


def start_line(event: yaml.Event, first_line: int) -> int:
    """The line at which an event starts, in a text that starts at ``first_line`` of its file."""
    # Only events made by hand, not by a parser, have no mark.
    return first_line + (event.start_mark.line if event.start_mark is not None else 0)


def _scalar(event: yaml.ScalarEvent, first_line: int) -> object:
    tag = event.tag
    if tag is None:
        # implicit[0]: the scalar is plain; a quoted one without a tag is text.
        resolved = event.implicit[0]
    elif tag in _RESOLVED_TAGS:
        resolved = True
    elif tag in _TEXT_TAGS or not tag.startswith(STANDARD_TAG_PREFIX):
        resolved = False
    else:
        raise tag_error(tag, start_line(event, first_line))
    if not resolved:
        return _whole_text(event, first_line)
    try:
        return resolve(event.value)
    except ValueError as error:
        message = f"{shown(event.value)} cannot be read: {error}."
        line = start_line(event, first_line)
        raise CompositionError("invalid_value", message, line, "Quote it.") from None


def _whole_text(event: yaml.ScalarEvent, first_line: int) -> str:
    # PyYAML's own parser, unlike libyaml, lets an escape stand for half of a character (a surrogate).
    if event.style == '"' and not event.value.isascii():
        try:
            event.value.encode("utf-8")
        except UnicodeEncodeError:
            message = "An escape in this text stands for half of a character."
            raise CompositionError(
                "invalid_value", message, start_line(event, first_line), "Write the character itself."
            ) from None
    return event.value


def _finished(frame: _Frame) -> object:
    if not frame.merged or isinstance(frame.value, list):
        return frame.value
    # A key of the mapping itself wins over a merged one, and of several merged ones the first.
    merged: dict[str, object] = {}
    for value, line in frame.merged:
        sources = value if isinstance(value, list) else [value]
        for source in sources:
            if not isinstance(source, dict):
                message = 'The value of the merge key "<<" must be a mapping, or a list of mappings.'
                raise CompositionError("bad_merge", message, line)
            for key, entry in source.items():
                merged.setdefault(key, entry)
    return {**merged, **frame.value}
