"""Manifests read once and translated, for the commands that do not serve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click

from ingressd.admin.explanation_document import located_explanation
from ingressd.admin.problem_document import located
from ingressd.cli.exit_code import CommandError
from ingressd.cli.nothing_view import explain_nothing
from ingressd.cli.options import LOOK_AT_WITHOUT_PATH
from ingressd.cli.problem_view import format_problems
from ingressd.controller.controller import Controller, NotServed
from ingressd.controller.explain import explain
from ingressd.controller.explanation import Explanation
from ingressd.controller.routes import RouteRow, route_rows
from ingressd.resources.change import Applied
from ingressd.resources.key import Kind
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Problem
from ingressd.sources.files import FileSource, SourceError
from ingressd.translate.settings import TranslationSettings
from ingressd.translate.unused_mappings import unused_mappings


class Manifests:
    """A file source after its first reading, and the controller that has translated it.

    Whoever serves goes on from both. ``added`` are objects beside those of the files. Raises CommandError for a path
    that cannot be read.
    """

    def __init__(
        self,
        paths: Sequence[str],
        settings: TranslationSettings,
        *,
        watch: bool = False,
        added: Iterable[KubernetesObject] = (),
    ) -> None:
        if not paths:
            raise CommandError(f"there is nothing to read. {LOOK_AT_WITHOUT_PATH}")
        try:
            self.source = FileSource(paths, watch=watch)
            changes = (*map(Applied, added), *self.source.read())
        except SourceError as error:
            raise CommandError(str(error)) from error
        self.paths = tuple(paths)
        self.controller = Controller(settings, publish=lambda difference: None)
        self.controller.apply(changes)
        self.controller.flush(datetime.now(UTC))

    def routes(self) -> tuple[RouteRow, ...]:
        return route_rows(self.controller)

    def explain(self, method: str, url: str) -> Explanation:
        """Return how such a request would be answered, with places; raises ValueError for a URL that is none."""
        self.require_something()
        return located_explanation(explain(self.controller, method, url), self.source.origins.locate)

    def problems(self) -> tuple[Problem, ...]:
        """Return all problems with their places: of ``--map`` first, then in the order of files and lines."""
        return (*self.mapping_problems(), *self._file_problems())

    def not_served(self) -> tuple[NotServed, ...]:
        """Return the Ingresses that another controller is to serve, or none."""
        return self.controller.not_served()

    def mapping_problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with ``--map``, given these manifests."""
        controller = self.controller
        return unused_mappings(controller.settings.local_endpoints, controller.table.upstreams, controller.store)

    @property
    def serves_something(self) -> bool:
        return any(host.routed for host in self.controller.table.hosts.values())

    def require_something(self, *, problems_shown: bool = False) -> None:
        """Explain on standard error why there is nothing to serve, and end with the exit code for that.

        The problems of the files come first, unless they are ``problems_shown`` already.
        """
        if self.serves_something:
            return
        if not problems_shown:
            for line in format_problems(self._file_problems()):
                click.echo(line, err=True)
        raise CommandError(self.why_nothing())

    def why_nothing(self) -> str:
        """Say why there is nothing to serve, as text that follows the problems of the files."""
        return explain_nothing(
            self.paths,
            objects=self._objects(),
            passed_over=self.source.passed_over,
            not_served=[(str(key), why) for key, why in self.not_served()],
            worst=min((problem.severity for problem in self.controller.problems()), default=None),
        )

    def _file_problems(self) -> tuple[Problem, ...]:
        return located(self.controller.problems(), self.source.origins.locate)

    def _objects(self) -> dict[Kind, int]:
        """Count by kind what was read, and the Ingresses that are not valid too: their author knows that they exist."""
        store = self.controller.store
        counts = {kind: count for kind in Kind if (count := len(store.of_kind(kind)))}
        ingresses = {found.key for found in store.of_kind(Kind.INGRESS)}
        ingresses.update(
            problem.key
            for problem in self.controller.problems()
            if problem.key is not None and problem.key.kind is Kind.INGRESS
        )
        return counts | {Kind.INGRESS: len(ingresses)} if ingresses else counts
