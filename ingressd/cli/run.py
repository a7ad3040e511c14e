"""``ingressd run``: serve a cluster, or files in production."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import click

from ingressd.cli.exit_code import ExitCode
from ingressd.cli.run_options import RUN_SECTIONS
from ingressd.cli.sections import sectioned_command


@sectioned_command("run", RUN_SECTIONS)
@click.pass_context
def run(context: click.Context, /, **flags: Any) -> None:
    """Serve the Ingresses of a Kubernetes cluster; with --from, those in files, without a cluster.

    One process follows the API server, others serve: the API server can be away without a request noticing. Ports
    are opened when everything has been read once. SIGTERM drains, SIGHUP replaces the serving processes one by one.

    \b
    Examples:
      ingressd run --publish-service ingress/ingressd         in a pod
      ingressd run --kubeconfig ~/.kube/config --no-status    beside another controller
      ingressd run --from /etc/ingressd --http-port 80 --https-port 443
    """
    from ingressd.cli.event_loop import run as run_loop
    from ingressd.cli.run_flags import refuse_senseless, run_settings
    from ingressd.cli.run_server import serve_cluster, serve_files
    from ingressd.telemetry.log_handler import STANDARD_ERROR, logging_to

    refuse_senseless(context, files=bool(flags["paths"]))
    settings = run_settings(flags)
    with early_signals(), logging_to(STANDARD_ERROR, settings.log_level):
        if flags["paths"]:
            run_loop(serve_files(settings, flags))
        else:
            run_loop(serve_cluster(settings, flags, os.environ))


@contextlib.contextmanager
def early_signals() -> Iterator[None]:
    """Before there is an event loop to hear them: SIGTERM ends the program in order, SIGHUP has nothing to replace.

    Process 1 of a container has no default actions: a SIGTERM at its start would be lost.
    """
    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(ExitCode.OK)),
        signal.SIGHUP: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
