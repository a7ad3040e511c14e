"""``python -m tls``: the local certificate authority on the command line."""

from __future__ import annotations

import base64
import functools
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from tls import authority_files
from tls.authority_files import AuthorityError
from tls.trust import trust_steps

if TYPE_CHECKING:
    from tls.authority import LocalAuthority
    from tls.key_pair import KeyPair

_EXAMPLES: Final = """\b
Examples:
  python -m tls show
  python -m tls issue shop.localhost '*.shop.localhost' 127.0.0.1 --out certs
  python -m tls secret shop-tls shop.localhost -n web | kubectl apply -f -
  python -m tls remove

Exit status: 0 done, 1 it cannot be done (the message says why), 2 wrong use.
"""

# What Kubernetes demands of names: an RFC 1123 label for a namespace, a subdomain for a Secret.
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE: Final = re.compile(_LABEL)
_SECRET_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")

_Result = TypeVar("_Result")


@click.group(
    name="python -m tls",
    epilog=_EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of the authority.  [default: $XDG_DATA_HOME/ingressd/ca or ~/.local/share/ingressd/ca]",
)
@click.pass_context
def main(context: click.Context, directory: Path | None) -> None:
    """Manage the certificate authority that `ingressd dev` signs certificates with on this machine.

    It is created on first use. Programs accept its certificates once they trust it; `show` tells how.
    """
    if "NO_COLOR" in os.environ:
        context.color = False
    context.obj = directory


@main.command()
@click.pass_obj
def show(directory: Path | None) -> None:
    """Say where the authority is and how to trust it."""
    authority = _open(directory)
    path = _certificate_path(authority)
    for label, value in (
        ("certificate", str(path)),
        ("subject", authority.subject),
        ("SHA-256", _colons(authority.fingerprint)),
        ("valid", f"{authority.not_before:%Y-%m-%d} to {authority.not_after:%Y-%m-%d}"),
    ):
        click.echo(f"{click.style(f'{label:<12}', bold=True)} {value}")
    click.echo("\nTo trust it, choose the programs you use:")
    for step in trust_steps(path):
        click.echo(f"\n{click.style(step.program, fg='cyan')}")
        for line in step.commands:
            click.echo(f"  {line}")


@main.command(short_help="Write a certificate and its key to files.")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="the current directory",
    help="Where to write tls.crt and tls.key; created if it does not exist.",
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.pass_obj
def issue(directory: Path | None, names: Sequence[str], out: Path, force: bool) -> None:
    """Write a certificate for each NAME (DNS name, *.wildcard or IP address) and its key.

    \b
    Example: python -m tls issue shop.localhost 127.0.0.1 --out certs
    """
    pair = _issue(directory, names)
    _attempt(lambda: out.mkdir(parents=True, exist_ok=True))
    files = ((out / "tls.crt", pair.certificate_chain), (out / "tls.key", pair.private_key))
    for path, _ in files:
        if path.exists() and not force:
            raise click.ClickException(f"{path} exists: choose another --out, or replace it with --force.")
    for path, content in files:
        if force:
            _attempt(functools.partial(path.unlink, missing_ok=True))
        if not _attempt(functools.partial(authority_files.write_new, path, content, 0o600)):
            raise click.ClickException(f"{path} was created by somebody else meanwhile: try again.")
        click.echo(f"wrote {path}")


@main.command(short_help="Print a kubernetes.io/tls Secret with a certificate.")
@click.argument("name")
@click.argument("hosts", metavar="HOST...", nargs=-1, required=True)
@click.option("--namespace", "-n", help="Namespace in the manifest.  [default: none, kubectl decides]")
@click.pass_obj
def secret(directory: Path | None, name: str, hosts: Sequence[str], namespace: str | None) -> None:
    """Print a Secret NAME of type kubernetes.io/tls with a certificate for each HOST.

    \b
    Example: python -m tls secret shop-tls shop.localhost | kubectl apply -f -
    """
    for value, pattern, what in ((name, _SECRET_NAME, "NAME"), (namespace, _NAMESPACE, "--namespace")):
        if value is not None and not pattern.fullmatch(value):
            raise click.UsageError(f"{what} must be a DNS name in lower case, such as shop-tls, not {value!r}.")
    click.echo(_manifest(name, namespace, _issue(directory, hosts)), nl=False)


@main.command()
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(directory: Path | None, yes: bool) -> None:
    """Delete the authority. The next use creates another one, which nobody trusts yet."""
    place = _directory(directory)
    if not yes:
        click.confirm(f"Delete the local authority in {place}?", abort=True)
    removed = _attempt(lambda: authority_files.remove(place))
    if not removed:
        click.echo(f"there is no authority in {place}")
        return
    for path in removed:
        click.echo(f"removed {path}")
    click.echo("Programs that were told to trust it still do: remove it from their stores too.")


def _directory(directory: Path | None) -> Path:
    return _attempt(lambda: authority_files.default_directory(os.environ)) if directory is None else directory


def _open(directory: Path | None) -> LocalAuthority:
    # `--help` and `remove` need no cryptography, which takes a fifth of a second to import.
    from tls.authority import LocalAuthority

    place = _directory(directory)
    return _attempt(lambda: LocalAuthority.open(place))


def _issue(directory: Path | None, names: Sequence[str]) -> KeyPair:
    authority = _open(directory)
    try:
        return authority.issue(names)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None


def _certificate_path(authority: LocalAuthority) -> Path:
    path = authority.certificate_path
    if path is None:
        raise click.ClickException("an authority in memory has no file to trust.")
    return path.absolute()


def _manifest(name: str, namespace: str | None, pair: KeyPair) -> str:
    lines = ["apiVersion: v1", "kind: Secret", "metadata:", f'  name: "{name}"']
    if namespace is not None:
        lines.append(f'  namespace: "{namespace}"')
    lines += [
        "type: kubernetes.io/tls",
        "data:",
        f"  tls.crt: {base64.b64encode(pair.certificate_chain).decode()}",
        f"  tls.key: {base64.b64encode(pair.private_key).decode()}",
    ]
    return "\n".join(lines) + "\n"


def _colons(fingerprint: str) -> str:
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()


def _attempt(action: Callable[[], _Result]) -> _Result:
    try:
        return action()
    except (AuthorityError, OSError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    sys.exit(main(prog_name="python -m tls"))
