"""The path that an upstream is asked for, where a route replaces it."""

from __future__ import annotations

from ingressd.routing.path import canonical_path
from ingressd.routing.route import Route
from ingressd.routing.virtual_host import VirtualHost


def rewritten_path(virtual_host: VirtualHost | None, route: Route, path: str) -> str:
    """Return the canonical ``path`` as the route's rewrite makes it; unchanged without one.

    ``virtual_host`` is the one whose route it is. The result is made canonical again: what a client captured into
    it may hold ``..``. Raises PathError when that leads above the root.
    """
    if route.rewrite is None:
        return path
    captures = virtual_host.paths.captures(route, path) if virtual_host is not None else ()
    return canonical_path(expand(route.rewrite.target, captures))


def expand(template: str, captures: tuple[str, ...]) -> str:
    """Put ``captures`` in the place of ``$1`` to ``$9``; a group that does not exist is empty text.

    >>> expand("/api/$2", ("/", "users"))
    '/api/users'
    """
    pieces = template.split("$")
    expanded = [pieces[0]]
    for piece in pieces[1:]:
        if piece[:1].isdigit() and piece[0] != "0":
            index = int(piece[0]) - 1
            expanded.append(captures[index] if index < len(captures) else "")
            expanded.append(piece[1:])
        else:
            expanded.append("$" + piece)
    return "".join(expanded)
