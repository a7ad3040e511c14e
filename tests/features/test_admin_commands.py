"""``check``, ``routes`` and ``explain`` with ``--admin``: a running ingressd says what its manifests say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.admin_ports import http_answer, scripted_port
from tests.support.manifests import backend, endpoint, endpoint_slice, ingress, path, rule, service, tls_secret
from tests.support.running import Finished, RunningDev, ingressd, serving
from tests.support.running_proxy import eventually
from tests.tls.certificates import certify, key_text, new_key

FLAGS = ("--map", "api=3000", "--map", "nobody=1")
URLS = (
    "http://shop.test/site/..//cart/%69tems?x=1",
    "https://SHOP.test:8443/cart/items",
    "https://unknown.example/",
    "http://api.test/v1/users",
    "http://shop.test/missing",
    "api.test/other",
)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    """Something of everything that the views show."""
    key = new_key()
    with serving(
        tmp_path_factory.mktemp("asked"),
        ingress(
            "web",
            rule("shop.test", path("/", "site"), path("/cart", "cart", "http"), path("/missing", "missing")),
            class_name="nginx",
            tls=[{"hosts": ["shop.test"], "secretName": "shop"}],
            annotations={"nginx.ingress.kubernetes.io/no-such-thing": "1"},
        ),
        ingress("late", rule("shop.test", path("/cart", "late")), created="2025-01-01T00:00:00Z"),
        ingress("any", default=backend("site")),
        ingress(
            "api",
            rule("api.test", path("/v1(/|$)(.*)", "api", kind="ImplementationSpecific")),
            annotations={"nginx.ingress.kubernetes.io/rewrite-target": "/$2"},
        ),
        service("cart", {"name": "http", "port": 80, "targetPort": 8080}),
        endpoint_slice(
            "cart-x",
            "cart",
            8080,
            endpoint("10.1.0.1", uid="one", ready=True),
            endpoint("10.1.0.2", uid="two", ready=False, serving=True, terminating=True),
            port_name="http",
        ),
        service("site"),
        tls_secret("shop", certify(key), key_text(key)),
        arguments=FLAGS,
    ) as running:
        yield running


def admin_url(dev: RunningDev) -> str:
    return f"http://localhost:{dev.admin_port}"


def offline(dev: RunningDev, *command: str) -> Finished:
    return ingressd(dev.folder.parent, *command, "k8s", *FLAGS)


def live(dev: RunningDev, *command: str) -> Finished:
    """Ask from a folder in which there are no manifests."""
    return ingressd(dev.folder.parent / "home", *command, "--admin", admin_url(dev))


@pytest.fixture(scope="module", autouse=True)
def home(dev: RunningDev) -> None:
    (dev.folder.parent / "home").mkdir(exist_ok=True)


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "JSON"])
@pytest.mark.parametrize("name", ["check", "routes"])
def test_it_prints_what_the_manifests_give(dev: RunningDev, name: str, form: tuple[str, ...]) -> None:
    found = live(dev, name, *form)
    assert found == offline(dev, name, *form)
    assert found.code == 1
    assert "k8s/all.yaml" in found.output + found.errors
    assert "--map nobody=1 has no effect" in found.output + found.errors


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "JSON"])
@pytest.mark.parametrize("url", URLS)
def test_it_explains_what_the_manifests_give(dev: RunningDev, url: str, form: tuple[str, ...]) -> None:
    found, expected = live(dev, "explain", "GET", url, *form), offline(dev, "explain", "GET", url, *form)
    assert (found.code, found.output) == (expected.code, expected.output)
    assert found.code in (0, 1)
    # What is wrong with the flags of the running one is among its problems, and is none of this command line.
    assert found.errors == ""


def test_it_follows_a_save(dev: RunningDev) -> None:
    more = dev.folder / "more.yaml"
    dev.save("more.yaml", ingress("more", rule("more.test", path("/", "site"))))
    try:
        eventually(lambda: "more.test/" in live(dev, "routes").output)
    finally:
        more.unlink()
    eventually(lambda: "more.test/" not in live(dev, "routes").output)


def test_the_port_of_the_sites_is_the_wrong_one(dev: RunningDev, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{dev.http_port}"
    found = ingressd(tmp_path, "check", "--admin", url)
    assert (found.code, found.output) == (2, "")
    assert found.errors.startswith(
        f"ingressd: {url} is no admin port of ingressd, but is one on which it serves sites."
    )


def test_what_is_no_url_is_said_as_ever(dev: RunningDev) -> None:
    assert live(dev, "explain", "GET", "http://a b/") == offline(dev, "explain", "GET", "http://a b/")


def test_nobody_listens(tmp_path: Path) -> None:
    for command in (("check",), ("routes", "--json"), ("explain", "GET", "http://shop.test/")):
        found = ingressd(tmp_path, *command, "--admin", "http://127.0.0.1:1")
        assert (found.code, found.output) == (2, "")
        assert found.errors.startswith("ingressd: http://127.0.0.1:1 cannot be reached: Connection refused. ")
        assert found.errors.endswith("kubectl -n NAMESPACE port-forward deploy/ingressd 9090\n")


def test_one_that_has_not_read_everything(tmp_path: Path) -> None:
    answers = {
        "/readyz": http_answer(
            b'{"ready":false,"waiting_for":["Secrets are forbidden."]}', status="503 Service Unavailable"
        ),
        "/api/problems": http_answer(b'{"errors":0,"warnings":0,"problems":[]}'),
    }
    with scripted_port(answers) as url:
        found = ingressd(tmp_path, "check", "--json", "--admin", str(url))
    assert (found.code, found.output) == (2, "")
    assert found.errors == f"ingressd: {url} is not ready: it has not read everything yet\n  Secrets are forbidden.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "k8s", "--admin", "http://localhost:9090"),
        ("routes", "--map", "web=1", "--admin", "http://localhost:9090"),
        ("explain", "GET", "http://a.test/", "--ingress-class", "x", "--admin", "http://localhost:9090"),
        ("check", "--admin", "localhost:9090"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    found = ingressd(tmp_path, *arguments)
    assert (found.code, found.output) == (2, "")
    assert found.errors.startswith("ingressd: ")
    assert "--admin" in found.errors
