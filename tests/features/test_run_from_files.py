"""``ingressd run --from PATH``: a proxy in production without a cluster, from the same manifests."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from ingressd.cli.main import command
from tests.support.cluster_sites import wait_for_pod
from tests.support.manifests import Manifest, endpoint_slice, ingress, path, rule, save, service, tls_secret
from tests.support.objects import pem_pair
from tests.support.pods import Pods, running_pods
from tests.support.running import ingressd
from tests.support.running_controller import RunningController, running_ingressd
from tests.support.running_proxy import eventually


def site(name: str, service_name: str = "web", **fields: Any) -> Manifest:
    return ingress(name, rule(f"{name}.test", path("/", service_name)), **fields)


@pytest.fixture
def pods() -> Iterator[Pods]:
    with running_pods("web", "other") as found:
        yield found


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[RunningController]:
    with running_ingressd(folder, "--from", "sites", *flags) as running:
        running.wait_until_ready()
        yield running


def test_the_manifests_are_served_as_they_are(tmp_path: Path, pods: Pods) -> None:
    """Of any class, with endpoints from slices or from ``--map``, over HTTPS with the certificate of the Secret."""
    certificate, key = pem_pair("secure.test")
    save(
        tmp_path / "sites" / "all.yaml",
        ingress(
            "secure",
            rule("secure.test", path("/", "web"), path("/mapped", "other")),
            class_name="nginx",
            tls=[{"hosts": ["secure.test"], "secretName": "secure"}],
        ),
        tls_secret("secure", certificate, key),
        service("web"),
        endpoint_slice("web-1", "web", pods.ports["web"]),
        service("other"),
    )
    with (
        serving(tmp_path, "--map", f"other=127.0.0.1:{pods.ports['other']}") as running,
        running.connect_tls("secure.test", certificate) as connection,
    ):
        assert connection.request("GET", "/", host="secure.test").pod == "web"
        assert connection.request("GET", "/mapped", host="secure.test").pod == "other"
        assert running.get("/", host="secure.test").pod == "web"


def test_a_save_is_live(tmp_path: Path, pods: Pods) -> None:
    file = tmp_path / "sites" / "all.yaml"
    save(file, site("shop"))
    with serving(tmp_path, *pods.maps()) as running:
        save(file, site("shop", "other"))
        wait_for_pod(running, "shop", "other")
        save(tmp_path / "sites" / "more.yaml", site("more"))
        wait_for_pod(running, "more")
        (tmp_path / "sites" / "more.yaml").unlink()
        wait_for_pod(running, "more", "404 no_host")


def test_a_file_that_is_broken_keeps_what_it_said(tmp_path: Path, pods: Pods) -> None:
    file = tmp_path / "sites" / "all.yaml"
    save(file, site("shop"))
    with serving(tmp_path, *pods.maps()) as running:
        file.write_text("kind: [Ingress\n")
        running.errors.wait_for(r"ERROR .*: sites/all\.yaml:\d+: ")
        assert running.get("/", host="shop.test").pod == "web"
        save(file, site("shop", "other"))
        running.errors.wait_for(r"solved: \d")
        wait_for_pod(running, "shop", "other")


def test_problems_are_in_the_log_with_their_place(tmp_path: Path, pods: Pods) -> None:
    save(
        tmp_path / "sites" / "all.yaml",
        site("shop", "missing", annotations={"nginx.ingress.kubernetes.io/no-such-thing": "1"}),
    )
    with serving(tmp_path) as running:
        running.errors.wait_for(
            r"ERROR .*: sites/all\.yaml:\d+: Ingress default/shop spec\.rules\[0\]\S*: There is no S"
        )
        running.errors.wait_for(r"WARNING .*: sites/all\.yaml:\d+: Ingress default/shop metadata\.annotations\S*: ")
        assert "sites/all.yaml" in running.admin("/api/problems").text


def test_a_map_that_maps_nothing_is_a_problem(tmp_path: Path, pods: Pods) -> None:
    save(tmp_path / "sites" / "all.yaml", site("shop"))
    with serving(tmp_path, "--map", f"web={pods.ports['web']}", "--map", "nobody=1") as running:
        running.errors.wait_for("--map nobody=1 has no effect")
        assert "--map nobody=1 has no effect" in running.admin("/api/problems").text


def test_a_folder_without_ingresses_is_served_until_there_are_some(tmp_path: Path, pods: Pods) -> None:
    """A program that others start does not end because a file comes a moment later."""
    (tmp_path / "sites").mkdir()
    with serving(tmp_path, *pods.maps()) as running:
        assert running.get("/", host="shop.test").reason == "no_host"
        save(tmp_path / "sites" / "all.yaml", site("shop"))
        wait_for_pod(running, "shop")


def test_each_request_is_a_line_of_json(tmp_path: Path, pods: Pods) -> None:
    save(tmp_path / "sites" / "all.yaml", site("shop"))
    with serving(tmp_path, "--access-log", *pods.maps()) as running:
        assert running.get("/cart?x=1", host="shop.test").pod == "web"
        assert running.get("/", host="unknown.test").status == 404
        eventually(lambda: running.output.text.count("\n") == 2)
        first, second = map(msgspec.json.decode, running.output.text.splitlines())
    assert (first["host"], first["target"], first["status"]) == ("shop.test", "/cart?x=1", 200)
    assert (second["host"], second["status"], second["reason"]) == ("unknown.test", 404, "no_host")
    assert first["time"].endswith("Z")


def test_without_the_flag_standard_output_is_empty(tmp_path: Path, pods: Pods) -> None:
    save(tmp_path / "sites" / "all.yaml", site("shop"))
    with serving(tmp_path, *pods.maps()) as running:
        assert running.get("/", host="shop.test").pod == "web"
        assert running.terminate() == 0
        assert running.output.text == ""


def test_all_processes_log_in_one_form_and_at_the_level_asked_for(tmp_path: Path, pods: Pods) -> None:
    save(tmp_path / "sites" / "all.yaml", site("shop"))
    with serving(tmp_path, "--log-level", "debug", *pods.maps()) as running:
        with socket.create_connection(("127.0.0.1", running.https_port)) as client:
            client.sendall(b"this is no TLS\r\n\r\n")
            running.errors.wait_for("DEBUG ingressd.workers.worker: TLS handshake failed")
    for line in running.errors.text.splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING) [\w.]+: ", line), line


# What cannot be started.


@pytest.mark.parametrize(
    "flags",
    [
        ("--kubeconfig", "x"),
        ("--context", "x"),
        ("--watch-namespace", "x"),
        ("--ingress-selector", "a=b"),
        ("--publish-service", "a/b"),
        ("--publish-status-address", "192.0.2.1"),
        ("--no-status",),
        ("--election-id", "x"),
        ("--election-namespace", "x"),
        ("--controller-name", "x"),
        ("--watch-ingress-without-class",),
    ],
    ids=lambda flags: flags[0],
)
def test_flags_about_a_cluster_are_refused(tmp_path: Path, flags: tuple[str, ...]) -> None:
    found = CliRunner().invoke(command, ["run", "--from", str(tmp_path), *flags])
    assert found.exit_code == 2
    assert found.output == f"ingressd: {flags[0]}: it is about a cluster, and --from serves files; leave it out\n"


def test_the_map_of_a_cluster_is_refused(tmp_path: Path) -> None:
    found = ingressd(tmp_path, "run", "--map", "web=1")
    assert (found.code, found.output) == (2, "")
    assert found.errors == "ingressd: --map: it goes with --from; leave it out\n"


@pytest.mark.parametrize("flag", ["--http-port", "--https-port", "--admin-port"])
def test_a_port_that_is_taken_is_named_with_its_flag(tmp_path: Path, flag: str) -> None:
    save(tmp_path / "sites" / "all.yaml", site("shop"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"--http-port": "0", "--https-port": "0", "--admin-port": "0", flag: str(port)}
        flags = [part for pair in ports.items() for part in pair]
        found = ingressd(tmp_path, "run", "--from", "sites", "--bind", "127.0.0.1", *flags)
    assert (found.code, found.output) == (2, "")
    assert f"ingressd: {flag} {port}: port {port} on 127.0.0.1 is taken" in found.errors
    assert "Traceback" not in found.errors


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    found = ingressd(tmp_path, "run", "--from", "absent")
    assert (found.code, found.output) == (2, "")
    assert found.errors.startswith("ingressd: absent")


def test_without_a_cluster_files_are_suggested(tmp_path: Path) -> None:
    found = ingressd(tmp_path, "run")
    assert (found.code, found.output) == (2, "")
    assert "There is no cluster to connect to" in found.errors
    assert "give them with --from PATH" in found.errors
