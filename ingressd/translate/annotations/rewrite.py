"""``rewrite-target`` and ``use-regex``: matching paths by pattern, and replacing them on their way to the upstream.

In ingress-nginx each of the two turns every path of the host, in every Ingress, into a pattern. Here they concern
the Ingress that carries them and no other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from ingressd.policies.rewrite import Rewrite
from ingressd.resources.field_path import child, shown
from ingressd.resources.findings import Findings

REWRITE_TARGET = "nginx.ingress.kubernetes.io/rewrite-target"
USE_REGEX = "nginx.ingress.kubernetes.io/use-regex"

LONGEST_TARGET = 1024
_PATH_TEXT = re.compile(r"/[!-~]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_REFERENCE = re.compile(r"\$([0-9])")
_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
"""What ingress-nginx accepts (strconv.ParseBool of Go)."""


class PathRewriting(msgspec.Struct, frozen=True):
    """``by_pattern``: paths that are not Exact are RE2 patterns. ``target`` is what each path is replaced by."""

    by_pattern: bool = False
    target: Rewrite | None = None


def read_path_rewriting(annotations: Mapping[str, str], problems: Findings) -> PathRewriting:
    """Read both annotations. A value that cannot be used is skipped and reported; the paths stay patterns, because
    they were written as such."""
    written = annotations.get(REWRITE_TARGET, "")
    by_pattern = read_boolean(annotations, USE_REGEX, problems) or bool(written)
    return PathRewriting(by_pattern, _read_target(written, problems) if written else None)


def read_boolean(annotations: Mapping[str, str], name: str, problems: Findings) -> bool:
    """Return False too when the annotation is absent or, reported, has no boolean value."""
    written = annotations.get(name, "")
    if not written:
        return False
    value = _BOOLEANS.get(written)
    if value is None:
        problems.warning(
            "invalid_annotation_value",
            child("metadata.annotations", name),
            f"{shown(written)} is neither true nor false, so {name} counts as false.",
            'Write "true" or "false", in quotes.',
        )
    return bool(value)


def highest_reference(target: Rewrite) -> int:
    """Return the largest n of the ``$n`` in a target; 0 for none."""
    return max((int(digit) for digit in _REFERENCE.findall(target.target)), default=0)


def _read_target(written: str, problems: Findings) -> Rewrite | None:
    fault = _fault_of(written)
    if fault is None:
        return Rewrite(written)
    problems.error(
        "invalid_annotation_value",
        child("metadata.annotations", REWRITE_TARGET),
        f"The rewrite target {shown(written)} {fault}; paths are forwarded unchanged.",
        "Write a path such as /$2, with $1 to $9 for what the groups of the path's pattern matched.",
    )
    return None


def _fault_of(written: str) -> str | None:
    if len(written) > LONGEST_TARGET:
        return f"is longer than {LONGEST_TARGET} characters"
    if _SCHEME.match(written):
        return "is a URL, and redirecting by rewrite-target is not supported yet"
    if not written.startswith("/"):
        return "does not start with /"
    if not _PATH_TEXT.fullmatch(written):
        return "holds a character that does not belong in a path: escape it with %"
    if "?" in written or "#" in written:
        return "holds a query or a fragment, and the query of the request is always kept as it is"
    return None
