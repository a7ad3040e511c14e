"""What one file holds: its objects, and all that is wrong with it."""

from __future__ import annotations

from collections import Counter

import msgspec

from ingressd.resources.decode import decode
from ingressd.resources.field_path import joined
from ingressd.resources.key import ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Location, Problem, Severity
from ingressd.resources.validation import validate
from ingressd.sources.documents import Document, read_documents
from ingressd.sources.origins import Origin
from ingressd.sources.places import Place


class Placed(msgspec.Struct, frozen=True, eq=False):
    """A valid object and where it stands."""

    object: KubernetesObject
    origin: Origin


class Contents(msgspec.Struct, frozen=True, eq=False):
    """``objects`` are valid, in the order of the file; ``invalid`` names those that are there but not valid.

    ``unknown_part`` is true when the file holds something that nobody can tell the name of, such as a document
    with a syntax error: then an object that is missing may still be meant to exist.
    """

    objects: tuple[Placed, ...] = ()
    invalid: frozenset[ObjectKey] = frozenset()
    unknown_part: bool = False
    problems: tuple[Problem, ...] = ()
    passed_over: dict[str, int] = {}


OTHER_DOCUMENT = "not a Kubernetes object"
"""What ``Contents.passed_over`` calls the documents of a file that is there for somebody else."""


def read_contents(content: bytes, file: str, *, may_be_other: bool = False) -> Contents:
    """Reads, decodes and validates. ``file`` is the name of the file in problems. Never raises.

    With ``may_be_other``, nobody said that the file holds manifests: it was met in a folder, beside the values of a
    chart, a package.json or a tsconfig.json. Documents that are plainly something else are then only counted, and
    so is JSON that cannot be read and does not look like a manifest.
    """
    read = read_documents(content, file)
    if may_be_other and read.problems and _is_other_json(content, file):
        return Contents(passed_over={OTHER_DOCUMENT: 1})
    objects: list[Placed] = []
    invalid: set[ObjectKey] = set()
    problems = list(read.problems)
    passed_over: Counter[str] = Counter()
    unknown_part = bool(read.problems)
    for document in read.documents:
        if may_be_other and _is_other(document.value):
            passed_over[OTHER_DOCUMENT] += 1
            continue
        decoded = decode(document.value)
        passed_over.update(decoded.passed_over)
        lines = _Lines(document, file)
        for manifest in decoded.manifests:
            found = manifest.problems
            if manifest.object is not None:
                found += validate(manifest.object)
            problems += [lines.placed(problem, manifest.prefix) for problem in found]
            failed = any(problem.severity is Severity.ERROR for problem in found)
            if manifest.object is not None and not failed:
                objects.append(Placed(manifest.object, Origin(file, document.source, manifest.prefix)))
            elif manifest.key is not None:
                invalid.add(manifest.key)
            elif failed:
                unknown_part = True
    problems.sort(key=_line)
    return Contents(tuple(objects), frozenset(invalid), unknown_part, tuple(problems), dict(passed_over))


def _is_other(value: object) -> bool:
    """Whether a document is no attempt at an object: the chart of Helm has an apiVersion, too, but nothing else."""
    if isinstance(value, dict):
        return "kind" not in value and "metadata" not in value
    return value is not None


def _is_other_json(content: bytes, file: str) -> bool:
    return file.endswith(".json") and not (b'"apiVersion"' in content and b'"kind"' in content)


class _Lines:
    """Gives problems of one document their lines; looks for the lines only when there is a problem."""

    def __init__(self, document: Document, file: str) -> None:
        self._document = document
        self._file = file
        self._place: Place | None = None

    def placed(self, problem: Problem, prefix: str) -> Problem:
        if self._place is None:
            self._place = self._document.source.place()
        # Without a key, the path starts at the document and holds the prefix already.
        path = joined(prefix, problem.path) if problem.key is not None else problem.path
        location = Location(self._file, self._place.line_of(path))
        return msgspec.structs.replace(problem, location=location)


def _line(problem: Problem) -> int:
    return problem.location.line if problem.location is not None else 0
