"""Where ``dev`` listens, and what it says when it cannot."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.manifests import ingress, path, rule, save
from tests.support.pods import running_pods
from tests.support.running import ingressd, serving

SITE = ingress("web", rule("web.test", path("/", "web")))
DEFAULT_HTTP_PORT = 8080


@contextlib.contextmanager
def taken(port: int = 0) -> Iterator[int]:
    """A port that somebody has: us, or, for a port that we want and cannot get, whoever was first."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            listening.bind(("127.0.0.1", port))
            listening.listen()
            port = listening.getsockname()[1]
        yield port


def test_when_the_default_port_is_taken_the_next_free_one_is_used(tmp_path: Path) -> None:
    with (
        taken(DEFAULT_HTTP_PORT),
        running_pods("web") as pods,
        serving(tmp_path, SITE, arguments=pods.maps(), ports=("--https-port", "0", "--admin-port", "0")) as running,
    ):
        assert running.http_port != DEFAULT_HTTP_PORT
        running.output.wait_for(
            rf"^Port 8080 is taken: HTTP is on port {running.http_port} \(--http-port chooses another\)\.$"
        )
        running.output.wait_for(rf"^http://web\.test:{running.http_port}/ ")
        assert running.get("/", host="web.test").pod == "web"


@pytest.mark.parametrize("flag", ["--http-port", "--https-port", "--admin-port"])
def test_a_port_that_was_asked_for_and_is_taken_is_an_error(tmp_path: Path, flag: str) -> None:
    save(tmp_path / "all.yaml", SITE)
    others = [argument for name in ("--http-port", "--https-port", "--admin-port") for argument in (name, "0")]
    with taken() as port:
        finished = ingressd(tmp_path, "dev", "all.yaml", *others, flag, str(port))
    assert finished.code == 2
    assert finished.output == ""
    assert finished.errors == (
        f"ingressd: {flag} {port}: port {port} on 127.0.0.1 is taken; "
        "end the program that has it, or give another port\n"
    )


def test_a_port_that_was_asked_for_is_used(tmp_path: Path) -> None:
    with taken() as port:
        pass
    with (
        running_pods("web") as pods,
        serving(
            tmp_path,
            SITE,
            arguments=pods.maps(),
            ports=("--http-port", str(port), "--https-port", "0", "--admin-port", "0"),
        ) as running,
    ):
        assert running.http_port == port
        assert running.get("/", host="web.test").pod == "web"


def test_one_port_cannot_serve_two_purposes(tmp_path: Path) -> None:
    save(tmp_path / "all.yaml", SITE)
    finished = ingressd(tmp_path, "dev", "all.yaml", "--http-port", "8000", "--https-port", "8000")
    assert (finished.code, finished.errors) == (2, "ingressd: the HTTP, HTTPS and admin ports must differ\n")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("localhost", "the bind address must be an IP address such as 127.0.0.1 or 0.0.0.0, and 'localhost' is not"),
        ("127.0.0.1.5", "the bind address must be an IP address"),
        ("192.0.2.1", "--bind 192.0.2.1: no interface of this machine has the address 192.0.2.1"),
    ],
)
def test_an_address_that_cannot_be_bound_is_an_error(tmp_path: Path, address: str, says: str) -> None:
    save(tmp_path / "all.yaml", SITE)
    finished = ingressd(tmp_path, "dev", "all.yaml", "--bind", address)
    assert finished.code == 2
    assert says in finished.errors
    assert finished.errors.count("\n") == 1


def test_a_port_that_is_none_is_an_error(tmp_path: Path) -> None:
    finished = ingressd(tmp_path, "dev", ".", "--http-port", "70000")
    assert finished.code == 2
    assert "--http-port" in finished.errors


# What there is to serve.


def test_nothing_to_read_is_explained(tmp_path: Path) -> None:
    finished = ingressd(tmp_path, "dev")
    assert finished.code == 2
    assert "Give the files or folders with your manifests" in finished.errors


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    finished = ingressd(tmp_path, "dev", "k8s")
    assert finished.code == 2
    assert finished.errors == "ingressd: k8s: there is no such file or folder. Check the path.\n"


def test_a_folder_without_manifests_is_explained(tmp_path: Path) -> None:
    finished = ingressd(tmp_path, "dev", ".")
    assert finished.code == 2
    assert "nothing to serve: there is no Ingress in ." in finished.errors
    assert "no Kubernetes objects" in finished.errors
    assert "Files that end in .yaml, .yml or .json are read" in finished.errors


def test_what_was_found_instead_is_counted(tmp_path: Path) -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    other = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
    save(tmp_path / "all.yaml", deployment, other)
    finished = ingressd(tmp_path, "dev", ".")
    assert finished.code == 2
    assert "found: 1 Service, 1 apps/v1/Deployment (not looked at)" in finished.errors
