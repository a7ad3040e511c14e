"""A real API server takes the manifests, admits their pods, and lets their account do what the program does.

What only a server knows is checked here; that the fields are right and the roles exact, ``tests/manifests`` shows
without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ingressd.kube.permissions import PERMISSIONS, Scope
from ingressd.kube.resource import INGRESSES, SECRETS
from manifests.renderings import NAMESPACE
from tests.support.kubernetes_schema import MONITORING
from tests.support.manifests import Manifest
from tests.support.real_api_server import RealApiServer, assets, real_api_server
from tests.support.rendered_manifests import NAMES, pods_of, rendered_objects

PROGRAMS = assets()
NAMESPACES = (NAMESPACE, "shop", "blog")


@pytest.fixture(scope="module")
def server() -> Iterator[RealApiServer]:
    assert PROGRAMS is not None
    with real_api_server(PROGRAMS) as running:
        for name in NAMESPACES:
            running.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        yield running


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_accepted_without_an_unknown_field(name: str, server: RealApiServer) -> None:
    for found in rendered_objects(name):
        if found["apiVersion"] != MONITORING and found["kind"] != "Namespace":
            namespace = found["metadata"].get("namespace", "")
            path = server.path(found["kind"], namespace, api_version=found["apiVersion"])
            query = {"fieldValidation": "Strict", "dryRun": "All"}
            assert server.request("POST", path, found, query=query).status == 201, found["metadata"]["name"]


@pytest.mark.parametrize("name", ["load-balancer", "host-network"])
def test_pods_are_admitted_by_the_standard_of_their_namespace(name: str, server: RealApiServer) -> None:
    objects = rendered_objects(name)
    (namespace,) = (found for found in objects if found["kind"] == "Namespace")
    server.apply(namespace)
    assert _try_pod(server, pods_of(objects).spec) == 201


def test_pods_of_the_host_network_need_the_namespace_that_comes_with_them(server: RealApiServer) -> None:
    (namespace,) = (found for found in rendered_objects("load-balancer") if found["kind"] == "Namespace")
    server.apply(namespace)
    assert _try_pod(server, pods_of(rendered_objects("host-network")).spec) == 403


@pytest.mark.parametrize(("name", "watched"), [("load-balancer", "shop"), ("namespaced", NAMESPACE)])
def test_the_account_may_do_what_the_program_does(name: str, watched: str, server: RealApiServer) -> None:
    for found in rendered_objects(name):
        if found["kind"].endswith(("Role", "Binding", "ServiceAccount")):
            server.apply(found)
    namespaces = {Scope.CLUSTER: "", Scope.OWN_NAMESPACE: NAMESPACE, Scope.WATCHED_NAMESPACES: watched}
    for needed in PERMISSIONS:
        for verb in needed.verbs:
            assert _may(server, needed, verb, namespaces[needed.scope]), (needed, verb)
    assert not _may(server, _permission(INGRESSES), "delete", watched)
    assert _may(server, _permission(SECRETS), "list", "blog") == (name == "load-balancer")


def _permission(resource: Any) -> Any:
    return next(found for found in PERMISSIONS if found.resource is resource)


def _may(server: RealApiServer, needed: Any, verb: str, namespace: str) -> bool:
    """Ask as the account itself (SelfSubjectAccessReview)."""
    asked: Manifest = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {
            "resourceAttributes": {
                "group": needed.resource.group,
                "resource": needed.resource.plural,
                "subresource": needed.subresource,
                "namespace": namespace,
                "verb": verb,
            }
        },
    }
    path = server.path("SelfSubjectAccessReview", api_version="authorization.k8s.io/v1")
    token = server.token_of(NAMESPACE, "ingressd")
    allowed: bool = server.request("POST", path, asked, token=token).check()["status"]["allowed"]
    return allowed


def _try_pod(server: RealApiServer, spec: Any) -> int:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "any"}, "spec": spec}
    path = server.path("Pod", NAMESPACE, api_version="v1")
    return server.request("POST", path, pod, query={"dryRun": "All"}).status
