"""``ingressd dev``, as a process that serves."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command_line import SHOP, RunCli
from tests.support.dev_process import ANY_PORTS, DevProcess


def get(port: int, path: str, host: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Host": host, "Accept": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode()


@pytest.fixture
def dev(shop: Path, tmp_path: Path, environment: dict[str, str]) -> Iterator[DevProcess]:
    with DevProcess(["dev", "k8s", *ANY_PORTS], directory=tmp_path, environment=environment) as process:
        yield process


def test_from_start_to_ctrl_c(dev: DevProcess, shop: Path) -> None:
    http_port, _, admin = dev.ports()
    dev.wait_for(rf"^http://shop\.localhost:{http_port}/cart  prefix  shop/web#0/0  cart:80  none \(no_endpoints\)$")
    dev.wait_for(r"^k8s/shop\.yaml:13: warning: Ingress shop/web ")

    status, body = get(http_port, "/cart", "shop.localhost")
    assert status == 503
    assert json.loads(body)["reason"] == "no_endpoints"
    assert "--map shop/cart=PORT" in json.loads(body)["hint"]
    dev.wait_for(r"^GET +http://shop\.localhost/cart 503 no_endpoints shop/web#0/0 → cart:80 ")

    (shop / "shop.yaml").write_text(SHOP.replace("/cart", "/basket"))
    dev.wait_for(r"^[+] shop\.localhost/basket → cart:80$")
    assert get(http_port, "/cart", "shop.localhost")[0] == 404
    assert get(http_port, "/basket", "shop.localhost")[0] == 503

    (shop / "shop.yaml").write_text(SHOP.replace("path: /cart", "path: cart"))
    dev.wait_for(r"^k8s/shop\.yaml:11: error: Ingress shop/web ")
    assert get(http_port, "/basket", "shop.localhost")[0] == 503

    assert get(admin, "/readyz", "localhost") == (200, '{"ready":true}')
    assert json.loads(get(admin, "/api/problems", "localhost")[1])["errors"] == 1

    assert dev.interrupt() == 0
    assert dev.errors() == ""


def test_https_for_a_host_without_a_certificate(dev: DevProcess, environment: dict[str, str]) -> None:
    _, https, _ = dev.ports()
    trusted = ssl.create_default_context(cafile=str(Path(environment["XDG_DATA_HOME"], "ingressd/ca/ca.crt")))
    with (
        socket.create_connection(("127.0.0.1", https), timeout=30) as connection,
        trusted.wrap_socket(connection, server_hostname="shop.localhost") as encrypted,
    ):
        assert encrypted.version() == "TLSv1.3"
    assert dev.interrupt() == 0


def test_a_reader_that_has_seen_enough_is_no_error(shop: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """As in ``ingressd dev k8s | head``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ingressd", "dev", "k8s", *ANY_PORTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        found = next(match for line in process.stdout if (match := re.match(r"  HTTP .*:(\d+)/", line)))
        process.stdout.close()
        assert get(int(found[1]), "/", "shop.localhost")[0] == 404
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""
        assert process.wait(60) == 0
        process.stderr.close()
    finally:
        process.kill()
        process.wait()


def test_everybody_may_connect_but_not_to_the_admin_port(
    shop: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    arguments = ["dev", "k8s", *ANY_PORTS, "--bind", "0.0.0.0"]
    with DevProcess(arguments, directory=tmp_path, environment=environment) as process:
        http_port, _, admin = process.ports()
        process.wait_for(r"^HTTP and HTTPS listen on 0\.0\.0\.0, every address of this machine: ")
        # All of 127.0.0.0/8 is this machine: an address that only a listener on every address answers.
        socket.create_connection(("127.0.0.2", http_port), timeout=30).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", admin), timeout=30)
        assert get(admin, "/readyz", "localhost")[0] == 200
        assert get(admin, "/readyz", "evil.test")[0] == 403
        assert process.interrupt() == 0


def test_the_admin_port_is_where_it_was_asked_for(shop: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    arguments = ["dev", "k8s", *ANY_PORTS, "--admin-bind", "0.0.0.0"]
    with DevProcess(arguments, directory=tmp_path, environment=environment) as process:
        _, _, admin = process.ports()
        process.wait_for(r"^The admin port listens on 0\.0\.0\.0, every address of this machine: ")
        socket.create_connection(("127.0.0.2", admin), timeout=30).close()
        assert process.interrupt() == 0


def test_a_port_asked_for_that_is_taken(shop: Path, run_cli: RunCli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_cli("dev", "k8s", "--http-port", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"ingressd: --http-port {port}: port {port} on 127.0.0.1 is taken; ")


def test_nothing_to_serve(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "empty").mkdir()
    done = run_cli("dev", "empty")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ingressd: nothing to serve: there is no Ingress in empty\n")


def test_no_path(run_cli: RunCli) -> None:
    done = run_cli("dev")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ingressd: there is nothing to read. ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bind", "localhost"], "the bind address must be an IP address"),
        (["--trusted-proxy", "ten"], "--trusted-proxy: 'ten' is not a network"),
        (["--connect-timeout", "inf"], "connect_seconds must be greater than 0 and finite"),
        (["--map", "x"], "--map: 'x' does not map a Service"),
    ],
)
def test_wrong_flags(shop: Path, run_cli: RunCli, arguments: list[str], message: str) -> None:
    done = run_cli("dev", "k8s", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"ingressd: {message}")
