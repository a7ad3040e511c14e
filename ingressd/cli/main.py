"""The ``ingressd`` command."""

from __future__ import annotations

import click

from ingressd import __version__
from ingressd.cli.lazy_group import CommandPlace, LazyGroup
from ingressd.compilation import describe

PROGRAM = "ingressd"

COMMANDS: dict[str, CommandPlace] = {
    "dev": CommandPlace("ingressd.cli.dev", "dev", "Serve manifests on localhost, and reload when they are saved."),
    "run": CommandPlace("ingressd.cli.run", "run", "Serve a cluster, or manifests in production."),
    "demo": CommandPlace("ingressd.cli.demo", "demo", "Serve the bundled example, with backends of its own."),
    "check": CommandPlace("ingressd.cli.check", "check", "Report what is wrong in manifests, without serving them."),
    "routes": CommandPlace("ingressd.cli.routes", "routes", "Show which URL leads where, without serving."),
    "explain": CommandPlace("ingressd.cli.explain", "explain", "Show each step by which a request finds its endpoint."),
    "completion": CommandPlace("ingressd.cli.completion", "completion", "Print the completion script of a shell."),
}


@click.group(
    name=PROGRAM,
    cls=LazyGroup,
    places=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(f"{__version__} ({describe()})", "--version", prog_name=PROGRAM)
def command() -> None:
    """Serve Kubernetes Ingress: in a cluster as its controller, and on your machine from the manifests you have.

    \b
    Examples:
      ingressd demo                                   look at it first
      ingressd dev ./k8s --map web=3000               serve a folder; Service web is on port 3000
      ingressd check ./k8s                            what is wrong, for CI
      ingressd explain GET http://shop.localhost/cart ./k8s
      ingressd run                                    serve a cluster, from one of its pods
      ingressd routes --admin http://localhost:9090   what a running ingressd serves

    \b
    Exit codes:
      0  it worked
      1  it ran and found errors
      2  it could not run as asked, or there was nothing to do
      130  a second Ctrl-C ended it at once
    """


def main() -> None:
    """Run the command line and exit with its code."""
    command.main(prog_name=PROGRAM)
