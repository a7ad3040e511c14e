"""What the admin port may ask of the running program."""

from __future__ import annotations

from typing import Protocol

from ingressd.controller.explanation import Explanation
from ingressd.controller.routes import RouteRow
from ingressd.resources.problem import Problem


class AdminView(Protocol):
    """Answers from memory: no method waits, changes anything, or shows a private key."""

    @property
    def ready(self) -> bool:
        """Whether traffic may come: everything has been read once, and nothing is draining."""
        ...

    def routes(self) -> tuple[RouteRow, ...]: ...

    def problems(self) -> tuple[Problem, ...]:
        """Return all problems, with their places where those are known."""
        ...

    def explain(self, method: str, url: str) -> Explanation:
        """Return how such a request would be answered now, with places; raises ValueError for a URL that is none."""
        ...
