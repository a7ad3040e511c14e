"""The API server is away, slow or wrong: traffic notices nothing, and what changed meanwhile arrives afterwards."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.api_server import RunningApiServer, running_api_server
from tests.support.cluster_sites import CLASS, backed_by, site, wait_for_pod
from tests.support.manifests import Manifest, ingress_class, tls_secret
from tests.support.objects import pem_pair
from tests.support.pods import running_pods
from tests.support.running_controller import RunningController, controlling, serving_cluster
from tests.support.running_proxy import eventually
from tests.support.web_client import Connection

WATCHES = 5
"""One for each kind."""

Cluster = tuple[RunningController, RunningApiServer]


@contextmanager
def serving(folder: Path) -> Iterator[Cluster]:
    with (
        running_pods("web", "other") as pods,
        serving_cluster(
            folder, ingress_class(CLASS), site("shop"), site("gone"), *backed_by(pods), *backed_by(pods, "other")
        ) as found,
    ):
        yield found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Cluster]:
    """A controller that nothing has happened to: after one fault, the next is waited out for longer."""
    with serving(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with serving(tmp_path_factory.mktemp("well")) as found:
        yield found


@contextmanager
def unreachable(server: RunningApiServer) -> Iterator[None]:
    with server.outage():
        yield


@contextmanager
def failing(server: RunningApiServer) -> Iterator[None]:
    server.faults.fail(500, times=None)
    server.faults.fail_watches(500)
    yield
    server.faults.clear()


@contextmanager
def throttling(server: RunningApiServer) -> Iterator[None]:
    server.faults.fail(429, retry_after_seconds=1, times=None)
    server.faults.cut_watches()
    yield
    server.faults.clear()


@contextmanager
def behind_a_broken_balancer(server: RunningApiServer) -> Iterator[None]:
    server.faults.fail(502, html=True, times=None)
    server.faults.cut_watches(reset=True)
    yield
    server.faults.clear()


@contextmanager
def compacted(server: RunningApiServer) -> Iterator[None]:
    """What the watches would go on from is gone (410)."""
    server.faults.fail(500, verb="watch", times=None)
    server.faults.drop_watches()
    yield
    listed = lists(server)
    server.compact()
    server.faults.clear()
    eventually(lambda: lists(server) > listed)


def lists(server: RunningApiServer) -> int:
    """Count the lists of what has changed: the other kinds can go on."""
    return sum((request.verb, request.resource) == ("list", "ingresses") for request in server.requests)


@contextmanager
def saying_garbage(server: RunningApiServer) -> Iterator[None]:
    server.faults.garble_watches()
    yield


FAULTS = (unreachable, failing, throttling, behind_a_broken_balancer, compacted, saying_garbage)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_traffic_goes_on_and_changes_arrive_afterwards(
    fresh: Cluster, fault: Callable[[RunningApiServer], AbstractContextManager[None]]
) -> None:
    """An object that was created, one that was changed, and one that was deleted while nobody looked."""
    running, server = fresh
    assert running.get("/", host="shop.test").pod == running.get("/", host="gone.test").pod == "web"
    with running.connect() as kept:
        with fault(server):
            assert kept.request("GET", "/", host="shop.test").pod == "web"
            server.apply(site("new"))
            server.apply(site("shop", "other"))
            server.delete("Ingress", "default", "gone")
            assert running.get("/", host="shop.test").status == 200
            assert running.admin("/readyz").status == 200
        wait_for_pod(running, "new")
        wait_for_pod(running, "shop", "other")
        wait_for_pod(running, "gone", "404 no_host")
        assert kept.request("GET", "/", host="shop.test").pod == "other"


def test_lists_that_fail_at_first_are_repeated(tmp_path: Path) -> None:
    """Nothing is served from half of a cluster."""
    with running_api_server() as server, running_pods("web") as pods:
        for manifest in (ingress_class(CLASS), site("shop"), *backed_by(pods)):
            server.apply(manifest)
        server.faults.refuse(verb="list", times=WATCHES)
        server.faults.truncate(60, verb="list", resource="ingresses")
        with controlling(tmp_path, server) as running:
            assert running.get("/", host="shop.test").pod == "web"


def test_a_replica_that_starts_during_an_outage_becomes_ready_after_it(tmp_path: Path) -> None:
    with running_api_server() as server, running_pods("web") as pods:
        for manifest in (ingress_class(CLASS), site("shop"), *backed_by(pods)):
            server.apply(manifest)
        server.faults.restart(1.0, verb="list", resource="services")
        with controlling(tmp_path, server) as running:
            assert running.get("/", host="shop.test").pod == "web"


# Tokens.


def test_a_token_that_is_renewed_in_a_kubeconfig_is_taken_over(tmp_path: Path) -> None:
    with running_api_server(tokens_required=True) as server, running_pods("web") as pods:
        for manifest in (ingress_class(CLASS), *backed_by(pods)):
            server.apply(manifest)
        with controlling(tmp_path, server) as running:
            old = server.token
            new = server.rotate_token()
            server.write_kubeconfig(tmp_path / "kubeconfig")
            server.faults.drop_watches()
            server.apply(site("later"))
            wait_for_pod(running, "later")
            assert old not in running.errors.text
            assert new not in running.errors.text


# Certificates.


def first(name: str) -> Manifest:
    return tls_secret("shop", *pem_pair(f"{name}.test", "secure.test"))


def certificate_for(running: RunningController, server_name: str) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with Connection(running.https_port, tls=context, server_name=server_name) as connection:
        assert isinstance(connection.socket, ssl.SSLSocket)
        encoded = connection.socket.getpeercert(binary_form=True)
    assert encoded is not None
    return ssl.DER_cert_to_PEM_cert(encoded).encode()


def served(running: RunningController, name: str) -> bool:
    return certificate_for(running, "secure.test") == pem_pair(f"{name}.test", "secure.test")[0]


def test_the_life_of_a_certificate(cluster: Cluster) -> None:
    running, server = cluster
    server.apply(site("secure", tls=[{"hosts": ["secure.test"], "secretName": "shop"}]))
    wait_for_pod(running, "secure")
    nobodys = certificate_for(running, "secure.test")
    server.apply(first("one"))
    eventually(lambda: served(running, "one"))
    with running.connect_tls("secure.test", pem_pair("one.test", "secure.test")[0]) as kept:
        server.apply(first("two"))
        eventually(lambda: served(running, "two"))
        assert kept.request("GET", "/", host="secure.test").pod == "web"
    seen = len(running.errors.text)
    server.delete("Secret", "default", "shop")
    running.errors.wait_for("Secret default/shop was deleted", after=seen)
    assert served(running, "two")
    server.apply(first("three"))
    eventually(lambda: served(running, "three"))
    assert certificate_for(running, "unknown.test") == nobodys
    key = base64.b64encode(pem_pair("three.test", "secure.test")[1]).decode()[:60]
    assert key not in running.errors.text + running.admin("/api/problems").text


def test_secrets_of_other_types_are_not_even_read(cluster: Cluster) -> None:
    running, server = cluster
    certificate, key = pem_pair("secure.test")
    opaque = {**tls_secret("opaque", certificate, key), "type": "Opaque"}
    server.apply(opaque)
    server.apply(site("opaque", tls=[{"hosts": ["opaque.test"], "secretName": "opaque"}]))
    wait_for_pod(running, "opaque")
    running.errors.wait_for(r"Ingress default/opaque spec\.tls\[0\]\.secretName: .*default/opaque")
    tls_only = sum(each["type"] == "kubernetes.io/tls" for each in server.objects("Secret"))
    assert f'ingressd_watch_objects{{kind="Secret",namespace=""}} {float(tls_only)}' in running.admin("/metrics").text
    assert certificate_for(running, "opaque.test") != certificate
