"""Files that change while they are served."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.manifests import Manifest, as_yaml, ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import RunningDev, serving

FIRST = ingress("first", rule("first.test", path("/", "one")))


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[RunningDev]:
    with running_pods("one", "two") as pods, serving(tmp_path, FIRST, arguments=pods.maps()) as running:
        assert running.get("/", host="first.test").pod == "one"
        yield running


def second(service: str = "two") -> Manifest:
    return ingress("second", rule("second.test", path("/", service)))


def test_a_saved_file_is_served(dev: RunningDev) -> None:
    dev.save("all.yaml", ingress("first", rule("first.test", path("/", "two"))))
    dev.output.wait_for(r"^~ first\.test/ → two:80 \(was one:80\)$")
    assert dev.get("/", host="first.test").pod == "two"


def test_each_difference_is_one_line(dev: RunningDev) -> None:
    dev.save(
        "all.yaml",
        ingress(
            "first",
            rule("first.test", path("/", "two"), path("/new", "one", kind="Exact")),
            rule("more.test", path("/", "one")),
        ),
    )
    dev.output.wait_for(r"^\+ more\.test/ → one:80$")
    seen = len(dev.output.text)
    assert dev.output.changes() == [
        "~ first.test/ → two:80 (was one:80)",
        "+ first.test/new (exact) → one:80",
        "+ more.test/ → one:80",
    ]
    dev.save("all.yaml", ingress("first", rule("first.test", path("/new", "one", kind="Exact"))))
    dev.output.wait_for(r"^- more\.test/ → one:80$", after=seen)
    assert dev.output.changes(after=seen) == ["- first.test/ → two:80", "- more.test/ → one:80"]


def test_a_new_file_and_a_new_folder_are_served(dev: RunningDev) -> None:
    dev.save("deep/er/second.yml", second())
    dev.output.wait_for(r"^\+ second\.test/ → two:80$")
    assert dev.get("/", host="second.test").pod == "two"


def test_a_file_renamed_over_another_is_served(dev: RunningDev) -> None:
    """How careful editors save."""
    dev.save(".all.yaml.tmp", ingress("first", rule("first.test", path("/", "two"))))
    (dev.folder / ".all.yaml.tmp").rename(dev.folder / "all.yaml")
    dev.output.wait_for(r"^~ first\.test/ → two:80")
    assert dev.get("/", host="first.test").pod == "two"


def test_a_swapped_link_is_followed(dev: RunningDev) -> None:
    """How a mounted ConfigMap changes: ``..data`` is a link to a folder, and is replaced by a rename."""
    mounted = dev.folder / "mounted"
    for name, service in (("..v1", "one"), ("..v2", "two")):
        dev.save(f"mounted/{name}/second.yaml", second(service))
    (mounted / "..data").symlink_to("..v1")
    (mounted / "second.yaml").symlink_to("..data/second.yaml")
    dev.output.wait_for(r"^\+ second\.test/ → one:80$")
    (mounted / "..data_tmp").symlink_to("..v2")
    os.replace(mounted / "..data_tmp", mounted / "..data")
    dev.output.wait_for(r"^~ second\.test/ → two:80 \(was one:80\)$")
    assert dev.get("/", host="second.test").pod == "two"


def test_a_deleted_file_is_no_longer_served(dev: RunningDev) -> None:
    dev.save("second.yaml", second())
    dev.output.wait_for(r"^\+ second\.test/")
    (dev.folder / "second.yaml").unlink()
    dev.output.wait_for(r"^- second\.test/ → two:80$")
    assert dev.get("/", host="second.test").status == 404
    assert dev.get("/", host="first.test").pod == "one"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        pytest.param("kind: Ingress\n  apiVersion: [\n", 2, "", id="broken YAML"),
        pytest.param(
            as_yaml(FIRST).replace("pathType: Prefix", "pathType: Prefixed"), 12, "Prefixed", id="an invalid value"
        ),
        pytest.param(as_yaml(FIRST).replace("spec:", "specs:"), 6, "specs", id="a misspelt field"),
    ],
)
def test_a_broken_file_keeps_what_it_was(dev: RunningDev, text: str, line: int, what: str) -> None:
    (dev.folder / "all.yaml").write_text(text)
    dev.output.wait_for(rf"^k8s/all\.yaml:{line}: (error|warning): .*{what}")
    dev.output.wait_for(r"^This save changed no route: what was served before it is still served\.$")
    dev.output.wait_for(r"^now 1 error")
    assert dev.get("/", host="first.test").pod == "one"
    dev.save("all.yaml", ingress("first", rule("first.test", path("/", "two"))))
    # The one that is left: nothing uses the mapping of Service one any more.
    dev.output.wait_for(r"^now 1 warning \(\d+ fixed\)$")
    assert dev.get("/", host="first.test").pod == "two"


def test_a_broken_document_leaves_the_others_of_its_file_alone(dev: RunningDev) -> None:
    dev.save("all.yaml", "kind: [\n", second())
    dev.output.wait_for(r"^\+ second\.test/")
    assert dev.get("/", host="second.test").pod == "two"
    assert dev.get("/", host="first.test").pod == "one"


def test_a_file_that_says_the_same_changes_nothing(dev: RunningDev) -> None:
    seen = len(dev.output.text)
    dev.save("all.yaml", "# a comment\n" + as_yaml(FIRST))
    dev.save("second.yaml", second())
    dev.output.wait_for(r"^\+ second\.test/ → two:80$", after=seen)
    assert dev.output.changes(after=seen) == ["+ second.test/ → two:80"]


def test_an_object_may_move_to_another_file(dev: RunningDev) -> None:
    seen = len(dev.output.text)
    (dev.folder / "all.yaml").rename(dev.folder / "moved.yaml")
    dev.save("second.yaml", second())
    dev.output.wait_for(r"^\+ second\.test/ → two:80$", after=seen)
    assert "- first.test" not in dev.output.text
    assert dev.get("/", host="first.test").pod == "one"


def test_everything_may_go_and_come_back(dev: RunningDev) -> None:
    (dev.folder / "all.yaml").unlink()
    dev.output.wait_for(r"^- first\.test/ → one:80$")
    answer = dev.get("/", host="first.test")
    assert answer.pod == "404 no_host"
    dev.save("all.yaml", FIRST)
    dev.output.wait_for(r"^\+ first\.test/ → one:80$")
    assert dev.get("/", host="first.test").pod == "one"
