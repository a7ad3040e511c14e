"""``ingressd completion``: the script that completes commands and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
COMPLETE_VARIABLE = "_INGRESSD_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL: bash (4.4 or newer), zsh or fish.

    \b
    Examples:
      ingressd completion bash >> ~/.bashrc
      ingressd completion zsh > "${fpath[1]}/_ingressd"
      ingressd completion fish > ~/.config/fish/completions/ingressd.fish
    """
    root = context.find_root()
    completer = get_completion_class(shell)
    if completer is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    # click renders the script from the class alone: its `source` would also run a shell to ask for its version.
    script = completer(root.command, {}, "ingressd", COMPLETE_VARIABLE)
    click.echo(script.source_template % script.source_vars())
