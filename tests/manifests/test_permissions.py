"""The roles grant what the program calls, where it calls it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import pytest

from ingressd.kube.permissions import PERMISSIONS, Permission, Scope
from manifests.renderings import NAMESPACE
from tests.support.manifests import Manifest
from tests.support.rendered_manifests import NAMES, of_kind, pods_of, rendered_objects

EVERYWHERE = ("",)
WATCHED: Mapping[str, tuple[str, ...]] = {"namespaced": (NAMESPACE,), "chart-every-value": ("shop", "blog")}


class Grant(NamedTuple):
    """``namespace`` is empty for the whole cluster."""

    namespace: str
    group: str
    resource: str
    verb: str


@pytest.mark.parametrize("name", NAMES)
def test_the_roles_grant_exactly_what_is_called(name: str) -> None:
    needed = {grant for found in PERMISSIONS for grant in _needed(found, WATCHED.get(name, EVERYWHERE))}
    assert set(_granted(rendered_objects(name))) == needed


@pytest.mark.parametrize("name", NAMES)
def test_the_roles_are_bound_to_the_account_of_the_pods(name: str) -> None:
    objects = rendered_objects(name)
    pods = pods_of(objects)
    account = {
        "kind": "ServiceAccount",
        "name": pods.spec["serviceAccountName"],
        "namespace": pods.owner["metadata"]["namespace"],
    }
    (made,) = of_kind(objects, "ServiceAccount")
    assert made["metadata"]["name"] == account["name"]
    assert [found["subjects"] for found in of_kind(objects, "RoleBinding", "ClusterRoleBinding")] == [[account]] * len(
        of_kind(objects, "Role", "ClusterRole")
    )


@pytest.mark.parametrize("name", NAMES)
def test_only_the_pods_get_the_token(name: str) -> None:
    objects = rendered_objects(name)
    (made,) = of_kind(objects, "ServiceAccount")
    assert made["automountServiceAccountToken"] is False
    assert pods_of(objects).spec["automountServiceAccountToken"] is True


def _needed(permission: Permission, watched: Iterable[str]) -> Iterator[Grant]:
    namespaces = {Scope.CLUSTER: EVERYWHERE, Scope.OWN_NAMESPACE: (NAMESPACE,), Scope.WATCHED_NAMESPACES: watched}
    for namespace in namespaces[permission.scope]:
        for verb in permission.verbs:
            yield Grant(namespace, permission.resource.group, permission.rule_resource, verb)


def _granted(objects: tuple[Manifest, ...]) -> Iterator[Grant]:
    """A role grants where it is bound (Kubernetes documentation, "Using RBAC Authorization")."""
    roles = {
        (found["kind"], found["metadata"].get("namespace", ""), found["metadata"]["name"]): found["rules"]
        for found in of_kind(objects, "Role", "ClusterRole")
    }
    for binding in of_kind(objects, "RoleBinding", "ClusterRoleBinding"):
        namespace, reference = binding["metadata"].get("namespace", ""), binding["roleRef"]
        for rule in roles[(reference["kind"], namespace, reference["name"])]:
            assert rule.keys() == {"apiGroups", "resources", "verbs"}
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for verb in rule["verbs"]:
                        yield Grant(namespace, group, resource, verb)
