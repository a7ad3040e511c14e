"""What the admin port may ask of the running program."""

from __future__ import annotations

from typing import Protocol

from ingressd.controller.controller import NotServed
from ingressd.controller.explanation import Explanation
from ingressd.controller.routes import RouteRow
from ingressd.resources.problem import Problem


class AdminView(Protocol):
    """Answers from memory, without changing anything or showing a private key. Only ``refresh`` may wait."""

    @property
    def ready(self) -> bool:
        """Whether traffic may come: everything has been read once, and nothing is draining."""
        ...

    def waiting_for(self) -> tuple[str, ...]:
        """Return a sentence for each thing without which nothing can be served; empty once all were there, for good.

        Until then there is no answer to ``routes``, ``not_served`` and ``explain``, and ``problems`` are those known
        so far.
        """
        ...

    def routes(self) -> tuple[RouteRow, ...]: ...

    def problems(self) -> tuple[Problem, ...]:
        """Return all problems, with their places where those are known."""
        ...

    def not_served(self) -> tuple[NotServed, ...]:
        """Return the Ingresses that another controller is to serve, or none."""
        ...

    def explain(self, method: str, url: str) -> Explanation:
        """Return how such a request would be answered now, with places; raises ValueError for a URL that is none."""
        ...

    async def refresh(self) -> None:
        """Bring the numbers behind ``/metrics`` up to date, for as long as that may take at a scrape."""
        ...
