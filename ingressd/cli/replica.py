"""A running ingressd, asked through its admin port by the commands that do not serve."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import NoReturn, TypeVar
from urllib.parse import urlencode

import click
import msgspec

from ingressd import __version__
from ingressd.admin.error_document import UNREADABLE, decode_error
from ingressd.admin.explanation_document import decode_explanation
from ingressd.admin.problem_document import decode_problems
from ingressd.admin.readiness_document import ReadinessDocument
from ingressd.admin.routes_document import RoutesFound, decode_routes
from ingressd.cli.admin_client import AdminClient, Answer
from ingressd.cli.exit_code import CommandError
from ingressd.cli.not_served_view import format_not_served
from ingressd.cli.problem_view import format_problems
from ingressd.controller.controller import NotServed
from ingressd.controller.explanation import Explanation
from ingressd.controller.routes import RouteRow
from ingressd.resources.problem import Problem
from ingressd.settings import DEFAULT_ADMIN_PORT
from ingressd.telemetry.request_line import printable

MAX_QUERY_LENGTH = 8000
"""What fits into the longest request line that the server of the admin port reads (8190 bytes)."""
_Document = TypeVar("_Document")


class Replica:
    """Answers what ``Manifests`` answers, with the words of the replica behind ``client``.

    Made only of one that has read everything once: for any other, the problems that it knows go to standard error,
    and CommandError says what it waits for. CommandError is raised, too, for everything that is no such answer.
    """

    def __init__(self, client: AdminClient) -> None:
        self._client = client
        answer = client.get("/readyz")
        try:
            readiness = msgspec.json.decode(answer.body, type=ReadinessDocument)
        except UNREADABLE:
            self._refused("/readyz", answer)
        if readiness.waiting_for:
            self._not_ready(readiness.waiting_for)
        if not readiness.ready:
            click.echo(f"ingressd: {client.url} is not ready: it starts or drains, and is to get no traffic", err=True)

    def routes(self) -> tuple[RouteRow, ...]:
        return self._found.routes

    def problems(self) -> tuple[Problem, ...]:
        return self._found.problems

    def not_served(self) -> tuple[NotServed, ...]:
        """Return the Ingresses that it leaves to another controller, or to none."""
        return self._found.not_served

    def mapping_problems(self) -> tuple[Problem, ...]:
        """None: what is wrong with the ``--map`` of the replica is among its problems."""
        return ()

    def explain(self, method: str, url: str) -> Explanation:
        """Return how such a request would be answered now; raises ValueError for a URL that is none."""
        query = urlencode({"method": method, "url": url}, errors="surrogatepass")
        if len(query) > MAX_QUERY_LENGTH:
            raise ValueError(f"it is too long to be asked about: it has {len(query)} characters when escaped")
        answer = self._client.get(f"/api/explain?{query}")
        error = decode_error(answer.body) if answer.status == 400 else None
        if error is not None:
            raise ValueError(printable(error.message))
        return self._read("/api/explain", answer, decode_explanation)

    @property
    def serves_something(self) -> bool:
        return bool(self.routes())

    def require_something(self, *, problems_shown: bool = False) -> None:
        """End with the exit code for having nothing to serve, after the problems unless they are shown already."""
        if self.serves_something:
            return
        if not problems_shown:
            self._show(self.problems())
        raise CommandError(self.why_nothing())

    def why_nothing(self) -> str:
        nothing = (
            f"{self._client.url} serves nothing: no Ingress of a class of its own has a rule or a default backend "
            "that can be used"
        )
        return "\n  ".join((nothing, *format_not_served(self.not_served())))

    @cached_property
    def _found(self) -> RoutesFound:
        """Everything of one moment."""
        return self._ask("/api/routes", decode_routes)

    def _ask(self, path: str, decode: Callable[[bytes], _Document]) -> _Document:
        return self._read(path, self._client.get(path), decode)

    def _read(self, path: str, answer: Answer, decode: Callable[[bytes], _Document]) -> _Document:
        if answer.status != 200:
            self._refused(path, answer)
        try:
            return decode(answer.body)
        except UNREADABLE as error:
            raise CommandError(
                f"{self._client.url} answers in a form that ingressd {__version__} does not know: "
                f"{printable(str(error))}. Use the version of ingressd that runs there."
            ) from error

    def _refused(self, path: str, answer: Answer) -> NoReturn:
        """End the command with what the other side said, if it was ingressd."""
        error = decode_error(answer.body)
        if error is None:
            self._not_an_admin_port(path, answer)
        raise CommandError(f"{self._client.url} refuses: {printable(error.message)}")

    def _not_an_admin_port(self, path: str, answer: Answer) -> NoReturn:
        if answer.redirect:
            how = f"redirects to {answer.redirect}, and redirects are not followed"
        elif answer.reason:
            how = "is one on which it serves sites"
        else:
            how = f"is something else: it answers {answer.status} {answer.phrase} to {path}"
        raise CommandError(
            f"{self._client.url} is no admin port of ingressd, but {printable(how)}. "
            f"The admin port is {DEFAULT_ADMIN_PORT} unless --admin-port says otherwise."
        )

    def _not_ready(self, waiting_for: tuple[str, ...]) -> NoReturn:
        self._show(self._ask("/api/problems", decode_problems))
        sentences = "".join(f"\n  {printable(sentence)}" for sentence in waiting_for)
        raise CommandError(f"{self._client.url} is not ready: it has not read everything yet{sentences}")

    def _show(self, problems: tuple[Problem, ...]) -> None:
        for line in format_problems(problems):
            click.echo(line, err=True)
