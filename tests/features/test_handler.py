"""An aiohttp handler in the place of a Service: ``ingressd.dev/handler``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.code import with_examples
from tests.support.manifests import ingress, path, rule, save
from tests.support.running import ingressd, problem_codes
from tests.support.running import serving as dev
from tests.support.running_controller import running_ingressd
from tests.support.running_proxy import RunningProxy

ANNOTATION = "ingressd.dev/handler"
FLAGS = ("--allow-handler", "maintenance=maintenance:factory")
SHOP = ingress("shop", rule("shop.test", path("/", "nowhere")), annotations={ANNOTATION: "maintenance"})


@contextmanager
def through_dev(folder: Path) -> Iterator[RunningProxy]:
    with dev(folder, SHOP, arguments=FLAGS, environment=with_examples(folder)) as running:
        yield running


@contextmanager
def through_run(folder: Path) -> Iterator[RunningProxy]:
    save(folder / "site.yaml", SHOP)
    with running_ingressd(folder, "--from", "site.yaml", *FLAGS, environment=with_examples(folder)) as running:
        running.wait_until_ready()
        yield running


@pytest.mark.parametrize("through", [through_dev, through_run])
def test_a_handler_answers_and_no_service_is_needed(
    through: Callable[[Path], AbstractContextManager[RunningProxy]], tmp_path: Path
) -> None:
    with through(tmp_path) as running:
        with running.connect() as connection:
            for method in ("GET", "POST"):
                answer = connection.request(
                    method, "/any/path", host="shop.test", body=b"x" if method == "POST" else None
                )
                assert (answer.status, answer.values("Retry-After")) == (503, ["120"])
                assert "We are back in a moment." in answer.text
                assert answer.values("Server") == ["ingressd"]
            assert connection.request("HEAD", "/", host="shop.test").body == b""
        assert 'reason="handler"' in running.admin("/metrics").text
        assert "_failed" not in running.errors.text


def test_explain_check_and_routes_know_it(tmp_path: Path) -> None:
    save(tmp_path / "k8s" / "all.yaml", SHOP)
    explained = ingressd(tmp_path, "explain", "GET", "http://shop.test/", "k8s", "--allow-handler", "maintenance")
    assert explained.code == 0
    assert explained.output.splitlines()[-1] == (
        "Answered here: The handler maintenance answers, and no Service is asked."
    )
    checked = ingressd(tmp_path, "check", "--json", "k8s", "--allow-handler", "maintenance")
    assert (checked.code, problem_codes(checked)) == (0, {})
    [row] = ingressd(tmp_path, "routes", "--json", "k8s", "--allow-handler", "maintenance").document["routes"]
    assert (row["handler"], row["unavailable"], row["service"]) == ("maintenance", "", "")


def test_a_handler_that_is_not_allowed_denies_the_routes(tmp_path: Path) -> None:
    with dev(tmp_path, SHOP) as running:
        refused = running.get("/", host="shop.test")
        assert (refused.status, refused.reason) == (503, "route_denied")
        assert "No handler is allowed here: start ingressd with --allow-handler maintenance=package.module:factory" in (
            running.output.text
        )
