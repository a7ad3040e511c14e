"""The comparison that keeps the overlays and the chart alike sees every difference that matters."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests import render
from manifests.render import RenderError, by_identity, differences, main, stale

OBJECT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "ingressd", "labels": {"app.kubernetes.io/name": "ingressd"}},
    "spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"args": ["run", "--a=1"]}]}}},
}


def _as_helm_makes_it() -> dict[str, Any]:
    found = copy.deepcopy(OBJECT)
    for metadata in (found["metadata"], found["spec"]["template"]["metadata"]):
        metadata["labels"] |= {"helm.sh/chart": "ingressd-1", "app.kubernetes.io/managed-by": "Helm"}
    return found


def test_what_the_two_programs_must_do_differently_is_no_difference() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ingressd-system"}}
    kustomize = by_identity(yaml.safe_dump_all([namespace, OBJECT]))
    assert list(differences(kustomize, by_identity(yaml.safe_dump_all([None, _as_helm_makes_it()])))) == []


def test_the_namespace_of_the_pod_is_what_the_kubelet_puts_there() -> None:
    assert by_identity("kind: A\nmetadata: {name: $(POD_NAMESPACE)/x}\n").keys() == {"A ingressd-system/x"}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (["run", "--a=2"], "Deployment ingressd.spec.template.spec.containers[0].args[1]: kustomize has '--a=1', "),
        (["run"], "Deployment ingressd.spec.template.spec.containers[0].args: kustomize has ['run', '--a=1'], "),
        (None, "Deployment ingressd.spec.template.spec.containers[0].args: kustomize has ['run', '--a=1'], helm has N"),
    ],
)
def test_a_difference_is_named_with_its_place(change: object, line: str) -> None:
    helm = _as_helm_makes_it()
    helm["spec"]["template"]["spec"]["containers"][0]["args"] = change
    (found,) = differences(by_identity(yaml.safe_dump(OBJECT)), by_identity(yaml.safe_dump(helm)))
    assert found.startswith(line)


def test_an_object_that_only_one_makes_is_a_difference() -> None:
    (found,) = differences(by_identity(yaml.safe_dump(OBJECT)), {})
    assert found.startswith("Deployment ingressd: kustomize has {")


def test_files_that_are_missing_or_old_are_stale(tmp_path: Path) -> None:
    same, old, missing = (tmp_path / name for name in ("same", "old", "missing"))
    same.write_text("text")
    old.write_text("before")
    assert list(stale({same: "text", old: "text", missing: "text"})) == [old, missing]


def test_without_the_programs_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KUSTOMIZE", "/nowhere/kustomize")
    monkeypatch.setenv("HELM", "/nowhere/helm")
    assert main(["--check"]) == 1
    assert "set KUSTOMIZE and HELM" in capsys.readouterr().err


def test_a_program_that_fails_is_an_error_with_what_it_said(tmp_path: Path) -> None:
    program = tmp_path / "helm"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no such chart')\n")
    program.chmod(0o700)
    with pytest.raises(RenderError, match="no such chart"):
        render.charted({}, str(program))
