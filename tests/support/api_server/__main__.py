"""``python -m tests.support.api_server --port N [--load FILE...]``: an API server to try things with by hand."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import suppress
from pathlib import Path

import yaml

from .kinds import BY_KIND
from .rbac import RBAC_KINDS
from .server import ApiServer


async def serve(arguments: argparse.Namespace) -> None:
    server = ApiServer(port=arguments.port, tls=arguments.tls)
    for file in arguments.load:
        for manifest in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            if manifest and manifest.get("kind") in BY_KIND:
                server.apply(manifest)
            elif manifest and manifest.get("kind") not in RBAC_KINDS:
                print(f"{file}: {manifest.get('kind')} is no kind of this server")
    if arguments.kubeconfig:
        server.write_kubeconfig(arguments.kubeconfig)
    async with server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.api_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--kubeconfig", type=Path, help="write one here")
    parser.add_argument("--load", type=Path, nargs="*", default=[], metavar="FILE", help="manifests to begin with")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
