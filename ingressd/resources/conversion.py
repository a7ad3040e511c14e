"""A plain value, as a YAML or JSON parser made it, to one of our structs.

As strict as the API server's decoder: nothing is coerced, so an annotation ``true`` is a boolean and not a
string. Unlike a decoder that stops at the first surprise, every one is reported, at its place. ``null`` is an
absent field, as in Go. A shape is compiled once from a struct's type hints.
"""

from __future__ import annotations

import binascii
import datetime
import difflib
import types
import typing
from collections.abc import Mapping

import msgspec

from ingressd.resources import api_fields, field_path
from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.metadata import Metadata
from ingressd.resources.secret import PrivateBytes

_INT64 = range(-(2**63), 2**63)

_NOUNS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "a whole number"),
    (float, "a number with a fraction"),
    (str, "a text"),
    (list, "a list"),
    (dict, "a mapping"),
)


def noun(value: object) -> str:
    """The type of a plain value, as its author would call it."""
    return next((name for kind, name in _NOUNS if isinstance(value, kind)), "no JSON value")


class Shape(typing.Protocol):
    """Reads a value that is not null; reports and returns any value at all when it does not fit."""

    def read(self, value: object, path: str, findings: Findings, advice: str) -> typing.Any: ...

    @property
    def absent(self) -> typing.Any:
        """What ``null`` as an element of a list or mapping means (Go's zero value)."""


class Scalar:
    """A value of one of ``accepted`` types. ``private`` values are never shown."""

    def __init__(self, accepted: tuple[type, ...], expected: str, *, private: bool = False) -> None:
        self._accepted = accepted
        self._expected = expected
        self._private = private

    @property
    def absent(self) -> typing.Any:
        return self._accepted[-1]()

    def read(self, value: object, path: str, findings: Findings, advice: str) -> typing.Any:
        # Not isinstance: a bool is an int in Python, and is none in JSON.
        if type(value) in self._accepted and (type(value) is not int or value in _INT64):
            return value
        if type(value) is int and int in self._accepted:
            findings.error("wrong_type", path, "The number does not fit into 64 bits.")
            return value
        if isinstance(value, bool | int | float) and str in self._accepted:
            report_unquoted(self._expected, value, path, findings, advice, private=self._private)
        elif isinstance(value, str) and int in self._accepted and value.isdecimal():
            message = f"Must be {self._expected}, but with quotes it is a text."
            findings.error("wrong_type", path, message, advice or "Remove the quotes.")
        else:
            _report_type(self._expected, value, path, findings, advice)
        return value


class Base64:
    """A value of ``Secret.data``: standard base64; line breaks in it are fine, as in Go's decoder."""

    absent = PrivateBytes()

    def read(self, value: object, path: str, findings: Findings, advice: str) -> PrivateBytes:
        if not isinstance(value, str):
            _report_type("a base64 text", value, path, findings, advice or 'Quote it, or use "stringData".')
            return self.absent
        try:
            return PrivateBytes(binascii.a2b_base64(value.replace("\n", "").replace("\r", ""), strict_mode=True))
        except ValueError:
            message = "The value is not valid base64."
            findings.error("invalid_base64", path, message, 'Encode it, or put it as text under "stringData".')
            return self.absent


class Timestamp:
    """``metadata.creationTimestamp``: RFC 3339, brought to UTC and whole seconds so that it sorts as text."""

    absent = ""

    def read(self, value: object, path: str, findings: Findings, advice: str) -> str:
        if isinstance(value, str):
            try:
                moment = datetime.datetime.fromisoformat(value)
                if moment.tzinfo is not None:
                    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            except (ValueError, OverflowError):
                pass
        findings.error(
            "invalid_timestamp",
            path,
            "Must be a time with a zone, as in RFC 3339.",
            advice or 'Write it like "2026-11-20T10:00:00Z", or leave it out.',
        )
        return ""


class ListOf:
    absent = ()

    def __init__(self, element: Shape) -> None:
        self._element = element

    def read(self, value: object, path: str, findings: Findings, advice: str) -> tuple[typing.Any, ...]:
        if not isinstance(value, list):
            _report_type("a list", value, path, findings, advice)
            return ()
        element = self._element
        return tuple(
            element.absent if entry is None else element.read(entry, f"{path}[{index}]", findings, "")
            for index, entry in enumerate(value)
        )


class MappingOf:
    absent: Mapping[str, object] = types.MappingProxyType({})

    def __init__(self, element: Shape) -> None:
        self._element = element

    def read(self, value: object, path: str, findings: Findings, advice: str) -> dict[str, typing.Any]:
        if not isinstance(value, dict):
            _report_type("a mapping", value, path, findings, advice)
            return {}
        element = self._element
        result: dict[str, typing.Any] = {}
        for key, entry in value.items():
            if not isinstance(key, str):
                _report_key(key, path, findings)
            elif entry is None:
                result[key] = element.absent
            else:
                result[key] = element.read(entry, field_path.child(path, key), findings, "")
        return result


class Structure:
    """A struct: its fields by their names in the API, and what is known of the rest."""

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        self._struct = struct
        self._fields = {
            field.encode_name: (field.name, shape_of(field.type)) for field in msgspec.structs.fields(struct)
        }
        if struct is Metadata:
            self._fields["creationTimestamp"] = ("creation_timestamp", Timestamp())
        self._unused = api_fields.UNUSED_FIELDS.get(struct, frozenset())
        self._required = api_fields.REQUIRED_FIELDS.get(struct, frozenset())

    @property
    def absent(self) -> typing.Any:
        return self._struct()

    def read(self, value: object, path: str, findings: Findings, advice: str) -> typing.Any:
        if not isinstance(value, dict):
            _report_type("a mapping", value, path, findings, advice)
            return None
        arguments: dict[str, typing.Any] = {}
        for key, entry in value.items():
            field = self._fields.get(key) if isinstance(key, str) else None
            if field is not None:
                if entry is not None:
                    name, shape = field
                    form = api_fields.FORM_ADVICE.get((self._struct, key), "")
                    entry_path = f"{path}.{key}" if path else key
                    arguments[name] = shape.read(entry, entry_path, findings, form)
            elif not isinstance(key, str):
                _report_key(key, path, findings)
            elif key not in self._unused:
                self._report_unknown(key, path, findings)
        for key in self._required:
            if value.get(key) is None:
                message = f"{shown(key)} is missing."
                findings.error("missing_field", field_path.child(path, key), message, f"Add {shown(key)}.")
        return None if findings.failed else self._struct(**arguments)

    def _report_unknown(self, key: str, path: str, findings: Findings) -> None:
        message = f"{shown(key)} is not a field of the API here, so it has no effect."
        # Looking for the nearest name takes time, and a file may have very many names.
        advice = "" if findings.full else self._advice_for(key)
        findings.warning("unknown_field", field_path.child(path, key), message, advice)

    def _advice_for(self, key: str) -> str:
        leftover = api_fields.LEFTOVERS.get((self._struct, key))
        if leftover is not None:
            return leftover
        known = sorted({*self._fields, *self._unused})
        nearest = [name for name in known if name.casefold() == key.casefold()]
        # Only the head of a long key: difflib takes quadratic time.
        nearest = nearest or difflib.get_close_matches(key[:64], known, n=1)
        if nearest:
            return f'Did you mean "{nearest[0]}"?'
        effective = (name for name, (_, shape) in self._fields.items() if not isinstance(shape, WrittenByTheCluster))
        return f"Fields that have an effect here: {', '.join(effective)}."


class WrittenByTheCluster:
    """A structure that is read where it can be, and otherwise absent; nothing about it is reported."""

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        self._structure = Structure(struct)

    @property
    def absent(self) -> typing.Any:
        return self._structure.absent

    def read(self, value: object, path: str, findings: Findings, advice: str) -> typing.Any:
        found = self._structure.read(value, path, Findings(), advice)
        return found if found is not None else self.absent


def shape_of(annotation: typing.Any) -> Shape:
    """The shape of a type hint as our structs use them. Raises TypeError for any other hint (a programming error)."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {types.UnionType, typing.Union}:
        members = tuple(member for member in arguments if member is not types.NoneType)
        return shape_of(members[0]) if len(members) == 1 else _SCALARS[frozenset(members)]
    if origin is tuple:
        return ListOf(shape_of(arguments[0]))
    if origin is dict:
        return MappingOf(shape_of(arguments[1]))
    if annotation is PrivateBytes:
        return Base64()
    if annotation in api_fields.WRITTEN_BY_THE_CLUSTER:
        return WrittenByTheCluster(annotation)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return Structure(annotation)
    scalar = _SCALARS.get(frozenset({annotation}))
    if scalar is None:
        raise TypeError(f"no shape for {annotation!r}")
    return scalar


_SCALARS: Mapping[frozenset[type], Scalar] = {
    frozenset({str}): Scalar((str,), "a text"),
    frozenset({int}): Scalar((int,), "a whole number"),
    frozenset({bool}): Scalar((bool,), "true or false"),
    frozenset({int, str}): Scalar((int, str), "a whole number or a text"),
}

PRIVATE_TEXTS: Shape = MappingOf(Scalar((str,), "a text", private=True))
"""``Secret.stringData``: texts that no message repeats."""


def report_unquoted(
    expected: str,
    value: bool | int | float,
    path: str,
    findings: Findings,
    advice: str = "",
    *,
    private: bool = False,
) -> None:
    """Report a value that would be a text in quotes. It is repeated unless it is ``private``."""
    written = "" if private else f" {_literal(value)}"
    quoted = "" if private else f': "{_literal(value)}"'
    message = f"Must be {expected}, but{written} without quotes is {noun(value)}."
    findings.error("wrong_type", path, message, advice or f"Quote it{quoted}.")


def _literal(value: bool | int | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # Python refuses to print integers of thousands of digits, and nobody would read them.
    return str(value) if isinstance(value, float) or value in _INT64 else "the number"


def _report_type(expected: str, value: object, path: str, findings: Findings, advice: str) -> None:
    findings.error("wrong_type", path, f"Must be {expected}, but it is {noun(value)}.", advice)


def _report_key(key: object, path: str, findings: Findings) -> None:
    findings.error("wrong_type", path, f"A key of this mapping is {noun(key)}, not a text.", "Quote the key.")
