"""Default backends, where the Ingress API leaves the choice to the controller.

Without rules, the default backend takes everything that no host takes. With rules, it takes what none of its own
Ingress's paths takes on its own hosts, and after it comes the oldest default backend without rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.manifests import backend, ingress, path, rule, save
from tests.support.pods import running_pods
from tests.support.running import RunningDev, ingressd, problem_codes, serving

CATCH_ALL = ingress("catch-all", default=backend("everything"), created="2024-01-01T00:00:00Z")
YOUNGER_CATCH_ALL = ingress("younger", default=backend("younger"), created="2025-01-01T00:00:00Z")
SHOP = ingress(
    "shop",
    rule("shop.test", path("/cart", "cart")),
    rule("shop-without-paths.test"),
    default=backend("shop"),
    created="2024-02-01T00:00:00Z",
)
PLAIN = ingress("plain", rule("plain.test", path("/cart", "cart")), created="2024-02-01T00:00:00Z")
BARE = ingress("bare", rule("bare.test"), rule("bare.test", path("/cart", "cart")))
SHARED = ingress("shared", rule("shared.test", path("/a", "cart")), default=backend("shared-first"))
SHARED_TOO = ingress("shared-too", rule("shared.test", path("/b", "cart")), default=backend("shared-second"))
PODS = ("everything", "younger", "cart", "shop", "shared-first", "shared-second")
MANIFESTS = (YOUNGER_CATCH_ALL, CATCH_ALL, SHOP, PLAIN, BARE, SHARED, SHARED_TOO)


@contextmanager
def serving_all(folder: Path) -> Iterator[RunningDev]:
    with running_pods(*PODS) as pods, serving(folder, *MANIFESTS, arguments=pods.maps()) as running:
        yield running


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with serving_all(tmp_path_factory.mktemp("defaults")) as running:
        yield running


@pytest.mark.parametrize(
    ("host", "asked", "pod"),
    [
        pytest.param("unknown.test", "/any", "everything", id="no host: the default backend without rules"),
        pytest.param("127.0.0.1", "/", "everything", id="an address is a host like any other"),
        pytest.param("shop.test", "/cart/1", "cart", id="a path that matches"),
        pytest.param("shop.test", "/other", "shop", id="with rules, what its own hosts have no path for"),
        pytest.param("shop-without-paths.test", "/any", "shop", id="a rule without paths: all of its host"),
        pytest.param("plain.test", "/other", "everything", id="without its own: that of any host"),
        pytest.param("bare.test", "/other", "everything", id="a rule without paths and without its own"),
        pytest.param("bare.test", "/cart", "cart", id="beside another rule of the host"),
        pytest.param("shared.test", "/other", "shared-first", id="two for one host: the first by name"),
        pytest.param("shared.test", "/b", "cart", id="the loser's paths are served all the same"),
    ],
)
def test_who_takes_what_no_path_takes(dev: RunningDev, host: str, asked: str, pod: str) -> None:
    assert dev.get(asked, host=host).pod == pod


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_every_method_goes_there(dev: RunningDev, method: str) -> None:
    seen = dev.request(method, "/any/path", host="unknown.test", body=b"hello").seen
    assert (seen.pod, seen.method, seen.body) == ("everything", method, "hello")


def test_the_younger_default_backend_is_told_who_won(dev: RunningDev) -> None:
    finished = ingressd(dev.folder.parent, "check", "k8s", "--json", *(f"--map={name}=1" for name in PODS))
    conflicts = [problem for problem in finished.document["problems"] if problem["code"] == "default_backend_conflict"]
    assert {problem["name"]: problem["path"] for problem in conflicts} == {
        "younger": "spec.defaultBackend",
        "shared-too": "spec.defaultBackend",
    }
    assert any("default/catch-all" in problem["message"] for problem in conflicts)
    assert any("default/shared comes first" in problem["message"] for problem in conflicts)


def test_without_any_default_backend_the_answer_is_404(tmp_path: Path) -> None:
    with serving_all(tmp_path) as dev:
        dev.save("all.yaml", PLAIN)
        dev.output.wait_for(r"^- \*")
        assert dev.get("/", host="unknown.test").pod == "404 no_host"
        assert dev.get("/other", host="plain.test").pod == "404 no_path"


def test_one_default_backend_is_no_problem(tmp_path: Path) -> None:
    save(tmp_path / "all.yaml", CATCH_ALL, SHOP)
    used = ("everything", "cart", "shop")
    finished = ingressd(tmp_path, "check", "all.yaml", "--json", *(f"--map={name}=1" for name in used))
    assert problem_codes(finished) == {}
