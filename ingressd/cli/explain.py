"""``ingressd explain``: each step by which a request finds its endpoint."""

from __future__ import annotations

import click

from ingressd.admin.explanation_document import explanation_document
from ingressd.cli.exit_code import CommandError, ExitCode
from ingressd.cli.explain_view import format_explanation
from ingressd.cli.flags import ManifestFlags
from ingressd.cli.json_output import print_json
from ingressd.cli.options import admin_option, json_option, manifest_options, paths_argument
from ingressd.cli.palette import Palette
from ingressd.cli.problem_view import format_problems
from ingressd.cli.subject import subject_of
from ingressd.cli.terminal import standard_output
from ingressd.cli.url_argument import FORM, require_url


@click.command()
@click.argument("method")
@click.argument("url")
@paths_argument
@manifest_options
@admin_option
@json_option
@click.pass_context
def explain(
    context: click.Context,
    *,
    method: str,
    url: str,
    paths: tuple[str, ...],
    manifests: ManifestFlags,
    admin: str | None,
    as_json: bool,
) -> None:
    """Explain what becomes of a request METHOD URL with the manifests in PATH... (files, folders, or -), or with
    --admin in a running ingressd.

    Shows the canonical host and path, every host and path that could have taken it and why the others lost, the rule
    with its file and line, the certificate, the Service and its endpoints. Ends with 0 when the request is forwarded
    or answered by a handler, with 1 when ingressd answers it with an error itself.

    \b
    Examples:
      ingressd explain GET http://shop.localhost/cart ./k8s
      ingressd explain POST shop.localhost/api//v1/../v2 ./k8s --map api=8000
      ingressd explain GET http://shop.example/cart --admin http://localhost:9090
      ingressd explain GET https://shop.localhost/ ./k8s --json | jq .answer
    """
    require_url(method, url, paths)
    subject = subject_of(context, paths=paths, flags=manifests, admin=admin)
    try:
        explanation = subject.explain(method, url)
    except ValueError as error:
        raise CommandError(f"{FORM}: {error}") from error
    for line in format_problems(subject.mapping_problems()):
        click.echo(line, err=True)
    if as_json:
        print_json(explanation_document(explanation))
    else:
        for line in format_explanation(explanation, palette=Palette(standard_output().colours)):
            click.echo(line)
    if explanation.answer.refused:
        context.exit(ExitCode.PROBLEMS)
