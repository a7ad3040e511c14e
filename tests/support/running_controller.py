"""``ingressd run`` as a process of its own, with an API server of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.api_server import RunningApiServer, running_api_server
from tests.support.manifests import Manifest
from tests.support.running import PROGRAM, environment_of
from tests.support.running_proxy import RunningProxy, eventually

ANY_PORTS = ("--http-port", "0", "--https-port", "0", "--admin-port", "0")
STATUS_ADDRESS = "192.0.2.1"
FOR_TESTS = ("--bind", "127.0.0.1", "--allow-local-endpoints", "--drain-wait", "0", "--workers", "1")
TO_CLUSTER = ("--publish-status-address", STATUS_ADDRESS)


class RunningController(RunningProxy):
    """``ingressd run`` from its start to its end. Its log is ``errors``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(process)
        self.admin_port = int(self.errors.wait_for(r"admin port on \S+:(\d+)$")[1])

    def wait_until_ready(self) -> None:
        """Wait until the log says so, and learn the ports."""
        found = self.errors.wait_for(r"ready: HTTP on \S+:(\d+), HTTPS on \S+:(\d+),")
        self.http_port, self.https_port = int(found[1]), int(found[2])
        assert self.admin("/readyz").status == 200

    def roll(self) -> None:
        """Replace the workers, and wait until that is done."""
        after = len(self.errors.text)
        self.process.send_signal(signal.SIGHUP)
        self.errors.wait_for("the workers are replaced", after=after)

    def terminate(self) -> int:
        """End it as a kubelet does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()


@contextmanager
def running_ingressd(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[RunningController]:
    """Run ``ingressd run`` with these arguments, on ports that are free. It need not become ready.

    ``environment`` is added to that of tests. At the end it is told to end, and must exit with 0; a test may end it
    before, and judge that itself.
    """
    process = subprocess.Popen(
        [*PROGRAM, "run", *ANY_PORTS, *FOR_TESTS, *arguments],
        cwd=folder,
        env={**environment_of(folder), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    controller = RunningController(process)
    try:
        yield controller
        if process.poll() is None:
            assert controller.terminate() == 0
    except AssertionError as error:
        error.add_note(f"log of ingressd:\n{controller.errors.text}")
        raise
    finally:
        if process.poll() is None:
            process.kill()
        controller.wait()


@contextmanager
def controlling(
    folder: Path,
    server: RunningApiServer,
    *arguments: str,
    to_cluster: Sequence[str] = TO_CLUSTER,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningController]:
    """Run a controller for the cluster of ``server``, and wait until it is ready."""
    kubeconfig = folder / "kubeconfig"
    server.write_kubeconfig(kubeconfig)
    flags = ("--kubeconfig", str(kubeconfig), *to_cluster, *arguments)
    with running_ingressd(folder, *flags, environment=environment) as controller:
        controller.wait_until_ready()
        yield controller


@contextmanager
def serving_cluster(
    folder: Path, *manifests: Manifest, arguments: Sequence[str] = ()
) -> Iterator[tuple[RunningController, RunningApiServer]]:
    """Run an API server that has these objects, and a ready controller that serves them."""
    with running_api_server() as server:
        for manifest in manifests:
            server.apply(manifest)
        with controlling(folder, server, *arguments) as controller:
            yield controller, server


def status_addresses(server: RunningApiServer, namespace: str, name: str) -> list[str]:
    """Return the addresses in the status of an Ingress."""
    found = server.get("Ingress", namespace, name) or {}
    points = found.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    return [point.get("ip") or point["hostname"] for point in points]


def wait_for_status(server: RunningApiServer, namespace: str, name: str) -> None:
    """Wait until the Ingress has the address that controllers of tests publish."""
    eventually(lambda: status_addresses(server, namespace, name) == [STATUS_ADDRESS])
