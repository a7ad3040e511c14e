"""A controller for some namespaces, or for what carries a label, reads nothing else and needs no right to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingressd.kube.permissions import PERMISSIONS, Scope
from tests.support.api_server import Json, running_api_server
from tests.support.cluster_sites import CLASS, backed_by, site, wait_for_pod
from tests.support.manifests import Manifest, ingress_class
from tests.support.pods import running_pods
from tests.support.running_controller import controlling, serving_cluster, status_addresses, wait_for_status

NOT_SERVED = "404 no_host"
ACCOUNT = {"kind": "ServiceAccount", "name": "ingressd", "namespace": "ingressd"}


def site_in(namespace: str) -> Manifest:
    return site(f"site-{namespace}", namespace=namespace)


def labelled(manifest: Manifest, **labels: str) -> Manifest:
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **labels}}}


def rules_for(*scopes: Scope) -> list[Json]:
    return [
        {"apiGroups": [each.resource.group], "resources": [each.rule_resource], "verbs": list(each.verbs)}
        for each in PERMISSIONS
        if each.scope in scopes and each.resource.plural != "nodes"
    ]


def granted_in(namespace: str, rules: Iterable[Json]) -> tuple[Json, Json]:
    """A Role and its binding in a namespace; without one, cluster-wide."""
    kind = "Role" if namespace else "ClusterRole"
    metadata = {"name": "ingressd", "namespace": namespace} if namespace else {"name": "ingressd"}
    return (
        {"kind": kind, "metadata": metadata, "rules": list(rules)},
        {
            "kind": f"{kind}Binding",
            "metadata": metadata,
            "roleRef": {"kind": kind, "name": "ingressd"},
            "subjects": [ACCOUNT],
        },
    )


def test_namespaces_that_are_watched_with_roles_in_them_alone(tmp_path: Path) -> None:
    watched = ("shop", "blog")
    with running_api_server(tokens_required=True) as server, running_pods("web") as pods:
        server.apply(ingress_class(CLASS))
        server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ingressd"}})
        for namespace in (*watched, "other"):
            for manifest in (site_in(namespace), *backed_by(pods, namespace=namespace)):
                server.apply(manifest)
        server.load_rbac(
            (
                *granted_in("", rules_for(Scope.CLUSTER)),
                *granted_in("ingressd", rules_for(Scope.OWN_NAMESPACE)),
                *(part for name in watched for part in granted_in(name, rules_for(Scope.WATCHED_NAMESPACES))),
            )
        )
        flags = [f"--watch-namespace={name}" for name in watched]
        with controlling(tmp_path, server, *flags, "--election-namespace", "ingressd") as running:
            for namespace in watched:
                wait_for_pod(running, f"site-{namespace}")
                wait_for_status(server, namespace, f"site-{namespace}")
            assert running.get("/", host="site-other.test").pod == NOT_SERVED
            log = running.errors.text
        assert "forbidden" not in log
        assert status_addresses(server, "other", "site-other") == []
        read = {(request.resource, request.namespace) for request in server.requests if request.verb == "list"}
        assert {namespace for resource, namespace in read if resource != "ingressclasses"} == set(watched)


def test_a_namespace_without_a_role_is_named(tmp_path: Path) -> None:
    with running_api_server(tokens_required=True) as server, running_pods("web") as pods:
        for manifest in (ingress_class(CLASS), site_in("shop"), *backed_by(pods, namespace="shop")):
            server.apply(manifest)
        server.faults.fail(403, resource="services", times=1)
        flags = ("--watch-namespace", "shop")
        with controlling(tmp_path, server, *flags) as running:
            running.errors.wait_for(
                r'services in namespace shop .*a Role in namespace shop must grant apiGroups \[""\]'
            )
            wait_for_pod(running, "site-shop")


def test_an_object_moves_in_and_out_by_its_label(tmp_path: Path) -> None:
    with running_pods("web") as pods:
        manifests = (ingress_class(CLASS), labelled(site("blue"), tier="blue"), site("plain"), *backed_by(pods))
        flags = ("--ingress-selector", "tier=blue")
        with serving_cluster(tmp_path, *manifests, arguments=flags) as (running, server):
            assert running.get("/", host="blue.test").pod == "web"
            assert running.get("/", host="plain.test").pod == NOT_SERVED
            server.apply(labelled(site("plain"), tier="blue"))
            wait_for_pod(running, "plain")
            server.apply(site("blue"))
            wait_for_pod(running, "blue", NOT_SERVED)


def test_every_kind_has_a_selector_of_its_own(tmp_path: Path) -> None:
    with running_pods("web", "hidden") as pods:
        visible = [labelled(each, show="yes") for each in backed_by(pods)]
        manifests = (ingress_class(CLASS), site("shop"), site("dark", "hidden"), *visible, *backed_by(pods, "hidden"))
        flags = ("--service-selector", "show=yes", "--endpoint-slice-selector", "show", "--secret-selector", "show")
        with serving_cluster(tmp_path, *manifests, arguments=flags) as (running, _):
            assert running.get("/", host="shop.test").pod == "web"
            assert running.get("/", host="dark.test").pod == "503 no_service"
            assert 'ingressd_watch_objects{kind="Service",namespace=""} 1.0' in running.admin("/metrics").text
