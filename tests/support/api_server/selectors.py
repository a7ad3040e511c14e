"""Label and field selectors (Kubernetes documentation, "Labels and Selectors" and "Field Selectors")."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from .kinds import NAMES, ApiKind
from .status_error import StatusError, bad_request
from .storage import Stored

_KEY = r"(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?"
_SET = re.compile(rf"\s*({_KEY})\s+(in|notin)\s*\(([^()]*)\)\s*")
_EQUAL = re.compile(rf"\s*({_KEY})\s*(==|=|!=)\s*([A-Za-z0-9_.-]*)\s*")
_EXISTS = re.compile(rf"\s*(!?)\s*({_KEY})\s*")

Requirement = Callable[[Mapping[str, str]], bool]


class Selection(msgspec.Struct, frozen=True):
    """Which objects one list or watch is about."""

    namespace: str = ""
    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()
    name: str = ""

    @property
    def selects(self) -> bool:
        """Whether there is a selector, rather than at most a namespace."""
        return bool(self.labels or self.fields)

    def matches(self, candidate: Stored) -> bool:
        return (
            (not self.namespace or candidate.namespace == self.namespace)
            and all(requirement(candidate.labels) for requirement in self.labels)
            and all(requirement(candidate.fields) for requirement in self.fields)
        )


def selection(kind: ApiKind, namespace: str, query: Mapping[str, str]) -> Selection:
    """Read the selectors of a request. Raises StatusError (400) for what is malformed or not supported."""
    terms = field_terms(query.get("fieldSelector", ""))
    for field, _, _ in terms:
        if field not in NAMES and field not in kind.selectable:
            if kind.selectable:
                raise bad_request(f"field label not supported: {field}")
            known = ", ".join(f'"{name}"' for name in NAMES)
            raise bad_request(f'"{field}" is not a known field selector: only {known}')
    return Selection(
        namespace=namespace,
        labels=tuple(_label_requirements(query.get("labelSelector", ""))),
        fields=tuple(_compared(field, operator, value) for field, operator, value in terms),
        name=exact_name(query),
    )


def exact_name(query: Mapping[str, str]) -> str:
    """Return the one name that a field selector asks for; RBAC counts it as the request's name."""
    try:
        terms = field_terms(query.get("fieldSelector", ""))
    except StatusError:
        return ""
    return next((value for field, operator, value in terms if field == "metadata.name" and operator != "!="), "")


def field_terms(text: str) -> list[tuple[str, str, str]]:
    terms = []
    for term in filter(None, text.split(",")):
        match = re.fullmatch(r"([^=!]+)(==|=|!=)([^=]*)", term)
        if match is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        terms.append((match[1], match[2], match[3]))
    return terms


def _label_requirements(text: str) -> list[Requirement]:
    found: list[Requirement] = []
    position = 0
    while position < len(text):
        if match := _SET.match(text, position):
            values = frozenset(value.strip() for value in match[3].split(","))
            found.append(_in(match[1], values) if match[2] == "in" else _not_in(match[1], values))
        elif match := _EQUAL.match(text, position):
            found.append(_compared(match[1], match[2], match[3]))
        elif match := _EXISTS.match(text, position):
            found.append(_exists(match[2], absent=bool(match[1])))
        else:
            raise bad_request(f"unable to parse requirement: found '{text[position:]}', expected: identifier")
        position = match.end()
        if position < len(text):
            if text[position] != ",":
                raise bad_request(
                    f"unable to parse requirement: found '{text[position:]}', expected: ',' or 'end of string'"
                )
            position += 1
    return found


def _compared(key: str, operator: str, value: str) -> Requirement:
    """``!=`` also matches what does not have the key."""
    if operator == "!=":
        return lambda given: given.get(key) != value
    return lambda given: given.get(key) == value


def _in(key: str, values: frozenset[str]) -> Requirement:
    return lambda given: given.get(key) in values


def _not_in(key: str, values: frozenset[str]) -> Requirement:
    return lambda given: given.get(key) not in values


def _exists(key: str, *, absent: bool) -> Requirement:
    return lambda given: (key in given) is not absent
