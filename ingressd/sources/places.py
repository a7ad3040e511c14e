"""The line of every field of a document."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import yaml

from ingressd.sources.composition import LOADER, start_line

_BRACKET_END = re.compile(r"\](?=[.\[]|\Z)")
_NAME_END = re.compile(r"(?=[.\[]|\Z)")
# A key may have this many dots or brackets; the rest of a longer one is not found.
_MOST_ENDS = 64
_INDEX = re.compile(r"\[(\d{1,9})\]")


class Place:
    """A value: its line (that of its key, if it has one), and the places of the values in it."""

    __slots__ = ("fields", "items", "line")

    def __init__(self, line: int) -> None:
        self.line = line
        self.fields: dict[str, Place] = {}
        self.items: list[Place] = []

    def line_of(self, path: str) -> int:
        """The line of a JSON path (``spec.rules[0].host``); where it ends too early, the last line on the way."""
        place, rest = self, path
        while rest:
            step = place._step(rest)
            if step is None:
                break
            place, rest = step
        return place.line

    def _step(self, path: str) -> tuple[Place, str] | None:
        index = _INDEX.match(path)
        if index is not None and int(index[1]) < len(self.items):
            return self.items[int(index[1])], path[index.end() :]
        # Keys may contain dots and brackets, so the keys decide how to read the path: the longest that fits.
        best: tuple[Place, str] | None = None
        if path.startswith("["):
            for end in _ends(_BRACKET_END, path, 1):
                place = self.fields.get(path[1:end]) or self.fields.get(path[1:end].strip("\"'"))
                if place is not None:
                    best = (place, path[end + 1 :])
        else:
            start = 1 if path.startswith(".") else 0
            for end in _ends(_NAME_END, path, start):
                place = self.fields.get(path[start:end])
                if place is not None:
                    best = (place, path[end:])
        return best


def _ends(pattern: re.Pattern[str], path: str, start: int) -> Iterator[int]:
    return (found.start() for found in itertools.islice(pattern.finditer(path, start), _MOST_ENDS))


def places(text: str, first_line: int = 1) -> Iterator[Place]:
    """The place of each document in a text; where the text has an error, this ends without a word.

    ``first_line`` is the line of the text in its file.
    """
    try:
        yield from _places(text, first_line)
    except yaml.YAMLError:
        return


class _Open:
    """A collection whose end has not come yet. In a mapping, ``key`` is set while its value is awaited."""

    __slots__ = ("is_mapping", "key", "key_line", "merged", "place")

    def __init__(self, place: Place, *, is_mapping: bool) -> None:
        self.place = place
        self.is_mapping = is_mapping
        self.key: str | None = None
        self.key_line = 0
        self.merged: list[Place] = []

    def awaits_key(self) -> bool:
        return self.is_mapping and self.key is None

    def put(self, place: Place) -> None:
        if not self.is_mapping:
            self.place.items.append(place)
        else:
            place.line = self.key_line
            if self.key == "<<":
                self.merged.append(place)
            elif self.key is not None:
                self.place.fields[self.key] = place
            self.key = None

    def close(self) -> None:
        for merged in self.merged:
            for source in (merged, *merged.items):
                for key, place in source.fields.items():
                    self.place.fields.setdefault(key, place)


def _places(text: str, first_line: int) -> Iterator[Place]:
    stack: list[_Open] = []
    anchors: dict[str, Place] = {}
    root = Place(first_line)
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.DocumentEndEvent):
            yield root
            anchors, root = {}, Place(first_line)
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop().close()
        elif isinstance(event, yaml.NodeEvent):
            line = start_line(event, first_line)
            if stack and stack[-1].awaits_key():
                stack[-1].key = event.value if isinstance(event, yaml.ScalarEvent) else ""
                stack[-1].key_line = line
                continue
            place = Place(line)
            if isinstance(event, yaml.AliasEvent):
                target = anchors.get(event.anchor or "", place)
                place.fields, place.items = target.fields, target.items
            elif event.anchor is not None:
                anchors[event.anchor] = place
            if stack:
                stack[-1].put(place)
            else:
                root = place
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append(_Open(place, is_mapping=isinstance(event, yaml.MappingStartEvent)))
