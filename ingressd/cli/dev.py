"""``ingressd dev``: serve manifests on localhost."""

from __future__ import annotations

import os

import click
import msgspec

from ingressd.cli.dev_server import serve_manifests
from ingressd.cli.event_loop import run
from ingressd.cli.flags import ListenFlags, ManifestFlags, serving_settings, translation_settings
from ingressd.cli.local_authority import open_authority
from ingressd.cli.manifests import Manifests
from ingressd.cli.options import lane_option, listen_options, manifest_options, paths_argument, timeout_options
from ingressd.settings import LaneName


@click.command()
@paths_argument
@manifest_options
@listen_options
@lane_option
@timeout_options
def dev(
    *,
    paths: tuple[str, ...],
    manifests: ManifestFlags,
    listen: ListenFlags,
    lane: str,
    **timeouts: float,
) -> None:
    """Serve the Ingresses in PATH... (files, folders, or - for standard input) on this machine.

    Saved files are served at once. A Service leads to the endpoints that the files give it, or to a server of yours
    with --map. HTTPS works for every host, with certificates of a local CA where the files have none. Ctrl-C lets
    requests in flight finish.

    \b
    Examples:
      ingressd dev ./k8s --map web=3000 --map shop/api:http=127.0.0.1:8000
      ingressd dev ingress.yaml services.yaml --http-port 80
      ingressd dev ./k8s --map web=3000 --allow-middleware api-key=company.checks:api_key
      helm template ./chart | ingressd dev - --map web=3000
    """
    settings = serving_settings(
        msgspec.structs.replace(listen, lane=LaneName(lane), timeouts=timeouts), manifests.programs
    )
    served = Manifests(paths, translation_settings(manifests), watch=True)
    served.require_something()
    run(serve_manifests(settings, served, open_authority(os.environ)))
