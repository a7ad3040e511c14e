"""A replica is ready when everything has been read once, and says until then what it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingressd.kube.permissions import PERMISSIONS, Feature
from ingressd.kube.resource import WATCHED
from tests.support.api_server import Json, RunningApiServer, running_api_server
from tests.support.cluster_sites import CLASS, backed_by, site
from tests.support.manifests import ingress_class
from tests.support.pods import running_pods
from tests.support.ports import free_port, refuses
from tests.support.running import ingressd
from tests.support.running_controller import TO_CLUSTER, RunningController, running_ingressd, serving_cluster
from tests.support.running_proxy import eventually


@contextmanager
def starting(folder: Path, server: RunningApiServer, *flags: str) -> Iterator[RunningController]:
    """Run a controller that need not become ready."""
    kubeconfig = folder / "kubeconfig"
    server.write_kubeconfig(kubeconfig)
    with running_ingressd(folder, "--kubeconfig", str(kubeconfig), *TO_CLUSTER, *flags) as running:
        yield running


def waiting_for(running: RunningController) -> tuple[str, ...]:
    """Return the sentences of a replica that is not ready."""
    answer = running.admin("/readyz")
    document: dict[str, Any] = msgspec.json.decode(answer.body)
    assert (answer.status, document["ready"]) == (503, False)
    return tuple(document["waiting_for"])


def role(*rules: Json) -> tuple[Json, Json]:
    """A ClusterRole with these rules for ingressd, and its binding."""
    return (
        {"kind": "ClusterRole", "metadata": {"name": "read"}, "rules": list(rules)},
        {
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "read"},
            "roleRef": {"kind": "ClusterRole", "name": "read"},
            "subjects": [{"kind": "ServiceAccount", "name": "ingressd", "namespace": "ingressd"}],
        },
    )


def rules_of(*, without: str = "") -> list[Json]:
    """What the program says that it needs, except for what concerns one plural."""
    return [
        {"apiGroups": [each.resource.group], "resources": [each.rule_resource], "verbs": list(each.verbs)}
        for each in PERMISSIONS
        if each.resource.plural != without or each.feature is not Feature.ROUTING
    ]


@pytest.mark.parametrize("resource", ["", "secrets"], ids=["none was listed", "all but one were listed"])
def test_until_every_kind_was_listed_ports_refuse(tmp_path: Path, resource: str) -> None:
    unlisted = {found.plural for found in WATCHED.values() if resource in ("", found.plural)}
    ports = free_port(), free_port()
    with running_api_server() as server, running_pods("web") as pods:
        for manifest in (ingress_class(CLASS), site("shop"), *backed_by(pods)):
            server.apply(manifest)
        server.faults.hang(verb="list", resource=resource, times=None)
        flags = ("--http-port", str(ports[0]), "--https-port", str(ports[1]))
        with starting(tmp_path, server, *flags) as running:
            sentences = eventually(lambda: found if len(found := waiting_for(running)) == len(unlisted) else ())
            assert {sentence.partition(":")[0].partition(".")[0] for sentence in sentences} == unlisted
            assert all(sentence.endswith("not listed yet.") for sentence in sentences)
            assert running.admin("/healthz").status == 200
            assert all(map(refuses, ports))


def test_it_is_ready_once_slow_lists_have_ended(tmp_path: Path) -> None:
    with running_api_server() as server, running_pods("web") as pods:
        for manifest in (ingress_class(CLASS), site("shop"), *backed_by(pods)):
            server.apply(manifest)
        server.faults.drip(piece_bytes=100, seconds=0.05, verb="list", times=None)
        with starting(tmp_path, server) as running:
            assert waiting_for(running)
            running.wait_until_ready()
            assert running.get("/", host="shop.test").pod == "web"


def test_an_empty_cluster_is_ready(tmp_path: Path) -> None:
    with serving_cluster(tmp_path) as (running, _):
        assert msgspec.json.decode(running.admin("/readyz").body)["ready"] is True
        assert running.get("/", host="any.test").reason == "no_host"


@pytest.mark.parametrize("resource", ["ingressclasses", "secrets"])
def test_a_forbidden_kind_names_the_rule_and_granting_it_is_enough(tmp_path: Path, resource: str) -> None:
    with running_api_server(tokens_required=True) as server, running_pods("web") as pods:
        for manifest in (ingress_class(CLASS), site("shop"), *backed_by(pods)):
            server.apply(manifest)
        server.load_rbac(role(*rules_of(without=resource)))
        with starting(tmp_path, server) as running:
            sentences = eventually(
                lambda: found if len(found := waiting_for(running)) == 1 and "forbidden" in found[0] else ()
            )
            needed = next(each for each in PERMISSIONS if each.resource.plural == resource)
            rule = f'apiGroups ["{needed.resource.group}"], resources [{resource}], verbs [list, watch]'
            assert "a ClusterRole must grant" in sentences[0]
            assert rule in sentences[0]
            assert rule in running.errors.text
            server.load_rbac(role(*rules_of()))
            running.wait_until_ready()
            eventually(lambda: running.get("/", host="shop.test").pod == "web")
            assert running.errors.text.count(rule) == 1


def test_commands_say_that_it_is_not_ready(tmp_path: Path) -> None:
    with running_api_server(tokens_required=True) as server:
        server.load_rbac(role(*rules_of(without="services")))
        with starting(tmp_path, server) as running:
            eventually(lambda: "services" in "".join(waiting_for(running)))
            url = f"http://127.0.0.1:{running.admin_port}"
            for command in (("check",), ("routes",), ("explain", "GET", "http://shop.test/")):
                found = ingressd(tmp_path, *command, "--admin", url)
                assert (found.code, found.output) == (2, "")
                assert f"{url} is not ready: it has not read everything yet" in found.errors
                assert "services: " in found.errors


def test_commands_show_what_it_serves(tmp_path: Path) -> None:
    with (
        running_pods("web") as pods,
        serving_cluster(tmp_path, ingress_class(CLASS), site("shop"), site("lost", "missing"), *backed_by(pods)) as (
            running,
            _,
        ),
    ):
        url = f"http://127.0.0.1:{running.admin_port}"
        routes = ingressd(tmp_path, "routes", "--admin", url)
        assert "shop.test/" in routes.output
        assert "web:80" in routes.output
        check = ingressd(tmp_path, "check", "--json", "--admin", url)
        assert check.code == 1
        assert [problem["name"] for problem in check.document["problems"]] == ["lost"]
        explain = ingressd(tmp_path, "explain", "GET", "http://shop.test/cart", "--json", "--admin", url)
        assert explain.code == 0
        assert explain.document["backend"]["service"] == "web"
