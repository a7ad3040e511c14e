from __future__ import annotations

from ingressd.controller.pending import Pending
from ingressd.resources.change import Applied
from ingressd.resources.metadata import Metadata
from ingressd.resources.store import Store
from ingressd.translate.classes import ClassSelection
from tests.support.objects import ingress, path, rule, secret, service


def test_a_burst_is_the_union_of_what_it_touched() -> None:
    store, pending = Store(), Pending()
    web = ingress("web", rule("a.test", path("/")))
    for found in (web, service("web"), service("web", namespace="other"), secret("a", "a.test")):
        for touched in store.apply(Applied(found)):
            pending.add(touched, store, ClassSelection())
    assert pending == Pending(
        ingresses={web.key},
        changed={web.key},
        secrets={"shop/a"},
        services={("shop", "web"), ("other", "web")},
        other_services=True,
    )


def test_an_ingress_that_says_the_same_as_before_has_not_changed() -> None:
    store, pending = Store(), Pending()
    web = ingress("web", rule("a.test", path("/")))
    store.apply(Applied(web))
    again = type(web)(metadata=Metadata(name="web", namespace="shop", resource_version="2"), spec=web.spec)
    for touched in store.apply(Applied(again)):
        pending.add(touched, store, ClassSelection())
    assert pending == Pending(ingresses={web.key})
