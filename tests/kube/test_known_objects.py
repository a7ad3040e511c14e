from __future__ import annotations

from ingressd.kube.decode import DecodedObject
from ingressd.kube.known_objects import KnownObjects
from ingressd.kube.selection import Selection
from ingressd.resources.change import Applied, Deleted, Reported
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Problem, Severity
from tests.support.objects import service

WRONG = (Problem(Severity.ERROR, "wrong_type", "It is wrong."),)
ODD = (Problem(Severity.WARNING, "odd", "It is odd."),)


def known(*names: str) -> KnownObjects:
    found = KnownObjects(Selection(Kind.SERVICE))
    found.replace([good(name) for name in names])
    return found


def key(name: str) -> ObjectKey:
    return ObjectKey(Kind.SERVICE, "shop", name)


def web(name: str) -> KubernetesObject:
    return service(name)


def good(name: str, problems: tuple[Problem, ...] = ()) -> DecodedObject:
    return DecodedObject(key(name), web(name), "1", problems)


def bad(name: str) -> DecodedObject:
    return DecodedObject(key(name), None, "1", WRONG)


def test_a_list_deletes_what_vanished_and_applies_the_rest() -> None:
    assert known("a", "b").replace([good("b"), good("c")]) == (Deleted(key("a")), Applied(web("b")), Applied(web("c")))


def test_an_object_with_an_error_keeps_its_last_good_version() -> None:
    found = known("a")
    assert found.replace([bad("a"), bad("new")]) == (
        Reported("api Service shop/a", WRONG),
        Reported("api Service shop/new", WRONG),
    )
    assert len(found) == 1
    assert found.replace([]) == (
        Deleted(key("a")),
        Reported("api Service shop/a", ()),
        Reported("api Service shop/new", ()),
    )


def test_problems_are_said_once_and_cleared_when_the_object_is_good_again() -> None:
    found = known("a")
    assert found.update(bad("a")) == (Reported("api Service shop/a", WRONG),)
    assert found.update(bad("a")) == ()
    assert found.update(good("a", ODD)) == (Applied(web("a")), Reported("api Service shop/a", ODD))
    assert found.update(good("a")) == (Applied(web("a")), Reported("api Service shop/a", ()))


def test_the_problems_of_a_deleted_object_go_with_it() -> None:
    found = known("a")
    found.update(bad("a"))
    assert found.remove(bad("a")) == (Deleted(key("a")), Reported("api Service shop/a", ()))
    assert found.remove(good("a")) == ()
    found.update(bad("never-good"))
    assert found.remove(bad("never-good")) == (Reported("api Service shop/never-good", ()),)
    assert len(found) == 0


def test_a_list_with_something_nameless_deletes_nothing() -> None:
    found = known("a", "b")
    nameless = DecodedObject(None, None, "", WRONG)
    assert found.replace([good("a"), nameless]) == (Applied(web("a")), Reported("api services", WRONG))
    assert len(found) == 2
    assert found.update(nameless) == ()
    assert found.remove(nameless) == ()
    assert found.replace([good("a")]) == (Deleted(key("b")), Applied(web("a")), Reported("api services", ()))
