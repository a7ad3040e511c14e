"""Who may ask, and for what. These tests are of the fake server only."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import yaml

from tests.support.api_client import ApiClient, speaking
from tests.support.api_server import ApiServer, Json
from tests.support.api_server.rbac import Grant
from tests.support.manifests import service

INGRESSES = "/apis/networking.k8s.io/v1/ingresses"


def role(kind: str, name: str, *rules: Json, namespace: str = "") -> Json:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "rules": list(rules)}


def binding(kind: str, role_kind: str, name: str, *, namespace: str = "") -> Json:
    subject = {"kind": "ServiceAccount", "name": "ingressd", "namespace": "ingressd"}
    return {
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"kind": role_kind, "name": name},
        "subjects": [subject],
    }


def rule(group: str, resource: str, *verbs: str, names: tuple[str, ...] = ()) -> Json:
    found: Json = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    return {**found, "resourceNames": list(names)} if names else found


RBAC = [
    role("ClusterRole", "watching", rule("networking.k8s.io", "ingresses", "list", "watch")),
    binding("ClusterRoleBinding", "ClusterRole", "watching"),
    role("ClusterRole", "reporting", rule("networking.k8s.io", "ingresses/status", "patch")),
    binding("RoleBinding", "ClusterRole", "reporting", namespace="default"),
    role("Role", "electing", rule("coordination.k8s.io", "leases", "get", names=("leader",)), namespace="ingressd"),
    binding("RoleBinding", "Role", "electing", namespace="ingressd"),
    {"kind": "Deployment", "metadata": {"name": "not-looked-at"}},
]


async def status(client: ApiClient, path: str, method: str = "GET", **query: str) -> int:
    body: Json | None = {} if method == "PATCH" else None
    content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
    return (await client.request(method, path, body, content_type=content_type, **query)).status


async def test_token_is_needed_where_it_is_required() -> None:
    async with ApiServer(tokens_required=True) as server:
        async with speaking(server.url) as client:
            reply = await client.get(INGRESSES)
            assert (reply.status, reply.body["reason"], reply.body["message"]) == (401, "Unauthorized", "Unauthorized")
        async with speaking(server.url, token=server.token) as client:
            assert await status(client, INGRESSES) == 200


async def test_rotated_token_is_worth_nothing(server: ApiServer) -> None:
    async with speaking(server.url, token=server.token) as client:
        assert await status(client, INGRESSES) == 200
        new = server.rotate_token()
        assert await status(client, INGRESSES) == 401
    async with speaking(server.url, token=new) as client:
        assert await status(client, INGRESSES) == 200


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", INGRESSES, 200),
        ("GET", "/apis/networking.k8s.io/v1/namespaces/other/ingresses", 200),
        ("GET", "/apis/networking.k8s.io/v1/namespaces/default/ingresses/a", 403),
        ("PATCH", "/apis/networking.k8s.io/v1/namespaces/default/ingresses/a/status", 404),
        ("PATCH", "/apis/networking.k8s.io/v1/namespaces/default/ingresses/a", 403),
        ("PATCH", "/apis/networking.k8s.io/v1/namespaces/other/ingresses/a/status", 403),
        ("GET", "/apis/coordination.k8s.io/v1/namespaces/ingressd/leases/leader", 404),
        ("GET", "/apis/coordination.k8s.io/v1/namespaces/ingressd/leases/other", 403),
        ("GET", "/apis/coordination.k8s.io/v1/namespaces/default/leases/leader", 403),
        ("GET", "/api/v1/secrets", 403),
        ("GET", "/version", 200),
    ],
)
async def test_rules_decide(server: ApiServer, method: str, path: str, code: int) -> None:
    server.load_rbac(RBAC)
    async with speaking(server.url, token=server.token) as client:
        assert await status(client, path, method) == code


async def test_refusal_says_what_is_missing(server: ApiServer) -> None:
    server.load_rbac([])
    user = 'User "system:serviceaccount:ingressd:ingressd" cannot'
    async with speaking(server.url, token=server.token) as client:
        reply = await client.get(INGRESSES)
        assert (reply.status, reply.body["reason"]) == (403, "Forbidden")
        assert reply.body["message"] == (
            f'ingresses.networking.k8s.io is forbidden: {user} list resource "ingresses" in API group '
            '"networking.k8s.io" at the cluster scope'
        )
        reply = await client.patch("/apis/networking.k8s.io/v1/namespaces/n/ingresses/a/status", {})
        assert reply.body["message"] == (
            f'ingresses.networking.k8s.io "a" is forbidden: {user} patch resource "ingresses/status" in API group '
            '"networking.k8s.io" in the namespace "n"'
        )
        assert reply.body["details"] == {"name": "a", "group": "networking.k8s.io", "kind": "ingresses"}
        reply = await client.get("/api/v1/services", watch="true")
        assert reply.body["message"] == (
            f'services is forbidden: {user} watch resource "services" in API group "" at the cluster scope'
        )


async def test_grants_that_nobody_needs_are_known(server: ApiServer) -> None:
    server.load_rbac(RBAC)
    async with speaking(server.url, token=server.token) as client:
        await client.get(INGRESSES)
    assert server.unused_grants() == {
        Grant("watch", "networking.k8s.io", "ingresses"),
        Grant("patch", "networking.k8s.io", "ingresses/status", "default"),
        Grant("get", "coordination.k8s.io", "leases", "ingressd", "leader"),
    }


async def test_name_in_a_selector_counts_as_the_name(server: ApiServer) -> None:
    rules = rule("coordination.k8s.io", "leases", "watch", names=("leader",))
    server.load_rbac([role("ClusterRole", "electing", rules), binding("ClusterRoleBinding", "ClusterRole", "electing")])
    place = "/apis/coordination.k8s.io/v1/leases"
    async with speaking(server.url, token=server.token) as client:
        query = {"watch": "1", "timeoutSeconds": "1"}
        assert await status(client, place, **query) == 403
        assert await status(client, place, fieldSelector="metadata.name=leader", **query) == 200


async def test_masters_may_do_everything(server: ApiServer) -> None:
    server.load_rbac([])
    token = server.add_user("admin", ["system:masters"])
    async with speaking(server.url, token=token) as client:
        assert await status(client, "/api/v1/secrets") == 200


async def test_encrypted_with_a_kubeconfig(tmp_path: Path) -> None:
    async with ApiServer(tls=True, tokens_required=True) as server:
        server.write_kubeconfig(tmp_path / "config")
        server.write_service_account(tmp_path / "account")
        config = yaml.safe_load((tmp_path / "config").read_text())
        assert config["clusters"][0]["cluster"]["server"] == server.url
        assert (tmp_path / "account" / "namespace").read_text() == "ingressd"
        trusted = ssl.create_default_context(cafile=str(tmp_path / "account" / "ca.crt"))
        token = (tmp_path / "account" / "token").read_text()
        assert config["users"][0]["user"] == {"token": token}
        async with speaking(server.url, token=token, tls=trusted) as client:
            assert await status(client, INGRESSES) == 200
            async with client.watch("/api/v1/services", resourceVersion=server.resource_version) as watch:
                server.apply(service("s"))
                assert (await watch.event()).name == "s"
                server.faults.drop_watches()
                await watch.end()


async def test_client_certificate_says_who_asks(tmp_path: Path) -> None:
    async with ApiServer(tls=True, tokens_required=True) as server:
        server.load_rbac([])
        assert server.certificate_authority is not None
        for name, groups, code in (("admin", ["system:masters"], 200), ("nobody", [], 403)):
            trusted = ssl.create_default_context(cadata=server.certificate_authority.decode())
            for file, content in zip(("c.pem", "k.pem"), server.client_certificate(name, groups), strict=True):
                (tmp_path / file).write_bytes(content)
            trusted.load_cert_chain(tmp_path / "c.pem", tmp_path / "k.pem")
            async with speaking(server.url, tls=trusted) as client:
                reply = await client.get(INGRESSES)
                assert reply.status == code
                assert code == 200 or f'User "{name}" cannot list' in reply.body["message"]
