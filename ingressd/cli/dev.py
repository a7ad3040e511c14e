"""``ingressd dev``: serve manifests on localhost."""

from __future__ import annotations

import os

import click

from ingressd.cli.dev_server import serve_manifests
from ingressd.cli.event_loop import run
from ingressd.cli.flags import ListenFlags, ManifestFlags, ProgramFlags, serving_settings, translation_settings
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
    mappings: tuple[str, ...],
    ingress_classes: tuple[str, ...],
    middleware: tuple[str, ...],
    allowed_middleware: tuple[str, ...],
    allowed_handlers: tuple[str, ...],
    bind: str,
    admin_bind: str | None,
    http_port: int | None,
    https_port: int | None,
    admin_port: int | None,
    trusted_proxies: tuple[str, ...],
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
    programs = ProgramFlags(
        middleware=middleware, allowed_middleware=allowed_middleware, allowed_handlers=allowed_handlers
    )
    settings = serving_settings(
        ListenFlags(
            bind=bind,
            admin_bind=admin_bind,
            http_port=http_port,
            https_port=https_port,
            admin_port=admin_port,
            trusted_proxies=trusted_proxies,
            lane=LaneName(lane),
            timeouts=timeouts,
        ),
        programs,
    )
    translation = translation_settings(
        ManifestFlags(mappings=mappings, ingress_classes=ingress_classes, programs=programs)
    )
    manifests = Manifests(paths, translation, watch=True)
    manifests.require_something()
    run(serve_manifests(settings, manifests, open_authority(os.environ)))
