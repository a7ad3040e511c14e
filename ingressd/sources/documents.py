"""The bytes of a file to the documents in it.

A file holds YAML documents between lines of ``---``, or one JSON value. Every document is read on its own, so an
error in one leaves the others alone. What is kept of a document is its text; lines are found when asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec

from ingressd.resources.problem import Location, Problem, Severity
from ingressd.sources.composition import compose
from ingressd.sources.composition_error import CompositionError
from ingressd.sources.places import Place, places

MOST_MEBIBYTES = 16
MOST_BYTES = MOST_MEBIBYTES * 1024 * 1024
MOST_DOCUMENTS = 50_000

# A line "---" starts a document wherever it stands, also inside a block of text (YAML 1.2, section 9.1.2).
_SEPARATOR = re.compile(r"^---(?=[ \t\n]|\Z)", re.MULTILINE)
# Something other than a marker, a directive or a comment.
_CONTENT = re.compile(r"^(?!(?:---|\.\.\.)?[ \t]*(?:#.*)?$|%)", re.MULTILINE)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89abAB]")


class DocumentText(msgspec.Struct, frozen=True, eq=False, gc=False):
    """The text of a document, and the line of that text in its file."""

    text: str
    first_line: int

    def place(self) -> Place:
        """The lines of all its fields. Reads the text again: ask once for many paths."""
        return next(places(self.text, self.first_line), Place(self.first_line))


class Document(msgspec.Struct, frozen=True):
    """``value`` is plain: dict with str keys, list, str, int, float, bool, None. ``line`` counts from 1."""

    value: object
    line: int
    source: DocumentText


class Documents(msgspec.Struct, frozen=True):
    """What a file holds. With any problem, nobody knows what the broken part was meant to hold."""

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_documents(content: bytes, file: str) -> Documents:
    """The documents of a file's content. ``file`` is its name in problems. Never raises."""
    if len(content) > MOST_BYTES:
        # Nobody reads past the bound, so the true size is not known here.
        message = f"The file is larger than {MOST_MEBIBYTES} MiB, the most that is read, so nothing in it is used."
        advice = f"Split it into files of at most {MOST_MEBIBYTES} MiB."
        return Documents(problems=(_problem("too_large", message, file, 1, advice),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"The file is not UTF-8: byte {error.start + 1} cannot be read."
        line = 1 + content.count(b"\n", 0, error.start)
        return Documents(problems=(_problem("not_utf8", message, file, line, "Save the file as UTF-8."),))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.lstrip().startswith("{"):
        value = _json(text)
        if value is not None:
            line = 1 + text.count("\n", 0, text.index("{"))
            return Documents((Document(value, line, DocumentText(text, 1)),))
    return _yaml_documents(text, file)


def _yaml_documents(text: str, file: str) -> Documents:
    documents: list[Document] = []
    problems: list[Problem] = []
    for count, (chunk, first_line) in enumerate(_chunks(text)):
        if count >= MOST_DOCUMENTS:
            message = f"The file holds more than {MOST_DOCUMENTS} documents."
            problems.append(_problem("too_many_documents", message, file, first_line, "Split the file."))
            break
        if not chunk.strip() or _CONTENT.search(chunk) is None:
            continue
        try:
            documents.extend(
                Document(composed.value, composed.line, DocumentText(chunk, first_line))
                for composed in compose(chunk, first_line)
            )
        except CompositionError as error:
            problems.append(_problem(error.code, error.message, file, error.line, error.advice))
    return Documents(tuple(documents), tuple(problems))


def _chunks(text: str) -> Iterator[tuple[str, int]]:
    """The text cut before every separator line, with the line, from 1, at which each piece starts."""
    start, line = 0, 1
    for separator in _SEPARATOR.finditer(text):
        if separator.start() > start:
            yield text[start : separator.start()], line
            line += text.count("\n", start, separator.start())
            start = separator.start()
    yield text[start:], line


def _json(text: str) -> dict[str, Any] | None:
    """A JSON object; None when the text is anything else, or has something that the YAML reader reports better.

    JSON is YAML but for one thing that matters: characters beyond U+FFFF may be escaped as two surrogates.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=_float,
            parse_constant=_refuse_constant,
        )
        if _SURROGATE_ESCAPE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key comes twice")
    return mapping


def _float(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 1e21 else number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _problem(code: str, message: str, file: str, line: int, advice: str) -> Problem:
    return Problem(Severity.ERROR, code, message, None, "", advice, Location(file, line))
