from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from ingressd.kube.backoff import BackoffTiming
from ingressd.kube.client import Client, open_client
from ingressd.kube.configuration import ClusterSettings
from ingressd.kube.reflector import Reflector, ReflectorSettings
from ingressd.kube.selection import Selection
from ingressd.resources.change import Applied, Change, Deleted, Reported, Synced
from ingressd.resources.key import Kind
from ingressd.resources.store import Store
from ingressd.sources.kubernetes import KubernetesSource, KubernetesSourceSettings, selections
from tests.support.api_server import ApiServer, Json

QUICK = ReflectorSettings(page_size=2, hasty=0.0, backoff=BackoffTiming(first=0.001, most=0.01))
PATIENCE_SECONDS = 30.0


def manifest(kind: str, name: str, namespace: str = "shop", **fields: object) -> Json:
    versions = {
        "Service": "v1",
        "Secret": "v1",
        "Ingress": "networking.k8s.io/v1",
        "IngressClass": "networking.k8s.io/v1",
        "EndpointSlice": "discovery.k8s.io/v1",
    }
    metadata = {"name": name} if kind == "IngressClass" else {"name": name, "namespace": namespace}
    return {"apiVersion": versions[kind], "kind": kind, "metadata": metadata, **fields}


def service(name: str, namespace: str = "shop") -> Json:
    return manifest("Service", name, namespace, spec={"ports": [{"port": 80}]})


class Following:
    """A source and the store that it feeds."""

    def __init__(self, client: Client, settings: KubernetesSourceSettings) -> None:
        self.source = KubernetesSource(client, settings)
        self.store = Store()
        self.batches: list[tuple[Change, ...]] = []
        self.changed = asyncio.Event()

    async def follow(self) -> None:
        async with aclosing(self.source.changes()) as batches:
            async for batch in batches:
                self.batches.append(batch)
                for change in batch:
                    self.store.apply(change)
                self.changed.set()

    @property
    def synced(self) -> int:
        return sum(isinstance(change, Synced) for batch in self.batches for change in batch)

    def names(self, kind: Kind) -> set[str]:
        return {found.metadata.name for found in self.store.of_kind(kind)}


@asynccontextmanager
async def following(
    server: ApiServer, folder: Path, settings: KubernetesSourceSettings | None = None
) -> AsyncIterator[Following]:
    server.write_kubeconfig(folder / "config")
    async with open_client(ClusterSettings(kubeconfig=str(folder / "config"))) as client:
        found = Following(client, settings or KubernetesSourceSettings(reflector=QUICK))
        task = asyncio.get_running_loop().create_task(found.follow())
        try:
            yield found
        finally:
            task.cancel()
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(outcome, asyncio.CancelledError)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.002)


async def test_everything_that_exists_then_synced_then_changes(tmp_path: Path) -> None:
    async with ApiServer() as server:
        for name in ("a", "b", "c"):
            server.apply(service(name))
        server.apply(manifest("IngressClass", "ours", spec={"controller": "ingressd.dev/controller"}))
        async with following(server, tmp_path) as found:
            await until(lambda: found.synced)
            assert isinstance(found.batches[-1][-1], Synced)
            assert found.names(Kind.SERVICE) == {"a", "b", "c"}
            assert found.names(Kind.INGRESS_CLASS) == {"ours"}
            assert found.source.waiting_for() == ()
            server.apply(service("d"))
            server.delete("Service", "shop", "a")
            await until(lambda: found.names(Kind.SERVICE) == {"b", "c", "d"})
            server.faults.expire_watches()
            await until(lambda: all(health.lists == 2 for health in found.source.health()))
            assert found.synced == 1


async def test_a_forbidden_kind_keeps_it_from_being_synced_and_says_which_rule_is_missing(tmp_path: Path) -> None:
    async with ApiServer() as server:
        server.apply(service("a"))
        server.faults.fail(403, resource="secrets", times=None)
        async with following(server, tmp_path) as found:
            await until(lambda: len(found.source.waiting_for()) == 1 and found.source.health()[-1].error)
            # A kind is listed a moment before its objects have been taken in.
            await until(lambda: found.names(Kind.SERVICE) == {"a"})
            assert found.synced == 0
            (sentence,) = found.source.waiting_for()
            assert sentence.startswith("secrets: The API server answered 403")
            assert 'apiGroups [""], resources [secrets], verbs [list, watch]' in sentence
            server.faults.clear()
            await until(lambda: found.synced)
            assert found.source.waiting_for() == ()


async def test_before_anything_was_listed_it_waits_for_every_kind(tmp_path: Path) -> None:
    async with ApiServer() as server:
        server.write_kubeconfig(tmp_path / "config")
        async with open_client(ClusterSettings(kubeconfig=str(tmp_path / "config"))) as client:
            source = KubernetesSource(client)
            assert source.waiting_for()[:2] == (
                "ingressclasses.networking.k8s.io: not listed yet.",
                "ingresses.networking.k8s.io: not listed yet.",
            )
            assert [health.kind for health in source.health()] == [
                Kind.INGRESS_CLASS,
                Kind.INGRESS,
                Kind.SERVICE,
                Kind.ENDPOINT_SLICE,
                Kind.SECRET,
            ]


async def test_several_namespaces_do_not_delete_from_each_other(tmp_path: Path) -> None:
    async with ApiServer() as server:
        for namespace in ("one", "two", "three"):
            server.apply(service(f"in-{namespace}", namespace))
        settings = KubernetesSourceSettings(namespaces=("one", "two"), reflector=QUICK)
        async with following(server, tmp_path, settings) as found:
            await until(lambda: found.synced)
            assert found.names(Kind.SERVICE) == {"in-one", "in-two"}
            server.delete("Service", "one", "in-one")
            server.apply(service("more", "two"))
            server.compact()
            server.faults.expire_watches()
            await until(lambda: found.names(Kind.SERVICE) == {"in-two", "more"})


def test_what_is_selected() -> None:
    settings = KubernetesSourceSettings(namespaces=("one", "two"), label_selectors={Kind.INGRESS: "team=a"})
    assert selections(settings)[:3] == (
        Selection(Kind.INGRESS_CLASS),
        Selection(Kind.INGRESS, "one", "team=a"),
        Selection(Kind.INGRESS, "two", "team=a"),
    )
    assert selections(KubernetesSourceSettings())[-1] == Selection(Kind.SECRET, field_selector="type=kubernetes.io/tls")


async def test_only_secrets_of_type_tls_are_read(tmp_path: Path) -> None:
    async with ApiServer() as server:
        server.apply(manifest("Secret", "token", type="Opaque", data={"a": "YQ=="}))
        server.apply(manifest("Secret", "tls", type="kubernetes.io/tls", data={"tls.crt": "YQ==", "tls.key": "YQ=="}))
        async with following(server, tmp_path) as found:
            await until(lambda: found.synced)
            assert found.names(Kind.SECRET) == {"tls"}


async def test_a_relist_never_empties_the_store(tmp_path: Path) -> None:
    async with ApiServer() as server:
        for number in range(7):
            server.apply(service(f"s-{number}"))
        async with following(server, tmp_path) as found:
            await until(lambda: found.synced)
            before = len(found.batches)
            server.delete("Service", "shop", "s-0")
            server.compact()
            server.faults.expire_watches("services")
            await until(lambda: len(found.store.of_kind(Kind.SERVICE)) == 6)
            deleted = [change for batch in found.batches[before:] for change in batch if isinstance(change, Deleted)]
            assert [change.key.name for change in deleted] == ["s-0"]


async def test_changes_made_during_an_outage_are_there_after_it(tmp_path: Path) -> None:
    async with ApiServer() as server:
        server.apply(service("a"))
        async with following(server, tmp_path) as found:
            await until(lambda: found.synced)
            async with server.outage():
                await until(lambda: all(health.error for health in found.source.health()))
                assert found.names(Kind.SERVICE) == {"a"}
                server.apply(service("b"))
                server.delete("Service", "shop", "a")
            await until(lambda: found.names(Kind.SERVICE) == {"b"})
            await until(lambda: not any(health.error for health in found.source.health()))


async def test_a_bad_object_is_reported_and_the_report_goes_with_it(tmp_path: Path) -> None:
    async with ApiServer() as server:
        async with following(server, tmp_path) as found:
            await until(lambda: found.synced)
            bad = manifest("Ingress", "bad", spec={"rules": [{"host": "UPPER_case", "http": {"paths": "no list"}}]})
            server.apply(bad, validate=False)
            server.apply(service("good"))
            await until(lambda: reported(found) and found.names(Kind.SERVICE) == {"good"})
            assert set(reported(found)) == {"api Ingress shop/bad"}
            server.delete("Ingress", "shop", "bad")
            await until(lambda: not reported(found))


def reported(found: Following) -> dict[str, int]:
    problems = {
        change.reporter: len(change.problems)
        for batch in found.batches
        for change in batch
        if isinstance(change, Reported)
    }
    return {reporter: count for reporter, count in problems.items() if count}


async def test_a_slow_consumer_makes_the_reflectors_wait(tmp_path: Path) -> None:
    async with ApiServer() as server:
        server.write_kubeconfig(tmp_path / "config")
        async with open_client(ClusterSettings(kubeconfig=str(tmp_path / "config"))) as client:
            source = KubernetesSource(client, KubernetesSourceSettings(reflector=QUICK))
            store = Store()
            async with aclosing(source.changes()) as batches:
                await anext(batches)
                for number in range(100):
                    server.apply(service(f"s-{number}"))
                    await asyncio.sleep(0)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    async for batch in batches:
                        for change in batch:
                            store.apply(change)
                        if len(store.of_kind(Kind.SERVICE)) == 100:
                            break


async def test_a_defect_in_a_reflector_is_not_a_quiet_kind(tmp_path: Path) -> None:
    class Broken(Reflector):
        async def batches(self):  # type: ignore[no-untyped-def]  # as the one it replaces
            if self.selection.kind is Kind.SECRET:
                raise RuntimeError("a defect")
            async for batch in super().batches():
                yield batch

    async with ApiServer() as server:
        server.write_kubeconfig(tmp_path / "config")
        async with open_client(ClusterSettings(kubeconfig=str(tmp_path / "config"))) as client:
            source = KubernetesSource(client, make_reflector=Broken)
            with pytest.raises(RuntimeError, match="a defect"):
                async with aclosing(source.changes()) as batches:
                    async for batch in batches:
                        assert not any(isinstance(change, Synced) for change in batch)
                        assert all(isinstance(change, Applied) for change in batch)
