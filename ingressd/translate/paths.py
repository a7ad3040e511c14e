"""How a path of an Ingress is matched.

Exact and Prefix mean what the Ingress API says. ImplementationSpecific is treated as Prefix, as the API allows. With
``use-regex`` or ``rewrite-target`` both of the latter are patterns, in this Ingress only.
"""

from __future__ import annotations

import msgspec

from ingressd.policies.rewrite import Rewrite
from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.ingress import HttpPath
from ingressd.routing.path import PathError, canonical_rule_path, path_elements
from ingressd.routing.path_trie import PatternError, compile_pattern
from ingressd.routing.route import PathKind
from ingressd.translate.annotations.rewrite import PathRewriting, highest_reference

EXACT = "Exact"
PREFIX = "Prefix"
IMPLEMENTATION_SPECIFIC = "ImplementationSpecific"
PATH_TYPES = (EXACT, PREFIX, IMPLEMENTATION_SPECIFIC)

MAX_ELEMENTS = 64
"""A request is compared once for each length of path that its host has, so the lengths must be few."""
LONGEST_PATH = 4096


class PathMatch(msgspec.Struct, frozen=True):
    kind: PathKind
    path: str
    rewrite: Rewrite | None = None


def read_path(path: HttpPath, rewriting: PathRewriting, where: str, problems: Findings) -> PathMatch | None:
    """Return how ``path``, at the JSON path ``where``, is matched; None when it cannot be, which is reported."""
    if path.path_type not in PATH_TYPES:
        problems.error(
            "invalid_path_type",
            f"{where}.pathType",
            f"{shown(path.path_type)} is no path type." if path.path_type else "The path has no pathType.",
            f"Write one of {', '.join(PATH_TYPES)}.",
        )
        return None
    written = path.path or ("/" if path.path_type == IMPLEMENTATION_SPECIFIC else "")
    fault = _fault_of(written)
    if fault is not None:
        problems.error(
            "invalid_path", f"{where}.path", f"The path {shown(written)} {fault}.", "The other paths are served."
        )
        return None
    target = rewriting.target if rewriting.target is not None and rewriting.target.target != written else None
    if path.path_type != EXACT and rewriting.by_pattern:
        return _read_pattern(written, target, where, problems)
    try:
        canonical = canonical_rule_path(written)
    except PathError as error:
        problems.error(
            "invalid_path", f"{where}.path", f"The path {shown(written)} cannot be matched: {error}.", "Correct it."
        )
        return None
    _check_references(target, 0, where, problems)
    return PathMatch(PathKind.EXACT if path.path_type == EXACT else PathKind.PREFIX, canonical, target)


def _read_pattern(written: str, target: Rewrite | None, where: str, problems: Findings) -> PathMatch | None:
    try:
        pattern = compile_pattern(written)
    except PatternError as error:
        problems.error(
            "invalid_pattern",
            f"{where}.path",
            f"The path {shown(written)} is matched as a pattern, and cannot be: {error}.",
            "Use the RE2 syntax (no look-around, no back-references); the other paths are served.",
        )
        return None
    _check_references(target, pattern.groups, where, problems)
    return PathMatch(PathKind.REGEX, written, target)


def _check_references(target: Rewrite | None, groups: int, where: str, problems: Findings) -> None:
    if target is None or (highest := highest_reference(target)) <= groups:
        return
    problems.warning(
        "rewrite_without_group",
        f"{where}.path",
        f"The rewrite target {shown(target.target)} uses ${highest}, and the path has "
        f"{'no groups' if not groups else '1 group' if groups == 1 else f'{groups} groups'}: it stands for nothing.",
        "Put the part of the path to keep in parentheses, such as /app(/|$)(.*) with /$2.",
    )


def _fault_of(written: str) -> str | None:
    if not written.startswith("/"):
        return "does not start with /"
    if len(written) > LONGEST_PATH:
        return f"is longer than {LONGEST_PATH} characters"
    if len(path_elements(written)) > MAX_ELEMENTS:
        return f"has more than {MAX_ELEMENTS} elements"
    return None
