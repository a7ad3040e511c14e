"""Which objects of which file count: last good versions within a file, the first file between files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem, Severity
from ingressd.sources.contents import Contents, Placed
from ingressd.sources.origins import Origins


class Holding(msgspec.Struct, frozen=True, eq=False):
    """What one file stands for now. ``again`` are valid objects that the same file holds a second time."""

    objects: dict[ObjectKey, Placed] = {}
    again: tuple[Placed, ...] = ()
    problems: tuple[Problem, ...] = ()
    passed_over: dict[str, int] = {}


class Merged(msgspec.Struct, frozen=True, eq=False):
    """All files together. ``duplicates`` are the problems by file; a file without any is not among them."""

    objects: dict[ObjectKey, Placed]
    duplicates: dict[str, tuple[Problem, ...]]


def hold(contents: Contents, previous: Holding | None) -> Holding:
    """What a file stands for after it was read again: of an object that is invalid now, its last good version."""
    objects: dict[ObjectKey, Placed] = {}
    again = tuple(placed for placed in contents.objects if objects.setdefault(placed.object.key, placed) is not placed)
    for key, placed in previous.objects.items() if previous is not None else ():
        if contents.unknown_part or key in contents.invalid:
            objects.setdefault(key, placed)
    return Holding(objects, again, contents.problems, contents.passed_over)


def merge(holdings: Mapping[str, Holding]) -> Merged:
    """One object for every key: that of the first file, in the order of ``holdings``, that holds it."""
    objects: dict[ObjectKey, Placed] = {}
    repeated: dict[str, list[Placed]] = {}
    for file, holding in holdings.items():
        for key, placed in holding.objects.items():
            if objects.setdefault(key, placed) is not placed:
                repeated.setdefault(file, []).append(placed)
        if holding.again:
            repeated.setdefault(file, []).extend(holding.again)
    if not repeated:
        return Merged(objects, {})
    origins = Origins()
    origins.replace({key: placed.origin for key, placed in objects.items()})
    return Merged(objects, {file: _duplicates(again, origins) for file, again in repeated.items()})


def _duplicates(repeated: Sequence[Placed], winners: Origins) -> tuple[Problem, ...]:
    losers = Origins()
    problems = []
    for placed in repeated:
        key = placed.object.key
        losers.replace({key: placed.origin})
        problems.append(
            Problem(
                Severity.ERROR,
                "duplicate_object",
                f"{key} is already defined at {winners.locate(key)}; this one is not used.",
                key,
                "",
                "Remove or rename one of the two.",
                losers.locate(key),
            )
        )
    return tuple(problems)
