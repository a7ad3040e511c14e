from __future__ import annotations

from ingressd.controller.pending import Pending
from ingressd.controller.translation import Translation
from ingressd.resources.change import Applied, Deleted
from ingressd.resources.ingress import Tls
from ingressd.resources.object import KubernetesObject
from ingressd.resources.store import Store
from ingressd.routing.difference import TableDifference
from ingressd.translate.settings import TranslationSettings
from tests.support.objects import NOW, endpoint, endpoint_slice, ingress, path, rule, secret, service

FILES = TranslationSettings.development()


class World:
    def __init__(self) -> None:
        self.store = Store()
        self.translation = Translation(FILES)

    def apply(self, *objects: KubernetesObject) -> TableDifference:
        pending = Pending()
        for found in objects:
            for touched in self.store.apply(Applied(found)):
                pending.add(touched, self.store, FILES.classes)
        return self.translation.update(pending, self.store, NOW)


def test_a_certificate_that_arrives_concerns_the_hosts_that_it_covers_and_nobody_lists() -> None:
    world = World()
    world.apply(
        ingress("web", rule("a.test", path("/")), rule("b.test", path("/")), tls=[Tls(("a.test",), "a")]),
        ingress("other", rule("c.test", path("/"))),
    )
    difference = world.apply(secret("a", "*.test"))
    assert set(difference.certificates) == {"shop/a"}
    assert set(difference.hosts) == {"b.test"}


def test_a_renewed_certificate_changes_no_host() -> None:
    world = World()
    world.apply(ingress("web", rule("a.test", path("/")), tls=[Tls(("a.test",), "a")]), secret("a", "a.test"))
    difference = world.apply(secret("a", "a.test", "b.test"))
    assert set(difference.certificates) == {"shop/a"}
    assert difference.hosts == {}


def test_a_service_changes_its_upstreams_whatever_the_port_is_called() -> None:
    world = World()
    world.apply(
        ingress("web", rule("a.test", path("/", "web", 80), path("/x", "web", 8080), path("/y", "cart"))),
        endpoint_slice("web-1", endpoint("10.0.0.1")),
    )
    assert set(world.apply(service("web")).upstreams) == {"shop/web:80", "shop/web:8080"}


def test_problems_of_a_unit_go_with_it() -> None:
    world = World()
    world.apply(ingress("web", rule("a.test", path("/"))))
    assert [problem.code for problem in world.translation.problems.all()] == ["no_service"]
    world.apply(ingress("web", rule("a.test")))
    assert list(world.translation.problems.all()) == []


def test_nothing_pending_changes_nothing() -> None:
    assert not World().apply()


def test_what_is_advised_follows_the_services_there_are() -> None:
    world = World()
    world.apply(ingress("web", rule("a.test", path("/"))))
    world.apply(service("web", namespace="other"))
    (problem,) = world.translation.problems.all()
    assert "but there is one in namespace other" in problem.message
    pending = Pending()
    for touched in world.store.apply(Deleted(service("web", namespace="other").key)):
        pending.add(touched, world.store, FILES.classes)
    world.translation.update(pending, world.store, NOW)
    (problem,) = world.translation.problems.all()
    assert "other" not in problem.message
