from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingressd.controller.burst import Coalescing
from ingressd.controller.controller import Controller
from ingressd.resources.change import Applied, Change, Deleted, Replaced, Reported, Synced
from ingressd.resources.ingress import Ingress, Tls
from ingressd.resources.key import Kind
from ingressd.resources.metadata import Metadata
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Location, Problem, Severity
from ingressd.routing.difference import TableDifference
from ingressd.routing.table import RoutingTable
from ingressd.routing.upstream import upstream_key
from ingressd.translate.claims import read_claims
from ingressd.translate.hosts import translate_host
from ingressd.translate.settings import TranslationSettings
from tests.controller import worlds
from tests.controller.worlds import Published
from tests.support.objects import (
    NOW,
    backend,
    broken_secret,
    endpoint,
    endpoint_slice,
    ingress,
    ingress_class,
    path,
    rule,
    secret,
    service,
)

FILES = TranslationSettings.development()
STRICT = TranslationSettings()
patient = hypothesis_settings(deadline=None)
"""A slow machine is no failure."""
WEB = ingress("web", rule("a.test", path("/")), tls=[Tls(("a.test",), "a")])


def codes(published: Published) -> list[str]:
    return [problem.code for problem in published.controller.problems()]


def test_the_version_of_the_ingresses_grows_with_the_flush_that_sees_one_differ() -> None:
    published = Published(STRICT, [Applied(ingress_class("ours"))])
    controller = published.controller
    published.tell(Applied(WEB))
    before = controller.ingress_version
    published.tell(Applied(WEB), Applied(endpoint_slice("web-1", endpoint("10.0.0.1"))))
    assert controller.ingress_version == before
    controller.apply([Deleted(WEB.key)])
    assert controller.ingress_version == before
    controller.flush(NOW)
    assert controller.ingress_version > before


def test_nothing_is_published_before_the_source_has_said_everything() -> None:
    published: list[TableDifference] = []
    controller = Controller(FILES, publish=published.append)
    controller.apply([Applied(WEB)])
    assert not controller.flush(NOW)
    assert published == []
    controller.apply([Synced()])
    controller.flush(NOW)
    assert [set(difference.hosts) for difference in published] == [{"a.test"}]


def test_only_a_difference_is_published() -> None:
    published = Published(FILES, [Applied(WEB)])
    before = published.publications
    published.tell(Applied(WEB), Applied(ingress("other-annotations-only", annotations={"a": "b"})))
    assert published.publications == before


def test_an_endpoint_change_touches_its_upstream_and_nothing_else() -> None:
    published = Published(FILES, [Applied(WEB), Applied(service("web"))])
    published.controller.apply([Applied(endpoint_slice("web-1", endpoint("10.0.0.1")))])
    difference = published.controller.flush(NOW)
    assert (set(difference.hosts), set(difference.upstreams), set(difference.certificates)) == (
        set(),
        {"shop/web:80"},
        set(),
    )


def test_a_list_again_never_empties_the_table() -> None:
    published = Published(FILES, [Applied(WEB)])
    other = ingress("other", rule("b.test", path("/")))
    published.controller.apply([Replaced(Kind.INGRESS, (WEB, other))])
    assert set(published.controller.flush(NOW).hosts) == {"b.test"}
    published.tell(Replaced(Kind.INGRESS, (other,)))
    assert set(published.table.hosts) == {"b.test"}


def test_a_class_moves_ingresses_in_and_out_while_running() -> None:
    found = ingress("web", rule("a.test", path("/")), class_name="ours")
    published = Published(STRICT, [Applied(found)])
    assert published.table.hosts == {}
    ((key, why),) = published.controller.not_served()
    assert key == found.key
    assert "there is no IngressClass" in why
    published.tell(Applied(ingress_class("ours")))
    assert set(published.table.hosts) == {"a.test"}
    assert published.controller.not_served() == ()
    published.tell(Deleted(ingress_class("ours").key))
    assert published.table.hosts == {}
    assert published.table.upstreams == {}


def test_a_broken_secret_leaves_the_last_good_certificate_in_use() -> None:
    published = Published(FILES, [Applied(WEB), Applied(secret("a", "a.test"))])
    good = published.table.certificates["shop/a"]
    published.tell(Applied(broken_secret("a")))
    assert published.table.certificates == {"shop/a": good}
    assert published.table.hosts["a.test"].certificate == "shop/a"
    assert "key_pair_no_certificate" in codes(published)


def test_the_certificate_of_a_deleted_secret_stays_until_its_ingress_changes() -> None:
    good = secret("a", "a.test")
    published = Published(FILES, [Applied(WEB), Applied(good)])
    published.tell(Deleted(good.key))
    assert set(published.table.certificates) == {"shop/a"}
    assert "no_secret" in codes(published)
    published.tell(Applied(Ingress(metadata=Metadata(name="web", namespace="shop", generation=2), spec=WEB.spec)))
    assert set(published.table.certificates) == {"shop/a"}
    published.tell(Applied(ingress("web", rule("a.test", path("/new")), tls=[Tls(("a.test",), "a")])))
    assert published.table.certificates == {}


def test_a_secret_that_nobody_names_any_more_leaves_the_table() -> None:
    published = Published(FILES, [Applied(WEB), Applied(secret("a", "a.test"))])
    published.tell(Applied(ingress("web", rule("a.test", path("/")))))
    assert published.table.certificates == {}
    assert published.table.hosts["a.test"].certificate is None


def test_a_secret_that_no_ingress_names_is_not_read() -> None:
    published = Published(FILES, [Applied(broken_secret("a"))])
    assert codes(published) == []
    assert published.table.certificates == {}


def test_the_passing_of_time_alone_brings_the_warning() -> None:
    published = Published(FILES, [Applied(WEB), Applied(secret("a", "a.test", end=NOW + timedelta(days=30)))])
    assert "certificate_expires_soon" not in codes(published)
    published.tell(now=NOW + timedelta(days=25))
    assert "certificate_expires_soon" in codes(published)
    published.tell(now=NOW + timedelta(days=31))
    assert "certificate_expired" in codes(published)
    assert set(published.table.certificates) == {"shop/a"}


def test_reports_replace_earlier_ones_of_their_reporter() -> None:
    first = Problem(Severity.ERROR, "bad_yaml", "It is no YAML.", location=Location("b.yaml", 1))
    second = Problem(Severity.ERROR, "bad_yaml", "It is no YAML.", location=Location("a.yaml", 9))
    published = Published(FILES, [Reported("b.yaml", (first, first)), Reported("a.yaml", (second,))])
    assert published.controller.problems() == (second, first)
    published.tell(Reported("b.yaml", ()))
    assert published.controller.problems() == (second,)


def test_a_defect_in_one_unit_keeps_its_last_good_version_and_harms_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    published = Published(FILES, [Applied(WEB), Applied(ingress("good", rule("good.test", path("/"))))])
    last_good = published.table.hosts["a.test"]

    def read(found: object, *rest: object) -> object:
        if getattr(found, "key", None) == WEB.key:
            raise RuntimeError("a defect")
        return read_claims(found, *rest)  # type: ignore[arg-type]  # passed through

    def host(name: str, *rest: object) -> object:
        if name == "bad.test":
            raise RuntimeError("a defect")
        return translate_host(name, *rest)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr("ingressd.controller.translation.read_claims", read)
    monkeypatch.setattr("ingressd.controller.translation.translate_host", host)
    with caplog.at_level(logging.CRITICAL):
        published.tell(
            Applied(ingress("web", rule("a.test", path("/new")))),
            Applied(ingress("good", rule("good.test", path("/new")), rule("bad.test", path("/")))),
        )
    assert published.table.hosts["a.test"] == last_good
    assert [route.path for route in published.table.hosts["good.test"].paths.routes] == ["/new"]
    assert "bad.test" not in published.table.hosts
    defects = [problem for problem in published.controller.problems() if problem.code == "internal_error"]
    assert {problem.key for problem in defects} == {WEB.key, None}
    assert all("a defect" in problem.message for problem in defects)
    monkeypatch.undo()
    published.tell(
        Applied(ingress("web", rule("a.test", path("/newer")))), Applied(ingress("good", rule("bad.test", path("/"))))
    )
    assert "internal_error" not in codes(published)
    assert [route.path for route in published.table.hosts["a.test"].paths.routes] == ["/newer"]
    assert "bad.test" in published.table.hosts


@patient
@given(worlds.settings, st.lists(st.lists(worlds.applied_or_deleted(worlds.objects), max_size=4), max_size=8))
def test_translating_what_changed_gives_what_translating_everything_gives(
    settings: TranslationSettings, bursts: list[list[Change]]
) -> None:
    published = Published(settings)
    for burst in bursts:
        published.tell(*_keeping_secrets(burst))
        fresh = Published(settings, [Applied(found) for found in worlds.everything_in(published)])
        assert published.controller.table == fresh.controller.table
        assert published.controller.problems() == fresh.controller.problems()
        assert published.controller.not_served() == fresh.controller.not_served()
        assert published.table == published.controller.table


def _keeping_secrets(burst: list[Change]) -> list[Change]:
    """Without deletions of Secrets, since what is served after one depends on what was before."""
    return [change for change in burst if not (isinstance(change, Deleted) and change.key.kind is Kind.SECRET)]


@patient
@given(worlds.settings, st.lists(st.lists(worlds.applied_or_deleted(worlds.bad_or_good), max_size=4), max_size=6))
def test_bad_secrets_leave_no_trace_once_they_are_good_again(
    settings: TranslationSettings, bursts: list[list[Change]]
) -> None:
    published = Published(settings)
    for burst in bursts:
        published.tell(*burst)
        fresh = Published(settings, [Applied(found) for found in worlds.everything_in(published)])
        assert published.table.upstreams == fresh.table.upstreams
        assert _routes(published) == _routes(fresh)
        assert published.table == published.controller.table
    published.tell(*(Applied(secret(name, "a.test", namespace=where)) for name in "ab" for where in worlds.NAMESPACES))
    fresh = Published(settings, [Applied(found) for found in worlds.everything_in(published)])
    assert published.controller.table == fresh.controller.table
    assert published.controller.problems() == fresh.controller.problems()


def _routes(published: Published) -> dict[str, object]:
    return {host: (found.paths, found.fallback) for host, found in published.table.hosts.items() if found.routed}


@patient
@given(worlds.settings, st.lists(worlds.bad_or_good, max_size=8, unique_by=lambda found: found.key), st.randoms())
def test_the_order_of_objects_means_nothing(
    settings: TranslationSettings, objects: list[KubernetesObject], random: Random
) -> None:
    shuffled = list(objects)
    random.shuffle(shuffled)
    first = Published(settings, [Applied(found) for found in objects])
    second = Published(settings, [Applied(found) for found in shuffled])
    assert first.controller.table == second.controller.table
    assert first.controller.problems() == second.controller.problems()


CONTROL_KEY = upstream_key("apart", "control", 80)
CONTROL = (
    ingress("control", rule("control.test", path("/", "control")), namespace="apart", default=backend("control")),
    service("control", namespace="apart"),
    endpoint_slice("control-1", endpoint("10.9.9.9"), service="control", namespace="apart"),
)


@patient
@given(st.lists(worlds.applied_or_deleted(worlds.bad_or_good), max_size=12))
def test_no_neighbour_changes_the_routes_of_a_control_ingress(neighbours: list[Change]) -> None:
    published = Published(FILES, [Applied(found) for found in CONTROL])
    host, upstream = published.table.hosts["control.test"], published.table.upstreams[CONTROL_KEY]
    assert upstream.endpoints
    classes_aside = [change for change in neighbours if _kind(change) is not Kind.INGRESS_CLASS]
    for change in classes_aside:
        published.tell(change)
        assert published.table.hosts["control.test"] == host
        assert published.table.upstreams[CONTROL_KEY] == upstream


def _kind(change: Change) -> Kind | None:
    if isinstance(change, Applied):
        return change.object.key.kind
    return change.key.kind if isinstance(change, Deleted) else None


@patient
@given(st.lists(worlds.applied_or_deleted(worlds.bad_or_good), max_size=12))
def test_every_reference_in_the_table_leads_somewhere(changes: list[Change]) -> None:
    published = Published(FILES, changes)
    assert set(published.table.certificates) <= {host.certificate for host in published.table.hosts.values()} | {
        name for claims in published.controller.translation.claims.all() for name in claims.secrets
    }
    for host in published.table.hosts.values():
        for route in (*host.paths.routes, *([host.fallback] if host.fallback else [])):
            assert route.upstream is None or route.upstream in published.table.upstreams


class Source:
    """Batches of changes, given out one by one; says when it was asked to stop."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Sequence[Change] | None] = asyncio.Queue()
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Sequence[Change]]:
        try:
            while (batch := await self.queue.get()) is not None:
                yield batch
        finally:
            self.closed = True


SHORT = Coalescing(quiet=0.01, ceiling=0.05)


async def test_a_run_publishes_what_exists_and_then_what_changes_and_ends_with_its_source() -> None:
    seen: asyncio.Queue[TableDifference] = asyncio.Queue()
    controller = Controller(FILES, publish=seen.put_nowait)
    source = Source()
    async with asyncio.TaskGroup() as group:
        group.create_task(controller.run(source, coalescing=SHORT, clock=lambda: NOW))
        source.queue.put_nowait([Applied(WEB)])
        source.queue.put_nowait([Synced()])
        assert set((await seen.get()).hosts) == {"a.test"}
        source.queue.put_nowait([Deleted(WEB.key)])
        assert (await seen.get()).hosts == {"a.test": None}
        source.queue.put_nowait([Applied(WEB)])
        source.queue.put_nowait(None)
    assert set(seen.get_nowait().hosts) == {"a.test"}


async def test_a_burst_is_one_publication() -> None:
    seen: asyncio.Queue[TableDifference] = asyncio.Queue()
    controller = Controller(FILES, publish=seen.put_nowait)
    source = Source()
    async with asyncio.TaskGroup() as group:
        # Only a second without a change ends this burst, or the end of the source.
        group.create_task(controller.run(source, coalescing=Coalescing(quiet=1.0, ceiling=60.0), clock=lambda: NOW))
        source.queue.put_nowait([Synced()])
        for number in range(50):
            source.queue.put_nowait([Applied(ingress(f"web-{number}", rule(f"{number}.test", path("/"))))])
            await asyncio.sleep(0)
        source.queue.put_nowait(None)
    differences = [seen.get_nowait() for _ in range(seen.qsize())]
    assert sum(len(difference.hosts) for difference in differences) == 50
    # The first flush is at once, because the source had said everything.
    assert len(differences) <= 2


async def test_cancelling_a_run_ends_its_source_and_leaves_no_task() -> None:
    controller = Controller(FILES, publish=lambda _: None)
    source = Source()
    before = asyncio.all_tasks()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(controller.run(source, coalescing=SHORT))
        source.queue.put_nowait([Synced()])
        await asyncio.sleep(0)
        task.cancel()
    assert source.closed
    assert asyncio.all_tasks() == before


async def test_an_error_of_the_source_ends_the_run() -> None:
    async def failing() -> AsyncIterator[Sequence[Change]]:
        yield [Synced()]
        raise OSError("the disk is gone")

    controller = Controller(FILES, publish=lambda _: None)
    with pytest.raises(ExceptionGroup) as caught:
        await controller.run(failing(), coalescing=SHORT)
    assert caught.group_contains(OSError, match="the disk is gone")


def test_who_listens_later_gets_all_that_was_published_before() -> None:
    controller = Controller(FILES, publish=lambda difference: None)
    controller.apply([Applied(ingress("web", rule("a.test", path("/")))), Synced()])
    controller.flush(NOW)
    served = RoutingTable()

    def serve(difference: TableDifference) -> None:
        served.apply(difference)

    controller.publish_to(serve)
    assert served.hosts
    assert served == controller.table
    controller.apply([Applied(ingress("web", rule("b.test", path("/"))))])
    controller.flush(NOW)
    assert served == controller.table
    Controller(FILES, publish=lambda difference: None).publish_to(lambda difference: pytest.fail("nothing to say"))
