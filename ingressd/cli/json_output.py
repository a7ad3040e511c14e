"""One JSON document on standard output."""

from __future__ import annotations

import click
import msgspec


def print_json(document: object) -> None:
    """Print ``document``, which msgspec can encode, indented and with a line feed."""
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
