"""A proxy that can be measured: how to get it, and how to start it for a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from loadtest.comparison.site import Site


class Start(msgspec.Struct, frozen=True):
    command: tuple[str, ...]
    environment: Mapping[str, str] = {}


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """``package`` is Debian's, empty for what is not installed from there; ``version`` is the command that tells it.

    ``prepare`` writes the configuration into the site's folder.
    """

    name: str
    program: str
    package: str
    version: tuple[str, ...]
    prepare: Callable[[Site], Start]
