"""Whatever happens, and in whatever order: what the source has said ends up as what the API server holds."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import aclosing
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ingressd.controller.controller import Controller
from ingressd.kube.backoff import BackoffTiming
from ingressd.kube.client import Client
from ingressd.kube.configuration import ClusterSettings, load_configuration
from ingressd.kube.reflector import ReflectorSettings
from ingressd.kube.resource import WATCHED
from ingressd.resources.api_versions import API_VERSIONS
from ingressd.resources.change import Applied
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Severity
from ingressd.resources.validation import validate
from ingressd.routing.difference import TableDifference
from ingressd.routing.table import RoutingTable
from ingressd.sources.kubernetes import KubernetesSource, KubernetesSourceSettings
from ingressd.translate.settings import TranslationSettings
from tests.controller import worlds
from tests.controller.worlds import Published
from tests.kube.api_objects import as_json, in_words
from tests.support.api_server import ApiServer, Json
from tests.support.objects import NOW

SETTINGS = TranslationSettings()
QUICK = KubernetesSourceSettings(
    reflector=ReflectorSettings(page_size=2, hasty=0.0, backoff=BackoffTiming(first=0.001, most=0.01))
)
PATIENCE_SECONDS = 60.0

resources = st.sampled_from(("", "ingresses", "services", "endpointslices", "secrets", "ingressclasses"))
valid = worlds.objects.filter(lambda found: all(problem.severity is not Severity.ERROR for problem in validate(found)))


def manifest(found: KubernetesObject) -> Json:
    return {**as_json(found), "apiVersion": API_VERSIONS[found.kind], "kind": found.kind.value}


class AnyOrder(RuleBasedStateMachine):
    """A server, a source that follows it, and a controller that follows the source."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.table = RoutingTable()
        self.controller = Controller(SETTINGS, publish=self._publish)
        self.stopped = False

    def _publish(self, difference: TableDifference) -> None:
        self.table.apply(difference)

    @initialize(found=st.lists(valid, max_size=6))
    def start(self, found: list[KubernetesObject]) -> None:
        self.runner.run(self._start(found))

    async def _start(self, found: list[KubernetesObject]) -> None:
        self.server = ApiServer(window=20)
        for each in found:
            self.server.apply(manifest(each), validate=False)
        await self.server.start()
        path = Path(self.folder.name) / "config"
        self.server.write_kubeconfig(path)
        settings = ClusterSettings(kubeconfig=str(path))
        self.client = Client(settings, await load_configuration(settings))
        self.source = KubernetesSource(self.client, QUICK)
        self.following = asyncio.get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        async with aclosing(self.source.changes()) as batches:
            async for batch in batches:
                self.controller.apply(batch)
                self.controller.flush(NOW)

    @rule(found=valid)
    def apply(self, found: KubernetesObject) -> None:
        self._do(lambda: self.server.apply(manifest(found), validate=False))

    @rule(found=st.lists(valid, min_size=5, max_size=25))
    def storm(self, found: list[KubernetesObject]) -> None:
        self._do(lambda: [self.server.apply(manifest(each), validate=False) for each in found])

    @rule(namespace=worlds.namespaces)
    def apply_a_bad_one(self, namespace: str) -> None:
        """It was never good, so it is never there."""
        bad = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "bad", "namespace": namespace},
            "spec": {"rules": [{"host": 7}]},
        }
        self._do(lambda: self.server.apply(bad, validate=False))

    # What is served after the deletion of a Secret depends on what was served before, and not only on what exists.
    @rule(
        kind=st.sampled_from((Kind.INGRESS, Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.INGRESS_CLASS)), which=st.randoms()
    )
    def delete(self, kind: Kind, which: Any) -> None:
        found = self.server.objects(kind.value)
        if found:
            metadata = which.choice(found)["metadata"]
            self._do(lambda: self.server.delete(kind.value, metadata.get("namespace", ""), metadata["name"]))

    @rule(resource=resources)
    def drop_watches(self, resource: str) -> None:
        self._do(lambda: self.server.faults.drop_watches(resource))

    @rule(resource=resources, reset=st.booleans())
    def cut_watches(self, resource: str, reset: bool) -> None:
        self._do(lambda: self.server.faults.cut_watches(resource, reset=reset))

    @rule(resource=resources)
    def expire_watches(self, resource: str) -> None:
        self._do(lambda: self.server.faults.expire_watches(resource))

    @rule(resource=resources, code=st.sampled_from((403, 429, 500, 504)))
    def fail_watches(self, resource: str, code: int) -> None:
        self._do(lambda: self.server.faults.fail_watches(code, resource))

    @rule(resource=resources)
    def garble_watches(self, resource: str) -> None:
        self._do(lambda: self.server.faults.garble_watches(resource))

    @rule(resource=resources)
    def repeat_last_events(self, resource: str) -> None:
        self._do(lambda: self.server.faults.repeat_last_events(resource))

    @rule(resource=resources)
    def send_bookmarks(self, resource: str) -> None:
        self._do(lambda: self.server.faults.send_bookmarks(resource))

    @rule()
    def compact(self) -> None:
        self._do(self.server.compact)

    @rule(
        code=st.sampled_from((401, 403, 410, 429, 500, 503)),
        verb=st.sampled_from(("list", "watch", "")),
        resource=resources,
    )
    def fail_a_request(self, code: int, verb: str, resource: str) -> None:
        self._do(lambda: self.server.faults.fail(code, verb=verb, resource=resource))

    @rule(verb=st.sampled_from(("list", "watch")), size=st.integers(0, 300))
    def truncate_an_answer(self, verb: str, size: int) -> None:
        self._do(lambda: self.server.faults.truncate(size, verb=verb))

    @rule(resource=resources)
    def end_a_watch_at_once(self, resource: str) -> None:
        self._do(lambda: self.server.faults.end_watches_at_once(resource=resource))

    @rule(resource=st.sampled_from(("services", "endpointslices", "ingresses")))
    def delay_events(self, resource: str) -> None:
        """Kinds overtake each other."""
        self._do(lambda: self.server.faults.delay_events(resource, 0.02))

    @precondition(lambda self: not self.stopped)
    @rule()
    def begin_outage(self) -> None:
        self.stopped = True
        self.runner.run(self.server.stop())

    @precondition(lambda self: self.stopped)
    @rule()
    def end_outage(self) -> None:
        self.stopped = False
        self.runner.run(self.server.start())

    @rule(turns=st.integers(1, 20))
    def let_it_work(self, turns: int) -> None:
        async def work() -> None:
            for _ in range(turns):
                await asyncio.sleep(0.0005)

        self.runner.run(work())

    @rule()
    def checkpoint(self) -> None:
        self.runner.run(self._settle())

    def teardown(self) -> None:
        try:
            if hasattr(self, "following"):
                self.runner.run(self._end())
        finally:
            self.runner.close()
            self.folder.cleanup()

    async def _end(self) -> None:
        try:
            await self._settle()
        finally:
            self.following.cancel()
            (outcome,) = await asyncio.gather(self.following, return_exceptions=True)
            await self.client.close()
            await self.server.close()
        assert isinstance(outcome, asyncio.CancelledError), outcome

    async def _settle(self) -> None:
        """Everything is well again: what is known is what exists, and what is served is what it translates to."""
        self.server.faults.clear()
        if self.stopped:
            self.stopped = False
            await self.server.start()
        expected = self._expected()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self._known() != expected or not self.controller.synced:
                    assert not self.following.done(), self.following.exception()
                    await asyncio.sleep(0.001)
        except TimeoutError:
            assert self._known() == expected
            assert self.source.waiting_for() == ()
            raise
        # The change after which all is known may not have been translated yet.
        self.controller.flush(NOW)
        whole = Published(SETTINGS, [Applied(found) for found in expected.values()])
        assert self.controller.table == whole.controller.table
        assert self.table == whole.controller.table
        found = set(self.controller.translation.problems.all())
        assert found == set(whole.controller.translation.problems.all())
        assert self.controller.not_served() == whole.controller.not_served()

    def _known(self) -> dict[ObjectKey, KubernetesObject]:
        return {found.key: found for kind in WATCHED for found in self.controller.store.of_kind(kind)}

    def _expected(self) -> dict[ObjectKey, KubernetesObject]:
        read = [in_words(kind, value) for kind in WATCHED for value in self.server.objects(kind.value)]
        return {found.key: found for found in read if found is not None}

    def _do(self, action: Any) -> None:
        async def act() -> None:
            action()

        self.runner.run(act())


AnyOrder.TestCase.settings = hypothesis.settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    # Sockets have a timing of their own, so what failed may not fail again: nothing to make smaller.
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
)
TestAnyOrder = AnyOrder.TestCase
