"""Election, statuses and Events together, against an API server that enforces RBAC, with the rules that are documented
and no others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from ingressd.controller.event_reporter import EventReporter
from ingressd.controller.status_addresses import ServiceAddresses
from ingressd.controller.status_writer import StatusWriter
from ingressd.kube.client import Client, open_client
from ingressd.kube.configuration import ClusterSettings
from ingressd.kube.election import Election
from ingressd.kube.events import EventRecorder
from ingressd.kube.lease import ElectionSettings
from ingressd.kube.permissions import PERMISSIONS, Feature
from ingressd.kube.replicas import Replicas
from ingressd.resources.change import Applied
from ingressd.resources.ingress import Ingress
from ingressd.translate.settings import TranslationSettings
from tests.controller.worlds import Published
from tests.support.api_server import ApiServer
from tests.support.objects import ingress_class

NAMESPACE = "ingressd"
INGRESS: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "ingressClassName": "ours",
        "rules": [
            {
                "host": "shop.test",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "web", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ],
    },
}


def cluster_role() -> list[dict[str, Any]]:
    """What ``PERMISSIONS`` say of everything but routing, for the service account of the server."""
    rules = [
        {"apiGroups": [found.resource.group], "resources": [found.rule_resource], "verbs": list(found.verbs)}
        for found in PERMISSIONS
        if found.feature is not Feature.ROUTING
    ]
    group = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": "ingressd"}, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "ingressd"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "ingressd"},
            "subjects": [{"kind": "ServiceAccount", "name": "ingressd", "namespace": NAMESPACE}],
        },
    ]


def pod(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {"app": "ingressd"},
            # A kubelet keeps a pod that is being deleted until its processes have ended.
            "finalizers": ["ingressd.dev/kubelet"],
        },
        "spec": {"nodeName": "one", "containers": [{"name": "ingressd", "image": "ingressd"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def service(type_: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "ingressd", "namespace": NAMESPACE},
        "spec": {"type": type_, "ports": [{"port": 80}]},
    }


NODE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "one"},
    "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]},
}


class Replica:
    """Everything of one replica that only the leader does."""

    def __init__(self, server: ApiServer, client: Client, name: str) -> None:
        self.name = name
        self._server = server
        self._followed = Published(TranslationSettings(), [Applied(ingress_class("ours"))])
        controller = self._followed.controller
        self.election = Election(
            client,
            namespace=NAMESPACE,
            name="ingressd",
            identity=name,
            settings=ElectionSettings(retry=0.05),
            changed=lambda leading: self.wake(),
        )
        replicas = Replicas(client, namespace=NAMESPACE, pod=name)
        self.status = StatusWriter(
            client,
            controller,
            ServiceAddresses(client, NAMESPACE, "ingressd", replicas),
            leading=lambda: self.election.leading,
            replicas=replicas,
            settle_seconds=0.02,
        )
        self.recorder = EventRecorder(client, instance=name, leading=lambda: self.election.leading)
        self.reporter = EventReporter(
            controller, self.recorder, leading=lambda: self.election.leading, settle_seconds=0.02
        )

    def wake(self) -> None:
        self.status.wake()
        self.reporter.wake()

    def follow(self) -> None:
        """Take in what the server has, as a source would."""
        self._followed.tell(*(Applied(msgspec.convert(found, Ingress)) for found in self._server.objects("Ingress")))
        self.wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """To the end that a process comes to: first what was published, then the Lease is given back."""
        async with asyncio.TaskGroup() as group:
            election = group.create_task(self.election.run())
            duties = [group.create_task(run()) for run in (self.status.run, self.recorder.run, self.reporter.run)]
            yield
            for duty in duties:
                duty.cancel()
            await self.status.withdraw()
            election.cancel()
        await self.election.release()


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[tuple[ApiServer, Client]]:
    async with ApiServer(tokens_required=True) as server:
        server.load_rbac(cluster_role())
        for found in (INGRESS, NODE, service("NodePort"), pod("a"), pod("b")):
            server.apply(found)
        server.write_kubeconfig(folder / "kubeconfig")
        async with open_client(ClusterSettings(kubeconfig=str(folder / "kubeconfig"))) as client:
            yield server, client


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def published(server: ApiServer) -> Any:
    found = server.get("Ingress", "shop", "web")
    assert found is not None
    return found.get("status", {}).get("loadBalancer", {}).get("ingress")


async def test_the_leader_writes_and_hands_over_and_the_last_takes_it_back(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (server, client):
        one, other = Replica(server, client, "a"), Replica(server, client, "b")
        async with one.running():
            one.follow()
            await until(lambda: published(server) == [{"ip": "10.0.0.1"}])
            await until(lambda: len(server.objects("Event")) == 1)
            server.delete("Pod", NAMESPACE, "a")
        assert published(server) == [{"ip": "10.0.0.1"}], "another replica is there"
        async with other.running():
            other.follow()
            await until(lambda: other.election.leading)
            await until(lambda: len(server.objects("Event")) == 2)
            await until(lambda: other.status._wanted is not None)
            server.delete("Pod", NAMESPACE, "b")
        assert published(server) is None, "nobody is left"
        lease = server.get("Lease", NAMESPACE, "ingressd")
        assert lease is not None
        assert (lease["spec"]["holderIdentity"], lease["spec"]["leaseTransitions"]) == ("", 1)
        (first, _) = server.objects("Event")
        assert first["involvedObject"]["uid"] == server.objects("Ingress")[0]["metadata"]["uid"]
        assert (first["reason"], first["type"]) == ("NoService", "Warning")


async def test_every_rule_is_needed_and_no_other_is(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (server, client):
        one = Replica(server, client, "a")
        async with one.running():
            one.follow()
            await until(lambda: one.recorder.written == 1)
            await until(lambda: published(server) is not None)
            (report,) = one.reporter._again_at
            one.recorder.record(report)
            await until(lambda: one.recorder.written == 2)
            assert one.election.trouble == one.status.trouble == one.recorder.trouble == ""
        assert server.unused_grants() == set()


async def test_an_outage_of_the_api_server_is_survived(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (server, client):
        one = Replica(server, client, "a")
        async with one.running():
            one.follow()
            await until(lambda: published(server) == [{"ip": "10.0.0.1"}])
            async with server.outage():
                await until(lambda: one.election.trouble != "")
            await until(lambda: one.election.trouble == "" and one.election.leading)
            later = {**INGRESS, "metadata": {"name": "later", "namespace": "shop"}}
            server.apply(later)
            one.follow()
            await until(lambda: (server.get("Ingress", "shop", "later") or {}).get("status", {}).get("loadBalancer"))
