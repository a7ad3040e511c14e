"""``ingressd routes``: which URL leads where."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ingressd.admin.routes_document import routes_document
from ingressd.cli.exit_code import ExitCode
from ingressd.cli.flags import ManifestFlags
from ingressd.cli.json_output import print_json
from ingressd.cli.not_served_view import format_not_served
from ingressd.cli.options import admin_option, json_option, manifest_options, paths_argument
from ingressd.cli.palette import Palette
from ingressd.cli.problem_view import format_problems, summarise
from ingressd.cli.routes_view import format_routes
from ingressd.cli.subject import Subject, subject_of
from ingressd.cli.terminal import standard_output
from ingressd.controller.routes import RouteRow
from ingressd.resources.problem import Problem, Severity


@click.command()
@paths_argument
@manifest_options
@admin_option
@json_option
@click.pass_context
def routes(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    manifests: ManifestFlags,
    admin: str | None,
    as_json: bool,
) -> None:
    """Show the routes of PATH... (files, folders, or - for standard input) as a table, without serving them.

    With --admin they are those that a running ingressd serves now. Problems go to standard error, and so do Ingresses
    that are left to another controller. Ends with 1 when there are errors, and with 2 when there is nothing to show.

    \b
    Examples:
      ingressd routes ./k8s
      ingressd routes ./k8s --map web=3000 --ingress-class nginx
      ingressd routes --admin http://localhost:9090
      ingressd routes ./k8s --json | jq '.routes[] | select(.unavailable != "")'
    """
    subject = subject_of(context, paths=paths, flags=manifests, admin=admin)
    rows, problems = subject.routes(), subject.problems()
    has_errors = any(problem.severity is Severity.ERROR for problem in problems)
    if as_json:
        print_json(routes_document(rows, problems, subject.not_served()))
    if not has_errors:
        subject.require_something(problems_shown=as_json)
    if not as_json:
        _show(subject, rows, problems)
    if has_errors:
        context.exit(ExitCode.PROBLEMS)


def _show(subject: Subject, rows: Sequence[RouteRow], problems: Sequence[Problem]) -> None:
    """The table goes to standard output, and everything else to standard error."""
    terminal = standard_output()
    if subject.serves_something:
        for line in format_routes(rows, width=terminal.width, palette=Palette(terminal.colours)):
            click.echo(line)
    for line in (*format_problems(problems), *([summarise(problems)] if problems else [])):
        click.echo(line, err=True)
    if subject.serves_something:
        for line in format_not_served(subject.not_served()):
            click.echo(line, err=True)
    else:
        click.echo(f"ingressd: {subject.why_nothing()}", err=True)
