from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingressd.resources.change import Applied, Change, Deleted, Replaced, Reported, Synced
from ingressd.resources.ingress import CLASS_ANNOTATION
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.store import Store, lower_host
from tests.support.objects import endpoint, endpoint_slice, ingress, path, rule, service


def test_applying_returns_what_was_before_and_what_is_after() -> None:
    store = Store()
    first, second = ingress("web", rule("a.test")), ingress("web", rule("b.test"))
    assert store.apply(Applied(first)) == ((first.key, None, first),)
    assert store.apply(Applied(second)) == ((first.key, first, second),)
    assert store.apply(Deleted(first.key)) == ((first.key, second, None),)
    assert len(store) == 0


def test_an_equal_object_touches_nothing() -> None:
    store = Store()
    store.apply(Applied(ingress("web", rule("a.test"))))
    assert store.apply(Applied(ingress("web", rule("a.test")))) == ()


def test_deleting_what_is_not_there_touches_nothing() -> None:
    assert Store().apply(Deleted(ObjectKey(Kind.SERVICE, "shop", "web"))) == ()


def test_other_changes_touch_nothing() -> None:
    assert Store().apply(Synced()) == ()
    assert Store().apply(Reported("file", ())) == ()


def test_replacing_deletes_what_is_not_listed_and_only_of_that_kind() -> None:
    store = Store()
    kept, gone, other = service("kept"), service("gone"), ingress("web")
    for found in (kept, gone, other):
        store.apply(Applied(found))
    new = service("new")
    assert {touched.key for touched in store.apply(Replaced(Kind.SERVICE, (kept, new)))} == {gone.key, new.key}
    assert gone.key not in store
    assert all(found.key in store for found in (kept, new, other))


def test_a_letter_outside_ascii_does_not_become_the_ascii_letter_it_looks_like() -> None:
    assert lower_host("\N{KELVIN SIGN}.test") == "\N{KELVIN SIGN}.test"
    assert lower_host("K.Test") == "k.test"


def test_ingresses_are_found_by_class_in_spec_and_annotation() -> None:
    store = Store()
    both = ingress("both", class_name="one", annotations={CLASS_ANNOTATION: "two"})
    neither = ingress("neither")
    store.apply(Applied(both))
    store.apply(Applied(neither))
    assert store.ingresses_of_class("one") == {both.key}
    assert store.ingresses_of_class("two") == {both.key}
    assert store.ingresses_without_class() == {neither.key}


def test_slices_move_between_services_with_their_label() -> None:
    store = Store()
    store.apply(Applied(endpoint_slice("web-1", endpoint("10.0.0.1"), service="web")))
    moved = endpoint_slice("web-1", endpoint("10.0.0.1"), service="cart")
    store.apply(Applied(moved))
    assert store.slices_of_service("shop", "web") == ()
    assert store.slices_of_service("shop", "cart") == (moved,)
    assert store.slices_of_service("other", "cart") == ()


names = st.sampled_from(("a", "b", "c"))
hosts = st.sampled_from(("", "A.test", "a.test", "*.test"))
objects = st.one_of(
    st.builds(lambda name, host: ingress(name, rule(host, path("/", name))), names, hosts),
    st.builds(lambda name, owner: endpoint_slice(name, endpoint("10.0.0.1"), service=owner), names, names),
    st.builds(service, names),
)
changes = st.one_of(
    st.builds(Applied, objects),
    st.builds(lambda found: Deleted(found.key), objects),
    st.builds(
        lambda found: Replaced(Kind.INGRESS, tuple(one for one in found if one.key.kind is Kind.INGRESS)),
        st.lists(objects, max_size=4, unique_by=lambda found: found.key),
    ),
)


@given(st.lists(changes, max_size=12))
def test_indexes_say_the_same_as_a_search_through_all_objects(made: list[Change]) -> None:
    store = Store()
    model: dict[ObjectKey, KubernetesObject] = {}
    for change in made:
        before = dict(model)
        if isinstance(change, Applied):
            model[change.object.key] = change.object
        elif isinstance(change, Deleted):
            model.pop(change.key, None)
        elif isinstance(change, Replaced):
            model = {key: found for key, found in model.items() if key.kind is not change.kind}
            model |= {found.key: found for found in change.objects}
        touched = {one.key for one in store.apply(change)}
        assert touched == {key for key in before | model if before.get(key) != model.get(key)}
    assert {found.key: found for kind in Kind for found in store.of_kind(kind)} == model
    for name in ("a", "b", "c"):
        assert {found.key for found in store.slices_of_service("shop", name)} == {
            key for key, found in model.items() if getattr(found, "service_name", None) == name
        }
