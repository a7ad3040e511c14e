"""What is wrong with a text that should be YAML, worded for its author."""

from __future__ import annotations

import re

import yaml

from ingressd.resources.field_path import shown

STANDARD_TAG_PREFIX = "tag:yaml.org,2002:"


class CompositionError(Exception):
    """A text that is no YAML, or YAML that is no JSON; ``line`` is where."""

    def __init__(self, code: str, message: str, line: int, advice: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.advice = advice


def key_error(what: str, line: int, text: str) -> CompositionError:
    """A key of a mapping that is no text; ``what`` it is instead."""
    message = f"A key of this mapping is {what}, not a text."
    if "{{" in text:
        return CompositionError("invalid_key", message, line, _TEMPLATE_ADVICE)
    return CompositionError("invalid_key", message, line, "Quote the key.")


def tag_error(tag: str, line: int) -> CompositionError:
    """A tag of YAML's own that stands for something JSON does not have."""
    name = shown("!!" + tag.removeprefix(STANDARD_TAG_PREFIX))
    return CompositionError("unsupported_tag", f"The tag {name} has no meaning in JSON.", line, "Remove the tag.")


_TEMPLATE_ADVICE = 'This looks like a template: pass what it renders to, as in "helm template . | ingressd dev -".'

_ADVICE_BY_PROBLEM = (
    ("tab character", "Indent with spaces, not with tabs."),
    ("mapping values are not allowed", 'Check the indentation, and quote a value that contains ": ".'),
    ("did not find expected key", "Check the indentation of this line and of those above."),
    ("could not find expected ':'", 'Check that every key is followed by ": " and that quotes are closed.'),
    ("found unexpected end of stream", "Close the quotes or brackets."),
    ("cannot start any token", "Quote the value."),
    ("unknown escape character", "Write the backslash twice, or use single quotes."),
)


def syntax_error(error: yaml.MarkedYAMLError, text: str, first_line: int) -> CompositionError:
    """What the parser says of ``text``, in one sentence, and what to do about it."""
    # The mark of the problem is behind the star, which may be on the next line.
    in_alias = error.context == _IN_ALIAS and error.context_mark is not None
    mark = error.context_mark if in_alias else error.problem_mark or error.context_mark
    problem = (error.problem or error.context or "it cannot be read").strip()
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    if "cannot start any token" in problem and _character_at(text, line, column) == "\t":
        problem = "found a tab character where only spaces may stand"
    advice = next((advice for part, advice in _ADVICE_BY_PROBLEM if part in problem), "")
    if in_alias:
        problem = 'a text that starts with "*" needs quotes'
        advice = _star_advice(text, line, column)
    if "{{" in text:
        advice = _TEMPLATE_ADVICE
    last = text.rstrip("\n").count("\n")
    if line > last:
        message = f"The YAML ends too early: {problem}."
        return CompositionError("syntax_error", message, first_line + last, advice)
    message = f"The YAML is not valid at column {column + 1}: {problem}."
    return CompositionError("syntax_error", message, first_line + line, advice)


_IN_ALIAS = "while scanning an alias"
# A plain value ends at a comment, and within brackets at the next comma or bracket.
_STARRED = re.compile(r"\*[^\s,\[\]{}\"']*")
_HOST_KEY = re.compile(r"\s*(?:-\s+)*host\s*:\s*")


def _star_advice(text: str, line: int, column: int) -> str:
    """For a value that starts with ``*``, which YAML takes for an alias: usually the wildcard host of an Ingress."""
    lines = text.split("\n")
    written = _STARRED.match(lines[line], column) if line < len(lines) else None
    if written is None:
        return "Quote the value."
    if written[0] == "*" and _HOST_KEY.fullmatch(lines[line], 0, column):
        return 'Leave the host out to serve every host; a wildcard needs a domain and quotes, as in "*.example.com".'
    return f"Quote it: {shown(written[0])}."


def _character_at(text: str, line: int, column: int) -> str:
    lines = text.split("\n")
    return lines[line][column : column + 1] if line < len(lines) else ""
