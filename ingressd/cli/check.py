"""``ingressd check``: what is wrong in manifests."""

from __future__ import annotations

import click

from ingressd.admin.problem_document import problems_document
from ingressd.cli.exit_code import ExitCode
from ingressd.cli.flags import ManifestFlags
from ingressd.cli.json_output import print_json
from ingressd.cli.not_served_view import count_not_served
from ingressd.cli.options import admin_option, json_option, manifest_options, paths_argument
from ingressd.cli.palette import Palette
from ingressd.cli.problem_view import format_problems, summarise
from ingressd.cli.subject import subject_of
from ingressd.cli.terminal import standard_output
from ingressd.resources.problem import Severity


@click.command()
@paths_argument
@manifest_options
@admin_option
@json_option
@click.pass_context
def check(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    manifests: ManifestFlags,
    admin: str | None,
    as_json: bool,
) -> None:
    """Report everything that is wrong in PATH... (files, folders, or - for standard input), without serving it.

    With --admin it is what a running ingressd reports now. Ends with 1 when there are errors, and with 2 when there is
    nothing to serve; warnings alone end with 0. Ingresses that are left to another controller are no problem: they are
    counted on standard error.

    \b
    Examples:
      ingressd check ./k8s
      ingressd check ./k8s --map web=3000
      helm template ./chart | ingressd check - --json
      ingressd check --admin http://localhost:9090
    """
    subject = subject_of(context, paths=paths, flags=manifests, admin=admin)
    problems = subject.problems()
    has_errors = any(problem.severity is Severity.ERROR for problem in problems)
    if as_json:
        print_json(problems_document(problems))
    if not has_errors:
        # With errors it may be they that leave nothing to serve: they say more.
        subject.require_something(problems_shown=as_json)
    for line in count_not_served(subject.not_served()):
        click.echo(line, err=True)
    if not as_json:
        for line in format_problems(problems, palette=Palette(standard_output().colours)):
            click.echo(line)
        click.echo(summarise(problems))
    if has_errors:
        context.exit(ExitCode.PROBLEMS)
