"""What a command is asked about: manifests, or a running ingressd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import click

from ingressd.cli.exit_code import CommandError
from ingressd.cli.flags import ManifestFlags, translation_settings
from ingressd.cli.manifests import Manifests
from ingressd.cli.options import ASK_WITHOUT_PATH, LOOK_AT_WITHOUT_PATH
from ingressd.controller.controller import NotServed
from ingressd.controller.explanation import Explanation
from ingressd.controller.routes import RouteRow
from ingressd.resources.problem import Problem


class Subject(Protocol):
    """``Manifests`` and ``Replica`` answer the same questions, and a command prints the same for both."""

    def routes(self) -> tuple[RouteRow, ...]: ...

    def problems(self) -> tuple[Problem, ...]:
        """Return all problems, with their places where those are known."""
        ...

    def not_served(self) -> tuple[NotServed, ...]:
        """Return the Ingresses that another controller is to serve, or none."""
        ...

    def mapping_problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the ``--map`` of this command line."""
        ...

    def explain(self, method: str, url: str) -> Explanation:
        """Return how such a request would be answered, with places; raises ValueError for a URL that is none."""
        ...

    @property
    def serves_something(self) -> bool: ...

    def why_nothing(self) -> str:
        """Say why there is nothing to serve, as text that follows the problems."""
        ...

    def require_something(self, *, problems_shown: bool = False) -> None:
        """Raise CommandError if there is nothing to serve; the problems go first, unless they are shown already."""
        ...


def subject_of(context: click.Context, *, paths: Sequence[str], flags: ManifestFlags, admin: str | None) -> Subject:
    """Read the manifests in ``paths``, or connect to the replica at ``admin`` until the context ends.

    Raises CommandError for what cannot be read or reached, and when both are asked for.
    """
    if admin is None:
        if not paths:
            raise CommandError(f"there is nothing to read. {LOOK_AT_WITHOUT_PATH} {ASK_WITHOUT_PATH}")
        return Manifests(paths, translation_settings(flags))
    _require_replica_alone(paths, flags)
    # Here, so that reading manifests does not pay for a client that it does not need.
    from ingressd.cli.admin_client import AdminClient
    from ingressd.cli.admin_url import parse_admin_url
    from ingressd.cli.replica import Replica

    return Replica(context.with_resource(AdminClient(parse_admin_url(admin))))


def _require_replica_alone(paths: Sequence[str], flags: ManifestFlags) -> None:
    given = {
        "PATH...": paths,
        "--map": flags.mappings,
        "--ingress-class": flags.ingress_classes,
        "--middleware": flags.programs.middleware,
        "--allow-middleware": flags.programs.allowed_middleware,
        "--allow-handler": flags.programs.allowed_handlers,
    }
    for name, values in given.items():
        if values:
            raise CommandError(
                f"{name} ({', '.join(values)}) cannot be used with --admin, which asks a running ingressd about what "
                "it serves, with the flags that it was started with: leave out one of the two"
            )
