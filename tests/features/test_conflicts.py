"""Two Ingresses that want the same: the oldest wins, then namespace and name, then the order in the object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.manifests import ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import RunningDev, ingressd, serving

OLD, YOUNG = "2024-01-01T00:00:00Z", "2025-06-01T12:00:00Z"
NAMES = ("age-old", "age-young", "name-a", "name-b", "space-a", "space-b", "own-0", "own-1", "twin-0", "twin-1")

# Each loser stands in front of its winner, so that the order of the file decides nothing.
MANIFESTS = (
    ingress("a-young", rule("age.test", path("/", "age-young"), path("/young", "age-young")), created=YOUNG),
    ingress("z-old", rule("age.test", path("/", "age-old")), created=OLD),
    ingress("b", rule("name.test", path("/", "name-b")), created=OLD),
    ingress("a", rule("name.test", path("/", "name-a")), created=OLD),
    ingress("a", rule("space.test", path("/", "space-b")), namespace="space-b", created=OLD),
    ingress("z", rule("space.test", path("/", "space-a")), namespace="space-a", created=OLD),
    ingress("own", rule("own.test", path("/", "own-0")), rule("own.test", path("/", "own-1")), created=OLD),
    ingress("twin-0", rule("twin.test", path("/x", "twin-0")), created=OLD),
    ingress("twin-1", rule("twin.test", path("/x/", "twin-1")), created=YOUNG),
)


@contextmanager
def serving_all(folder: Path) -> Iterator[RunningDev]:
    with running_pods(*NAMES) as pods, serving(folder, *MANIFESTS, arguments=pods.maps()) as running:
        yield running


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with serving_all(tmp_path_factory.mktemp("conflicts")) as running:
        yield running


@pytest.mark.parametrize(
    ("host", "asked", "pod"),
    [
        pytest.param("age.test", "/", "age-old", id="the oldest"),
        pytest.param("age.test", "/young", "age-young", id="the loser keeps its other paths"),
        pytest.param("name.test", "/", "name-a", id="then the name, ascending"),
        pytest.param("space.test", "/", "space-a", id="the namespace comes before the name"),
        pytest.param("own.test", "/", "own-0", id="inside one object the first"),
        pytest.param("twin.test", "/x", "twin-1", id="a longer prefix is no conflict of age: it wins"),
    ],
)
def test_who_wins(dev: RunningDev, host: str, asked: str, pod: str) -> None:
    assert dev.get(asked, host=host).pod == pod


def test_check_tells_each_loser_the_winner(dev: RunningDev) -> None:
    finished = ingressd(dev.folder.parent, "check", "k8s", "--json", *(f"--map={name}=1" for name in NAMES))
    assert finished.code == 0
    conflicts = {
        (problem["namespace"], problem["name"]): problem
        for problem in finished.document["problems"]
        if problem["code"] == "path_conflict"
    }
    assert {loser: problem["path"] for loser, problem in conflicts.items()} == {
        ("default", "a-young"): "spec.rules[0].http.paths[0].path",
        ("default", "b"): "spec.rules[0].http.paths[0].path",
        ("space-b", "a"): "spec.rules[0].http.paths[0].path",
        ("default", "own"): "spec.rules[1].http.paths[0].path",
        ("default", "twin-0"): "spec.rules[0].http.paths[0].path",
    }
    for loser, winner in (
        (("default", "a-young"), "default/z-old#0/0"),
        (("default", "b"), "default/a#0/0"),
        (("space-b", "a"), "space-a/z#0/0"),
        (("default", "own"), "default/own#0/0"),
        (("default", "twin-0"), "default/twin-1#0/0"),
    ):
        assert winner in conflicts[loser]["message"]
        assert conflicts[loser]["severity"] == "warning"


def test_the_start_tells_each_loser_the_winner(dev: RunningDev) -> None:
    dev.output.wait_for(
        r"^k8s/all\.yaml:\d+: warning: Ingress default/a-young spec\.rules\[0\]\.http\.paths\[0\]\.path: .*"
        r"default/z-old#0/0 comes first"
    )


def test_when_the_winner_goes_the_loser_takes_over(tmp_path: Path) -> None:
    with serving_all(tmp_path) as dev:
        dev.save("all.yaml", *(manifest for manifest in MANIFESTS if manifest["metadata"]["name"] != "z-old"))
        dev.output.wait_for(r"^~ age\.test/ → age-young:80 \(was age-old:80\)$")
        assert dev.get("/", host="age.test").pod == "age-young"
