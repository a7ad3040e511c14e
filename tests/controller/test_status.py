from __future__ import annotations

import msgspec

from ingressd.controller.controller import Controller
from ingressd.controller.status import StatusPlan, StatusWrite, status_patch
from ingressd.controller.status_addresses import Addresses
from ingressd.resources.change import Applied, Deleted
from ingressd.resources.ingress import Ingress
from ingressd.resources.object import KubernetesObject
from ingressd.resources.published import LoadBalancer, PublishedAddress, PublishedStatus
from ingressd.translate.settings import TranslationSettings
from tests.controller.worlds import Published
from tests.support.objects import backend, ingress, ingress_class

WANTED: Addresses = (PublishedAddress(hostname="lb.test"), PublishedAddress(ip="192.0.2.1"))
OTHER: Addresses = (PublishedAddress(ip="192.0.2.66"),)


def published(*addresses: PublishedAddress, name: str = "web", class_name: str = "ours") -> Ingress:
    found = ingress(name, class_name=class_name, default=backend("web"))
    return msgspec.structs.replace(found, status=PublishedStatus(LoadBalancer(addresses)))


def cluster(*ingresses: Ingress) -> Published:
    classes: tuple[KubernetesObject, ...] = (ingress_class("ours"), ingress_class("theirs", "example.com/other"))
    return Published(TranslationSettings(), [Applied(found) for found in (*classes, *ingresses)])


def plan_of(controller: Controller, plan: StatusPlan) -> set[StatusWrite]:
    plan.update(controller.translation.claims.all())
    return set(plan.writes(controller.store, WANTED))


def test_only_what_differs_is_written_and_only_on_our_own() -> None:
    bare, wrong, right, foreign = (
        published(name="bare"),
        published(*OTHER, name="wrong"),
        published(*reversed(WANTED), name="right"),
        published(name="foreign", class_name="theirs"),
    )
    world = cluster(bare, wrong, right, foreign)
    assert plan_of(world.controller, StatusPlan()) == {StatusWrite(bare.key, WANTED), StatusWrite(wrong.key, WANTED)}


def test_an_ingress_that_is_given_up_is_cleared_while_it_says_what_we_wrote() -> None:
    world, plan = cluster(published(*WANTED)), StatusPlan()
    assert plan_of(world.controller, plan) == set()
    moved = published(*WANTED, class_name="theirs")
    world.tell(Applied(moved))
    assert plan_of(world.controller, plan) == {StatusWrite(moved.key, ())}
    world.tell(Applied(published(class_name="theirs")))
    assert plan_of(world.controller, plan) == set()
    world.tell(Applied(moved))
    assert plan_of(world.controller, plan) == set(), "its new owner may publish the same address"


def test_an_ingress_that_is_given_up_and_says_something_else_is_left() -> None:
    world, plan = cluster(published(*WANTED)), StatusPlan()
    plan_of(world.controller, plan)
    world.tell(Applied(published(*OTHER, class_name="theirs")))
    assert plan_of(world.controller, plan) == set()


def test_whoever_was_never_ours_keeps_its_status() -> None:
    world = cluster(published(*WANTED, class_name="theirs"))
    assert plan_of(world.controller, StatusPlan()) == set()


def test_an_ingress_that_comes_back_is_ours_again() -> None:
    world, plan = cluster(published(*WANTED)), StatusPlan()
    plan_of(world.controller, plan)
    world.tell(Applied(published(*WANTED, class_name="theirs")))
    plan.update(world.controller.translation.claims.all())
    world.tell(Applied(published(*WANTED)))
    assert plan_of(world.controller, plan) == set()


def test_a_deleted_ingress_is_forgotten() -> None:
    found = published()
    world, plan = cluster(found), StatusPlan()
    plan_of(world.controller, plan)
    world.tell(Deleted(found.key))
    assert plan_of(world.controller, plan) == set()


def test_what_is_withdrawn_is_what_we_published() -> None:
    ours, edited = published(*WANTED, name="ours"), published(*OTHER, name="edited")
    world, plan = cluster(ours, edited, published(*WANTED, name="foreign", class_name="theirs")), StatusPlan()
    plan.update(world.controller.translation.claims.all())
    assert set(plan.withdrawals(world.controller.store, WANTED)) == {StatusWrite(ours.key, ())}


def test_a_patch_replaces_or_removes_the_whole_list() -> None:
    assert msgspec.json.decode(status_patch(WANTED)) == {
        "status": {"loadBalancer": {"ingress": [{"hostname": "lb.test"}, {"ip": "192.0.2.1"}]}}
    }
    assert msgspec.json.decode(status_patch(())) == {"status": {"loadBalancer": {"ingress": None}}}
