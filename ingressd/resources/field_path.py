"""The JSON path of a field inside an object, as problems name it.

``spec.rules[0].http.paths[1].backend``; a key that is no plain word stands in brackets, as in the API server's
own messages: ``metadata.annotations[nginx.ingress.kubernetes.io/use-regex]``.
"""

from __future__ import annotations

import re

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST_SHOWN = 80


def child(path: str, key: str) -> str:
    """The path of the value under ``key`` of the mapping at ``path`` (empty for the whole object)."""
    if _PLAIN_KEY.fullmatch(key) is None:
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def item(path: str, index: int) -> str:
    """The path of the value at ``index`` (from 0) of the list at ``path``."""
    return f"{path}[{index}]"


def joined(prefix: str, path: str) -> str:
    """A path inside an object as a path inside the document that holds the object at ``prefix``."""
    if not prefix or not path:
        return prefix or path
    return f"{prefix}{path}" if path.startswith("[") else f"{prefix}.{path}"


def shown(text: str) -> str:
    """A user's text in double quotes, on one line, cut where it gets long: safe in a message."""
    cut = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return f'"{escaped}"'
