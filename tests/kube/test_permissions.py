from __future__ import annotations

import pytest

from ingressd.kube import resource
from ingressd.kube.permissions import PERMISSIONS, Feature, Permission, Scope, forbidden_sentence


def test_the_table_asks_for_no_rule_twice_and_for_nothing_by_wildcard() -> None:
    asked = [
        (found.resource, found.subresource, verb, found.scope, found.feature)
        for found in PERMISSIONS
        for verb in found.verbs
    ]
    assert len(asked) == len(set(asked))
    assert not any("*" in text for found in PERMISSIONS for text in (found.resource.group, found.rule_resource))
    assert {verb for found in PERMISSIONS for verb in found.verbs} <= {
        "get", "list", "watch", "create", "update", "patch",
    }  # fmt: skip


def test_every_watched_kind_may_be_listed_and_watched() -> None:
    followed = {found.resource for found in PERMISSIONS if found.verbs == ("list", "watch")}
    assert followed == set(resource.WATCHED.values())


def test_what_is_cluster_scoped_needs_a_rule_for_the_cluster() -> None:
    for found in PERMISSIONS:
        assert (found.scope is Scope.CLUSTER) == (not found.resource.namespaced)


def test_secrets_are_never_written_and_ingresses_only_in_their_status() -> None:
    written = {found.rule_resource for found in PERMISSIONS if {"create", "update", "patch"} & set(found.verbs)}
    assert written == {"leases", "ingresses/status", "events"}


def test_a_forbidden_kind_is_told_the_rule_and_the_place() -> None:
    assert forbidden_sentence(resource.INGRESSES, Feature.ROUTING) == (
        "The service account may not use ingresses.networking.k8s.io: a ClusterRole must grant "
        'apiGroups ["networking.k8s.io"], resources [ingresses], verbs [list, watch]; routing needs it.'
    )
    assert forbidden_sentence(resource.INGRESSES, Feature.STATUS, "shop", "status") == (
        "The service account may not use ingresses.networking.k8s.io: a Role in namespace shop must grant "
        'apiGroups ["networking.k8s.io"], resources [ingresses/status], verbs [patch]; '
        "the status of Ingresses needs it."
    )


def test_a_call_outside_the_table_is_a_programming_error() -> None:
    with pytest.raises(LookupError):
        forbidden_sentence(resource.SECRETS, Feature.EVENTS)


def test_a_rule_names_its_subresource() -> None:
    found = Permission(resource.INGRESSES, ("patch",), Scope.CLUSTER, Feature.STATUS, "status")
    assert found.rule_resource == "ingresses/status"
