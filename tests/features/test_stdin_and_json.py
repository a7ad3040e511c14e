"""Where manifests come from: standard input, JSON, lists, several documents, several paths."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.manifests import Manifest, as_yaml, ingress, path, rule, save
from tests.support.pods import running_pods
from tests.support.running import Finished, RunningDev, ingressd, serving

ONE, TWO = (ingress(name, rule(f"{name}.test", path("/", "web"))) for name in ("one", "two"))
LIST: Manifest = {"apiVersion": "v1", "kind": "List", "items": [ONE, TWO]}
INGRESS_LIST: Manifest = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressList",
    "metadata": {"resourceVersion": "1"},
    "items": [{name: value for name, value in each.items() if name in ("metadata", "spec")} for each in (ONE, TWO)],
}

FORMS = {
    "two YAML documents": as_yaml(ONE, TWO),
    "documents with nothing in them": f"---\n---\n# nothing\n---\n{as_yaml(ONE, TWO)}\n---\n...\n",
    "a YAML list": as_yaml(LIST),
    "a JSON list": json.dumps(LIST),
    "indented JSON": json.dumps(LIST, indent=4),
    "a typed list, as kubectl get --raw gives it": json.dumps(INGRESS_LIST),
    "JSON documents between separators": "\n---\n".join(json.dumps(each) for each in (ONE, TWO)),
    "line ends of Windows and a byte order mark": "\ufeff" + as_yaml(ONE, TWO).replace("\n", "\r\n"),
    "objects of other kinds beside them": as_yaml(
        ONE, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}, TWO
    ),
}


def hosts(finished: Finished) -> list[str]:
    assert finished.code == 0, finished.errors
    return [route["host"] for route in finished.document["routes"]]


@pytest.mark.parametrize("form", FORMS)
def test_standard_input(tmp_path: Path, form: str) -> None:
    finished = ingressd(tmp_path, "routes", "-", "--json", "--map", "web=1", standard_input=FORMS[form])
    assert hosts(finished) == ["one.test", "two.test"]


@pytest.mark.parametrize("form", FORMS)
def test_a_file(tmp_path: Path, form: str) -> None:
    (tmp_path / "all.yaml").write_text(FORMS[form], encoding="utf-8", newline="")
    assert hosts(ingressd(tmp_path, "routes", ".", "--json", "--map", "web=1")) == ["one.test", "two.test"]


def test_files_with_each_ending_are_read(tmp_path: Path) -> None:
    """What is in them decides how they are read, and not what they are called."""
    save(tmp_path / "one.yml", ONE)
    (tmp_path / "two.yaml").write_text(json.dumps(TWO))
    save(tmp_path / "three.json", ingress("three", rule("three.test", path("/", "web"))))
    finished = ingressd(tmp_path, "routes", ".", "--json", "--map", "web=1")
    assert hosts(finished) == ["one.test", "three.test", "two.test"]


def test_a_problem_of_standard_input_says_so(tmp_path: Path) -> None:
    finished = ingressd(
        tmp_path, "check", "-", standard_input=as_yaml(ingress("one", rule("10.0.0.1", path("/", "web"))))
    )
    assert finished.code == 1
    assert "<stdin>:8: error: Ingress default/one spec.rules[0].host" in finished.output


def test_several_paths(tmp_path: Path) -> None:
    save(tmp_path / "one" / "a.yaml", ONE)
    save(tmp_path / "two.yaml", TWO)
    save(tmp_path / "three.yaml", ingress("three", rule("three.test", path("/", "web"))))
    finished = ingressd(tmp_path, "routes", "one", "two.yaml", "--json", "--map", "web=1")
    assert hosts(finished) == ["one.test", "two.test"]


def test_other_files_of_a_folder_are_passed_over(tmp_path: Path) -> None:
    save(tmp_path / "a.yaml", ONE)
    for name in ("README.md", "values.yaml.tmpl", "notes.txt", ".hidden.yaml", ".git/config.yaml"):
        save(tmp_path / name, "{{ not: [ yaml")
    assert hosts(ingressd(tmp_path, "routes", ".", "--json", "--map", "web=1")) == ["one.test"]


def test_a_list_is_served_and_reloaded(tmp_path: Path) -> None:
    def save_list(dev: RunningDev, *items: Manifest) -> None:
        (dev.folder / "all.yaml").write_text(json.dumps({**LIST, "items": items}))

    with running_pods("web") as pods, serving(tmp_path, json.dumps(LIST), arguments=pods.maps()) as dev:
        assert dev.get("/", host="two.test").pod == "web"
        save_list(dev, ONE)
        dev.output.wait_for(r"^- two\.test/ → web:80$")
        assert dev.get("/", host="one.test").pod == "web"


def test_what_comes_through_a_pipe_is_served_beside_files(tmp_path: Path) -> None:
    """``helm template ./chart | ingressd dev - extra``; the pipe has said everything, and the files are watched."""
    with (
        running_pods("web") as pods,
        serving(tmp_path, ONE, arguments=pods.maps(), paths=("-", "k8s"), standard_input=as_yaml(TWO)) as dev,
    ):
        assert dev.get("/", host="one.test").pod == "web"
        assert dev.get("/", host="two.test").pod == "web"
        dev.save("all.yaml", ingress("one", rule("changed.test", path("/", "web"))))
        dev.output.wait_for(r"^\+ changed\.test/ → web:80$")
        assert dev.get("/", host="changed.test").pod == "web"
        assert dev.get("/", host="two.test").pod == "web"
