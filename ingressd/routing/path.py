"""One canonical spelling for a path, made once and used to match, authorise, rewrite, forward and log.

Two parties that read the same path differently are how access rules get bypassed (``/a/%2e%2e/b``,
``//b``), so requests and rules both pass through here and only the result is compared.
"""

from __future__ import annotations

import re

_NEEDS_WORK = re.compile(r"%|//|/\.")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_SLASHES = re.compile(r"//+")
_NOT_PATH_CHARACTER = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class PathError(ValueError):
    """The path has no canonical form; the text says why."""


def canonical_path(path: str) -> str:
    """Return the one spelling of ``path``, which starts with ``/`` and is ASCII.

    Escapes of unreserved characters are decoded and other escapes are in upper case (RFC 3986 section 6.2.2);
    ``.`` and ``..`` segments are resolved (section 5.2.4); runs of slashes are one slash. An escaped slash stays
    escaped: decoding it would change what the segments are. Raises PathError for a broken escape, and for ``..``
    above the root.
    """
    if not _NEEDS_WORK.search(path):
        return path
    if "%" in path:
        if _BAD_ESCAPE.search(path):
            raise PathError("a % is not followed by two hexadecimal digits")
        path = _ESCAPE.sub(_canonical_escape, path)
    path = _SLASHES.sub("/", path)
    return _without_dot_segments(path) if "/." in path else path


def canonical_rule_path(path: str) -> str:
    """Return the spelling under which a path written in a rule is compared.

    A rule is written by a person: it may hold characters that only travel escaped in a request (``/café``), and a
    bare ``%``. Both are escaped here. Raises PathError as ``canonical_path`` does.
    """
    escaped = _BAD_ESCAPE.sub("%25", path or "/")
    escaped = _NOT_PATH_CHARACTER.sub(
        lambda match: "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogatepass")),
        escaped,
    )
    return canonical_path(escaped)


def path_elements(path: str) -> list[str]:
    """Split a canonical path at its slashes; a slash at the end adds no element (Ingress API, ``pathType``)."""
    elements = path.split("/")
    del elements[0]
    if elements and not elements[-1]:
        elements.pop()
    return elements


def _canonical_escape(match: re.Match[str]) -> str:
    byte = int(match.group(1), 16)
    return chr(byte) if byte in _UNRESERVED else match.group().upper()


def _without_dot_segments(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            if not kept:
                raise PathError("the path leads above the root")
            kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
