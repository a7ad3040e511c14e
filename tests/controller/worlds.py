"""Small pools of objects, so that whatever is drawn from them collides: for property tests of the controller."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from hypothesis import strategies as st

from ingressd.controller.controller import Controller
from ingressd.resources.change import Applied, Change, Deleted, Synced
from ingressd.resources.ingress import Tls
from ingressd.resources.key import Kind
from ingressd.resources.object import KubernetesObject
from ingressd.resources.service import Port
from ingressd.routing.difference import TableDifference
from ingressd.routing.table import RoutingTable
from ingressd.translate.settings import TranslationSettings
from tests.support.objects import (
    NGINX,
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

NAMESPACES = ("one", "two")
HOSTS = ("", "a.test", "A.test", "b.test", "*.test")

namespaces = st.sampled_from(NAMESPACES)
names = st.sampled_from(("x", "y", "z"))
paths = st.builds(
    path,
    st.sampled_from(("/", "/a", "/a/", "/a/b", "/(", "nonsense")),
    st.sampled_from(("web", "cart", "a/b")),
    st.sampled_from((80, 8080, "http")),
    st.sampled_from(("Exact", "Prefix", "ImplementationSpecific", "")),
)
rules = st.builds(lambda host, found: rule(host, *found), st.sampled_from(HOSTS), st.lists(paths, max_size=3))
wild_annotations = st.sampled_from(
    (
        {},
        {NGINX + "use-regex": "true"},
        {NGINX + "rewrite-target": "/$1"},
        {NGINX + "auth-url": "https://auth.test"},
        {NGINX + "unheard-of": "x"},
        {"kubernetes.io/ingress.class": "theirs"},
    )
)
tls_entries = st.builds(
    Tls,
    st.lists(st.sampled_from(HOSTS[1:]), max_size=2).map(tuple),
    st.sampled_from(("", "a", "b")),
)


ingresses = st.builds(
    lambda name, namespace, found, created, class_name, written, default, tls: ingress(
        name,
        *found,
        namespace=namespace,
        created=created,
        class_name=class_name,
        annotations=written,
        default=backend(default) if default else None,
        tls=tls,
    ),
    names,
    namespaces,
    st.lists(rules, max_size=3),
    st.sampled_from(("", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")),
    st.sampled_from((None, "ours", "theirs")),
    wild_annotations,
    st.sampled_from((None, "web", "cart")),
    st.lists(tls_entries, max_size=2),
)
services = st.builds(
    lambda name, namespace, port, external: service(name, port, namespace=namespace, external=external),
    st.sampled_from(("web", "cart")),
    namespaces,
    st.sampled_from((Port(port=80, target_port=8080), Port(name="http", port=80), Port(name="http", port=81))),
    st.sampled_from(("", "", "api.test")),
)
slices = st.builds(
    lambda name, namespace, owner, address, ready: endpoint_slice(
        name, endpoint(address, ready=ready), service=owner, namespace=namespace
    ),
    names,
    namespaces,
    st.sampled_from(("web", "cart")),
    st.sampled_from(("10.0.0.1", "10.0.0.2", "127.0.0.1")),
    st.sampled_from((None, False)),
)
good_secrets = st.builds(
    lambda name, namespace, covered: secret(name, covered, namespace=namespace),
    st.sampled_from(("a", "b")),
    namespaces,
    st.sampled_from(("a.test", "*.test")),
)
bad_secrets = st.builds(broken_secret, st.sampled_from(("a", "b")), namespaces)
classes = st.builds(
    lambda name, controller, default: ingress_class(name, controller, default=default),
    st.sampled_from(("ours", "theirs")),
    st.sampled_from(("ingressd.dev/controller", "example.com/other")),
    st.booleans(),
)
without_secrets = st.one_of(ingresses, ingresses, services, slices, classes)
objects: st.SearchStrategy[KubernetesObject] = st.one_of(without_secrets, good_secrets)
bad_or_good: st.SearchStrategy[KubernetesObject] = st.one_of(without_secrets, good_secrets, bad_secrets)

settings = st.sampled_from(
    (
        TranslationSettings(),
        TranslationSettings.development(),
        msgspec.structs.replace(TranslationSettings.development(), unsupported_security="deny"),
    )
)


def applied_or_deleted(found: st.SearchStrategy[KubernetesObject]) -> st.SearchStrategy[Change]:
    return st.one_of(st.builds(Applied, found), st.builds(Applied, found), found.map(lambda one: Deleted(one.key)))


class Published:
    """A controller, and the table of somebody who only sees the differences it publishes."""

    def __init__(self, settings: TranslationSettings, changes: Iterable[Change] = ()) -> None:
        self.table = RoutingTable()
        self.publications = 0
        self.controller = Controller(settings, publish=self._take)
        self.tell(Synced(), *changes)

    def _take(self, difference: TableDifference) -> None:
        self.publications += 1
        self.table.apply(difference)

    def tell(self, *changes: Change, now: datetime = NOW) -> None:
        self.controller.apply(changes)
        self.controller.flush(now)


def everything_in(published: Published) -> list[KubernetesObject]:
    return [found for kind in Kind for found in published.controller.store.of_kind(kind)]
