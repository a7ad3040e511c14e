"""``ingressd routes``: which URL leads where."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ingressd.admin.routes_document import routes_document
from ingressd.cli.exit_code import ExitCode
from ingressd.cli.flags import ManifestFlags, translation_settings
from ingressd.cli.json_output import print_json
from ingressd.cli.manifests import Manifests
from ingressd.cli.options import json_option, manifest_options, paths_argument
from ingressd.cli.palette import Palette
from ingressd.cli.problem_view import format_problems, summarise
from ingressd.cli.routes_view import format_routes
from ingressd.cli.terminal import standard_output
from ingressd.controller.routes import RouteRow, route_rows
from ingressd.resources.problem import Problem, Severity


@click.command()
@paths_argument
@manifest_options
@json_option
@click.pass_context
def routes(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    mappings: tuple[str, ...],
    ingress_classes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show the routes of PATH... (files, folders, or - for standard input) as a table, without serving them.

    Problems go to standard error. Ends with 1 when there are errors, and with 2 when there is nothing to show.

    \b
    Examples:
      ingressd routes ./k8s
      ingressd routes ./k8s --map web=3000 --ingress-class nginx
      ingressd routes ./k8s --json | jq '.routes[] | select(.unavailable != "")'
    """
    settings = translation_settings(ManifestFlags(mappings=mappings, ingress_classes=ingress_classes))
    manifests = Manifests(paths, settings)
    rows, problems = route_rows(manifests.controller), manifests.problems()
    has_errors = any(problem.severity is Severity.ERROR for problem in problems)
    if as_json:
        print_json(routes_document(rows, problems))
    if not has_errors:
        manifests.require_something(problems_shown=as_json)
    if not as_json:
        _show(manifests, rows, problems)
    if has_errors:
        context.exit(ExitCode.PROBLEMS)


def _show(manifests: Manifests, rows: Sequence[RouteRow], problems: Sequence[Problem]) -> None:
    """The table goes to standard output, and everything else to standard error."""
    terminal = standard_output()
    if manifests.serves_something:
        for line in format_routes(rows, width=terminal.width, palette=Palette(terminal.colours)):
            click.echo(line)
    for line in (*format_problems(problems), *([summarise(problems)] if problems else [])):
        click.echo(line, err=True)
    if not manifests.serves_something:
        click.echo(f"ingressd: {manifests.why_nothing()}", err=True)
