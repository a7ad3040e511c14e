"""``ingressd.dev/middleware`` and ``ingressd.dev/handler``: Python code, by names that the operator allows.

Both protect: a check of API keys that is not made leaves the route open. What cannot be had denies the routes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ingressd.policies.program import Program
from ingressd.resources.field_path import child, shown
from ingressd.resources.findings import Findings

MIDDLEWARE = "ingressd.dev/middleware"
HANDLER = "ingressd.dev/handler"

MAX_MIDDLEWARE = 16
"""Of one Ingress. Each is a call for every request."""


class AllowedPrograms(msgspec.Struct, frozen=True):
    """What an Ingress may name. ``everywhere`` is what all routes pass, whatever their Ingress says; it is here to be
    shown."""

    everywhere: tuple[str, ...] = ()
    middleware: tuple[str, ...] = ()
    handlers: tuple[str, ...] = ()


NOTHING_ALLOWED = AllowedPrograms()


class Programming(msgspec.Struct, frozen=True):
    """``denied`` is empty, or the sentence why the routes are."""

    program: Program | None = None
    denied: str = ""


def read_programming(annotations: Mapping[str, str], allowed: AllowedPrograms, problems: Findings) -> Programming:
    """Read both annotations; an empty one counts as absent."""
    named = tuple(name for part in annotations.get(MIDDLEWARE, "").split(",") if (name := part.strip()))
    middleware = tuple(dict.fromkeys(named))
    handler = annotations.get(HANDLER, "").strip()
    if len(middleware) < len(named):
        problems.warning(
            "repeated_middleware",
            child("metadata.annotations", MIDDLEWARE),
            f"{shown(annotations[MIDDLEWARE])} names a middleware twice: a request passes each of them once.",
            "Name it once.",
        )
    if len(middleware) > MAX_MIDDLEWARE:
        return _too_many(len(middleware), problems)
    for name in middleware:
        if name not in allowed.middleware:
            return _unknown(MIDDLEWARE, "middleware", name, allowed.middleware, problems)
    if handler and handler not in allowed.handlers:
        return _unknown(HANDLER, "handler", handler, allowed.handlers, problems)
    return Programming(Program(middleware, handler) if middleware or handler else None)


def _unknown(annotation: str, kind: str, name: str, allowed: Iterable[str], problems: Findings) -> Programming:
    known = ", ".join(sorted(allowed))
    flag = f"--allow-{kind} {name if _plain(name) else 'NAME'}=package.module:factory"
    start = f"start ingressd with {flag}"
    problems.error(
        f"unknown_{kind}",
        child("metadata.annotations", annotation),
        f"There is no {kind} {shown(name)} that ingressd allows: every request to this Ingress is answered with 503.",
        f"Allowed here: {known}. Name one of them, or {start}."
        if known
        else f"No {kind} is allowed here: {start}, or remove the annotation.",
    )
    return Programming(None, f"The annotation {annotation} names a {kind} that ingressd does not allow.")


def _too_many(number: int, problems: Findings) -> Programming:
    problems.error(
        "too_many_middlewares",
        child("metadata.annotations", MIDDLEWARE),
        f"The Ingress names {number} middlewares, and at most {MAX_MIDDLEWARE} can be had: every request to it is "
        "answered with 503.",
        "Make one of several.",
    )
    return Programming(None, f"The annotation {MIDDLEWARE} names too many middlewares.")


def _plain(name: str) -> bool:
    return name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum()
