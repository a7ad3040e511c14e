"""``ingressd check``: what is wrong in manifests."""

from __future__ import annotations

import click

from ingressd.admin.problem_document import problems_document
from ingressd.cli.exit_code import ExitCode
from ingressd.cli.flags import ManifestFlags, translation_settings
from ingressd.cli.json_output import print_json
from ingressd.cli.manifests import Manifests
from ingressd.cli.options import json_option, manifest_options, paths_argument
from ingressd.cli.palette import Palette
from ingressd.cli.problem_view import format_problems, summarise
from ingressd.cli.terminal import standard_output
from ingressd.resources.problem import Severity


@click.command()
@paths_argument
@manifest_options
@json_option
@click.pass_context
def check(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    mappings: tuple[str, ...],
    ingress_classes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Report everything that is wrong in PATH... (files, folders, or - for standard input), without serving it.

    Ends with 1 when there are errors, and with 2 when there is nothing to serve; warnings alone end with 0.

    \b
    Examples:
      ingressd check ./k8s
      ingressd check ./k8s --map web=3000
      helm template ./chart | ingressd check - --json
    """
    settings = translation_settings(ManifestFlags(mappings=mappings, ingress_classes=ingress_classes))
    manifests = Manifests(paths, settings)
    problems = manifests.problems()
    has_errors = any(problem.severity is Severity.ERROR for problem in problems)
    if as_json:
        print_json(problems_document(problems))
    if not has_errors:
        # With errors it may be they that leave nothing to serve: they say more.
        manifests.require_something(problems_shown=as_json)
    if not as_json:
        for line in format_problems(problems, palette=Palette(standard_output().colours)):
            click.echo(line)
        click.echo(summarise(problems))
    if has_errors:
        context.exit(ExitCode.PROBLEMS)
