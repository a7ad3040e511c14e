"""The server in a thread, for tests without an event loop."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import msgspec
import pytest

from tests.support.api_server import StatusError, running_api_server
from tests.support.manifests import ingress, path, rule, save, service

WEB = ingress("web", rule("web.test", path("/", "web")), created="2001-02-03T04:05:06Z")
PLACE = "/apis/networking.k8s.io/v1/ingresses"


def names(url: str, query: str = "") -> list[str]:
    with urllib.request.urlopen(url + PLACE + query, timeout=30) as answer:  # noqa: S310 - a server of ours
        return [item["metadata"]["name"] for item in msgspec.json.decode(answer.read())["items"]]


def test_objects_are_put_in_place_and_taken_away() -> None:
    with running_api_server() as server:
        applied = server.apply(WEB)
        assert applied["metadata"]["creationTimestamp"] == "2001-02-03T04:05:06Z"
        assert server.objects("Ingress") == [applied] == [server.get("Ingress", "default", "web")]
        assert names(server.url) == ["web"]
        server.delete("Ingress", "default", "web")
        assert names(server.url) == []
        assert [request.verb for request in server.requests] == ["list", "list"]


def test_apply_replaces_the_status_too_and_only_if_there_is_one() -> None:
    with running_api_server() as server:
        status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
        server.apply({**service("lb", type="LoadBalancer"), "status": status})
        again = server.apply(service("lb", {"port": 81}, type="LoadBalancer"))
        assert (again["status"], again["spec"]["ports"][0]["port"]) == (status, 81)


def test_outage_ends_on_the_same_port() -> None:
    with running_api_server() as server:
        server.apply(WEB)
        with server.outage():
            with pytest.raises(urllib.error.URLError):
                names(server.url)
        assert names(server.url) == ["web"]


def test_faults_can_be_called_from_any_thread() -> None:
    with running_api_server() as server:
        server.faults.fail(503, verb="list")
        with pytest.raises(urllib.error.HTTPError) as caught:
            names(server.url)
        caught.value.close()
        assert caught.value.code == 503
        assert names(server.url) == []
        assert server.call(lambda inner: inner.open_watches()) == 0


def test_fault_may_call_the_server_itself() -> None:
    with running_api_server() as server:
        version = server.resource_version
        server.apply(WEB)
        server.faults.before(server.compact)
        assert names(server.url) == ["web"]
        assert version != server.resource_version
        with pytest.raises(urllib.error.HTTPError) as caught:
            names(server.url, f"?resourceVersion={version}&resourceVersionMatch=Exact")
        caught.value.close()
        assert caught.value.code == 410


def test_objects_may_be_older_than_the_rules() -> None:
    empty = ingress("empty")
    with running_api_server() as server:
        with pytest.raises(StatusError, match="either `defaultBackend` or `rules` must be specified"):
            server.apply(empty)
        server.apply(empty, validate=False)
        assert names(server.url) == ["empty"]


def test_by_hand(tmp_path: Path) -> None:
    save(tmp_path / "web.yaml", WEB, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "other"}})
    command = [sys.executable, "-m", "tests.support.api_server", "--load", str(tmp_path / "web.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        try:
            assert "Deployment is no kind of this server" in process.stdout.readline()
            assert names(process.stdout.readline().strip()) == ["web"]
        finally:
            process.terminate()
