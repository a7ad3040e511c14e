"""What ``dev`` prints when it starts: where it listens, which URL leads where, and how to reach it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from ingressd.compilation import describe
from tests.support.manifests import backend, ingress, path, rule, tls_secret
from tests.support.pods import running_pods
from tests.support.running import RunningDev, serving
from tests.tls.certificates import certify, key_text, new_key


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    key = new_key()
    with (
        running_pods("web") as pods,
        serving(
            tmp_path_factory.mktemp("start"),
            ingress("local", rule("shop.localhost", path("/", "web")), namespace="shop"),
            ingress("made-up", rule("shop.test", path("/cart", "web"), path("/exact", "web", kind="Exact"))),
            ingress("wild", rule("*.pr.test", path("/", "web"))),
            ingress("secure", rule("tls.test", path("/", "missing")), tls=[{"hosts": ["tls.test"], "secretName": "s"}]),
            ingress("any", default=backend("web")),
            tls_secret("s", certify(key), key_text(key)),
            arguments=pods.maps(),
        ) as running,
    ):
        yield running


def row(dev: RunningDev, url: str) -> list[str]:
    found = [line.split() for line in dev.output.text.splitlines() if line.split(" ", 1)[0] == url]
    assert len(found) == 1, dev.output.text
    return found[0]


def test_what_is_served(dev: RunningDev) -> None:
    dev.output.wait_for(rf"^ingressd \S+ \({describe()}\) serves k8s \(1 file, 6 objects\)$")


def test_where_it_listens(dev: RunningDev) -> None:
    dev.output.wait_for(rf"^  HTTP   http://127\.0\.0\.1:{dev.http_port}/$")
    dev.output.wait_for(rf"^  HTTPS  https://127\.0\.0\.1:{dev.https_port}/  \(local CA: .*/ca\.crt\)$")
    dev.output.wait_for(rf"^  admin  http://127\.0\.0\.1:{dev.admin_port}/$")
    assert b"BEGIN CERTIFICATE" in dev.authority_file.read_bytes()


def test_every_route_is_a_line(dev: RunningDev) -> None:
    http, https = dev.http_port, dev.https_port
    assert row(dev, f"http://shop.localhost:{http}/")[1:4] == ["prefix", "shop/local#0/0", "web:80"]
    assert row(dev, f"http://shop.test:{http}/exact")[1:4] == ["exact", "default/made-up#0/1", "web:80"]
    assert row(dev, f"http://*.pr.test:{http}/")[1:4] == ["prefix", "default/wild#0/0", "web:80"]
    assert row(dev, f"http://*:{http}/")[1:4] == ["default", "default/any", "web:80"]
    assert row(dev, f"https://tls.test:{https}/")[3:] == ["missing:80", "none", "(no_service)"]


def test_a_host_that_does_not_resolve_gets_a_line_to_paste(dev: RunningDev) -> None:
    lines = [shlex.split(line) for line in dev.output.text.splitlines() if line.startswith("  curl ")]
    resolved = [line[line.index("--resolve") + 1] for line in lines]
    assert sorted(resolved) == [
        f"any.pr.test:{dev.http_port}:127.0.0.1",
        f"shop.test:{dev.http_port}:127.0.0.1",
        f"tls.test:{dev.https_port}:127.0.0.1",
    ]
    [encrypted] = [line for line in lines if "--cacert" in line]
    assert encrypted[encrypted.index("--cacert") + 1] == str(dev.authority_file)


def test_problems_come_last_and_are_counted(dev: RunningDev) -> None:
    dev.output.wait_for(r"^k8s/all\.yaml:\d+: error: Ingress default/secure .*There is no Service missing")
    dev.output.wait_for(r"^1 error(, \d+ warnings?)?$")
