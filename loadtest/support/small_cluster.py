"""An API server, ``ingressd run``, and the pods of one application: what failures are inflicted on."""

from __future__ import annotations

import http.client
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtest.support.cluster_objects import endpoint_slice, ingress, ingress_class, service, status
from loadtest.support.cluster_proxy import ClusterProxy, running
from loadtest.support.manifests import host
from loadtest.support.pod_process import PodProcess
from tests.support.api_server import RunningApiServer, running_api_server

PODS = 3
WORKERS = 2
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.01


class SmallCluster:
    """Every application is served by ``pods``. ``started`` takes each pod that is ever started, so that it is ended.
    ``quick``: a shorter variant is wanted."""

    def __init__(
        self, server: RunningApiServer, proxy: ClusterProxy, started: list[PodProcess], *, quick: bool
    ) -> None:
        self.server = server
        self.proxy = proxy
        self.pods = list(started)
        self.quick = quick
        self._started = started

    def publish_pods(self) -> None:
        """Write the EndpointSlice of application 0, as it should be now."""
        self.server.apply(_slice(0, self.pods))

    def add_pod(self) -> None:
        """Start another pod. No object says so before ``publish_pods``."""
        pod = PodProcess(f"127.0.0.{1 + len(self._started)}", self.pods[0].port)
        self._started.append(pod)
        self.pods.append(pod)

    def add_application(self, number: int) -> None:
        _add_application(self.server, number, self.pods)

    def wait_until_served(self, number: int) -> float:
        """Return the seconds until application ``number`` answers 200. Raises TimeoutError."""
        begin = time.monotonic()
        while self.ask(number) != 200:
            if time.monotonic() - begin > _PATIENCE_SECONDS:
                raise TimeoutError(f"{host(number)} is not served after {_PATIENCE_SECONDS:g} s")
            time.sleep(_POLL_SECONDS)
        return time.monotonic() - begin

    def ask(self, number: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=5.0)
        try:
            connection.request("GET", "/", headers={"Host": host(number)})
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        return answer.status

    def lists(self, plural: str) -> int:
        """How often objects of a kind were listed, or a page of them was."""
        return sum(request.verb == "list" and request.resource == plural for request in self.server.requests)


@contextmanager
def small_cluster(*, applications: int, drain_wait: float, quick: bool) -> Iterator[SmallCluster]:
    """Run everything, and give it when the proxy is ready."""
    pods = [PodProcess()]
    try:
        pods += [PodProcess(f"127.0.0.{number}", pods[0].port) for number in range(2, PODS + 1)]
        with running_api_server() as server, tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            server.apply(ingress_class())
            for number in range(applications):
                _add_application(server, number, pods)
            kubeconfig = folder / "kubeconfig"
            server.write_kubeconfig(kubeconfig)
            with running(kubeconfig, folder, workers=WORKERS, drain_wait=drain_wait) as proxy:
                yield SmallCluster(server, proxy, pods, quick=quick)
    finally:
        for pod in pods:
            pod.kill()


def _add_application(server: RunningApiServer, number: int, pods: list[PodProcess]) -> None:
    server.apply(service(number))
    server.apply(_slice(number, pods))
    server.apply({**ingress(number), "status": status()})


def _slice(number: int, pods: list[PodProcess]) -> dict[str, object]:
    return endpoint_slice(number, [pod.address for pod in pods], pods[0].port)
