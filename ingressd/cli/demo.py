"""``ingressd demo``: the bundled example, with backends of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import click

from ingressd.cli.demo_view import Attempt, attempts, format_attempts, format_probe
from ingressd.cli.dev_server import Serving, serve_manifests
from ingressd.cli.event_loop import run
from ingressd.cli.exit_code import ExitCode
from ingressd.cli.flags import ListenFlags, ManifestFlags, serving_settings, translation_settings
from ingressd.cli.invocation import program_text
from ingressd.cli.local_authority import open_authority
from ingressd.cli.manifests import Manifests
from ingressd.cli.options import listen_options
from ingressd.cli.palette import Palette
from ingressd.cli.terminal import standard_output
from ingressd.demo.backends import running_backends
from ingressd.demo.manifest_folder import manifest_folder
from ingressd.demo.pods import PODS, Pod
from ingressd.demo.secret import CERTIFICATE_HOST, tls_secret
from ingressd.demo.self_check import Probe, ProbeResult, run_probe
from ingressd.demo.slices import endpoint_slices
from ingressd.settings import ServingSettings

_CHECKED_SERVICE = "storefront"
_EXPLAINED_SERVICE = "checkout"


@click.command()
@listen_options
@click.option("--once", is_flag=True, help="End after the check, with 0 if it passed and 1 if it did not.")
@click.pass_context
def demo(
    context: click.Context,
    *,
    listen: ListenFlags,
    once: bool,
) -> None:
    """Serve the bundled example: several hosts and Services, TLS, a wildcard, a default backend, two pods to balance.

    It starts small servers for the pods, prints lines to try, and checks itself over HTTP and verified HTTPS. No
    cluster, no Docker, no root. Ctrl-C ends it.

    \b
    Examples:
      ingressd demo
      ingressd demo --http-port 8000 --https-port 8001
      ingressd demo --once
    """
    results = run(_serve_example(serving_settings(listen), once=once))
    if once and (not results or any(result.fault for result in results)):
        context.exit(ExitCode.PROBLEMS)


async def _serve_example(settings: ServingSettings, *, once: bool) -> list[ProbeResult]:
    results: list[ProbeResult] = []
    translation = translation_settings(ManifestFlags())
    authority = open_authority(os.environ)
    async with running_backends(PODS) as ports:
        manifests = Manifests(
            (str(manifest_folder()),),
            translation,
            watch=True,
            added=(tls_secret(authority.authority.issue([CERTIFICATE_HOST])), *endpoint_slices(ports)),
        )

        async def show_and_check(serving: Serving) -> None:
            palette = Palette(standard_output().colours)
            if not once:
                serving.screen.show((*format_attempts(_attempts(serving, ports), palette=palette), ""))
            serving.screen.show(("Checking:",))
            for probe in _probes(serving):
                results.append(await run_probe(probe, serving.authority.authority.certificate))
                serving.screen.show((format_probe(results[-1], palette=palette),))
            if once:
                serving.stop.set()

        await serve_manifests(settings, manifests, authority, beside=show_and_check)
    return results


def _attempts(serving: Serving, ports: Mapping[Pod, int]) -> tuple[Attempt, ...]:
    path = serving.authority.authority.certificate_path
    program = program_text(sys.argv[0], os.environ.get("PATH", ""))
    [port] = [port for pod, port in ports.items() if pod.service == _EXPLAINED_SERVICE]
    return attempts(
        serving.addresses,
        authority_file=str(path) if path is not None else "",
        # Endpoints are in a cluster, not in manifests: another process has to be told where the pod is.
        explain_command=f"{program} explain --map {_EXPLAINED_SERVICE}={port}",
        manifests=str(manifest_folder()),
    )


def _probes(serving: Serving) -> tuple[Probe, ...]:
    addresses = serving.addresses
    return tuple(
        Probe(
            scheme=scheme,
            host=CERTIFICATE_HOST,
            path="/",
            address=addresses.reachable,
            port=port,
            service=_CHECKED_SERVICE,
        )
        for scheme, port in (("http", addresses.http), ("https", addresses.https))
    )
