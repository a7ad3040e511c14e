"""Building what ``run`` runs, from its flags."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator, Mapping

from ingressd.app.run_server import Cluster, ControlPlaneError, RunServer, Source, TrafficSockets
from ingressd.cli.event_loop import stop_on_signals
from ingressd.cli.exit_code import CommandError, ExitCode
from ingressd.cli.listening_sockets import bind_traffic_sockets, open_admin_socket
from ingressd.cli.manifests import Manifests
from ingressd.cli.run_flags import Flags, controller_settings, translation_of_cluster, translation_of_files
from ingressd.controller.burst import CLUSTER, FILES
from ingressd.controller.controller import Controller
from ingressd.settings import RunSettings
from ingressd.workers.pool import RefusalError

_log = logging.getLogger(__name__)


async def serve_files(settings: RunSettings, flags: Flags) -> None:
    """Serve the manifests of ``--from`` until SIGTERM. Raises CommandError."""
    manifests = Manifests(flags["paths"], translation_of_files(flags), watch=True)
    files = manifests.source
    source = Source(files.changes, FILES, locate=files.origins.locate)
    await _run(settings, manifests.controller, source, None)


async def serve_cluster(settings: RunSettings, flags: Flags, environment: Mapping[str, str]) -> None:
    """Serve the Ingresses of a cluster until SIGTERM. Raises CommandError."""
    from ingressd.app.cluster_side import ClusterSide
    from ingressd.kube.client import open_client
    from ingressd.kube.configuration import ClusterConfigurationError, ClusterSettings

    own = controller_settings(flags, environment)
    try:
        async with open_client(ClusterSettings(kubeconfig=own.kubeconfig, context=own.context)) as client:
            _log.info("API server %s, from %s", client.server, client.origin)
            controller = Controller(translation_of_cluster(flags), publish=lambda difference: None)
            cluster = ClusterSide(own, client, controller)
            source = Source(cluster.source.changes, CLUSTER, waiting_for=cluster.source.waiting_for)
            await _run(settings, controller, source, cluster)
    except ClusterConfigurationError as error:
        raise CommandError(f"{error} To serve files without a cluster, give them with --from PATH.") from error


async def _run(settings: RunSettings, controller: Controller, source: Source, cluster: Cluster | None) -> None:
    listen = settings.serving.listen
    with open_admin_socket(listen) as admin, stop_on_signals() as stop, _roll_on_hangup() as roll:
        server = RunServer(
            settings,
            controller,
            source,
            cluster=cluster,
            open_sockets=lambda: TrafficSockets(*bind_traffic_sockets(listen)),
        )
        try:
            await server.run(admin, stop, roll)
        except ControlPlaneError:
            raise SystemExit(ExitCode.PROBLEMS) from None
        except BaseExceptionGroup as group:
            # A port is taken, or there is no such Python code; tasks beside have been cancelled for it.
            refused = group.subgroup((CommandError, RefusalError))
            if refused is None:
                raise
            raise CommandError(str(_first(refused))) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


@contextlib.contextmanager
def _roll_on_hangup() -> Iterator[asyncio.Event]:
    """Give an event that SIGHUP sets."""
    loop = asyncio.get_running_loop()
    roll = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, roll.set)
    try:
        yield roll
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
