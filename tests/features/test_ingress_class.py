"""Which Ingresses are served: without flags those of every class, with ``--ingress-class`` those of the named ones.

There is no API server that gives an Ingress without a class the default one, so ``dev`` does what it would do
(admission plugin DefaultIngressClass).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.manifests import Manifest, ingress, ingress_class, path, rule
from tests.support.pods import running_pods
from tests.support.running import RunningDev, ingressd, problem_codes, serving

CLASS_ANNOTATION = "kubernetes.io/ingress.class"


def site(name: str, *, class_name: str | None = None, annotation: str | None = None) -> Manifest:
    return ingress(
        name,
        rule(f"{name}.test", path("/", "web")),
        class_name=class_name,
        annotations={CLASS_ANNOTATION: annotation} if annotation is not None else None,
    )


SITES = (
    site("spec-nginx", class_name="nginx"),
    site("spec-other", class_name="other"),
    site("annotation-nginx", annotation="nginx"),
    site("annotation-other", annotation="other"),
    site("both", class_name="nginx", annotation="other"),
    site("neither"),
)
NAMES = tuple(manifest["metadata"]["name"] for manifest in SITES)


@contextmanager
def site_with(folder: Path, *manifests: Manifest, arguments: tuple[str, ...] = ()) -> Iterator[RunningDev]:
    with (
        running_pods("web") as pods,
        serving(folder, *SITES, *manifests, arguments=[*pods.maps(), *arguments]) as running,
    ):
        yield running


def served(dev: RunningDev) -> dict[str, bool]:
    answers = {name: dev.get("/", host=f"{name}.test").pod for name in NAMES}
    assert set(answers.values()) <= {"web", "404 no_host"}
    return {name: pod == "web" for name, pod in answers.items()}


def all_but(*names: str) -> Mapping[str, bool]:
    return {name: name not in names for name in NAMES}


def test_every_class_is_served(tmp_path: Path) -> None:
    with site_with(tmp_path) as dev:
        assert served(dev) == all_but()


def test_a_class_of_another_controller_is_served_too(tmp_path: Path) -> None:
    """On a laptop there is no other controller, and manifests should run as they are."""
    with site_with(tmp_path, ingress_class("nginx", controller="k8s.io/ingress-nginx")) as dev:
        assert served(dev) == all_but()


def test_a_flag_restricts_to_its_class(tmp_path: Path) -> None:
    """spec.ingressClassName decides before the annotation, as in ingress-nginx."""
    with site_with(tmp_path, ingress_class("other", default=True), arguments=("--ingress-class", "nginx")) as dev:
        assert served(dev) == all_but("spec-other", "annotation-other", "neither")


def test_the_default_class_is_given_to_those_without(tmp_path: Path) -> None:
    with site_with(tmp_path, ingress_class("nginx", default=True), arguments=("--ingress-class", "nginx")) as dev:
        assert served(dev) == all_but("spec-other", "annotation-other")


def test_several_flags_add_up(tmp_path: Path) -> None:
    flags = ("--ingress-class", "nginx", "--ingress-class", "other")
    with site_with(tmp_path, ingress_class("nginx", default=True), arguments=flags) as dev:
        assert served(dev) == all_but()


def test_two_default_classes_are_an_error(tmp_path: Path) -> None:
    classes = (ingress_class("nginx", default=True), ingress_class("other", default=True))
    with site_with(tmp_path, *classes) as dev:
        assert served(dev) == all_but("neither")
        dev.output.wait_for(r"error: Ingress default/neither .*2 classes are the default: \"nginx\", \"other\"")
    finished = ingressd(tmp_path, "check", "k8s", "--json", "--map", "web=1")
    assert finished.code == 1
    assert problem_codes(finished)["several_default_classes"] == 1


def test_a_class_that_is_contradicted_is_reported(tmp_path: Path) -> None:
    with site_with(tmp_path):
        finished = ingressd(tmp_path, "check", "k8s", "--json", "--map", "web=1")
    assert problem_codes(finished) == {"class_mismatch": 1}
    assert finished.document["problems"][0]["name"] == "both"


def test_nothing_of_the_class_is_explained(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n"
        "spec: {ingressClassName: other, defaultBackend: {service: {name: web, port: {number: 80}}}}\n"
    )
    finished = ingressd(tmp_path, "dev", "one.yaml", "--ingress-class", "nginx")
    assert finished.code == 2
    assert 'Ingress default/web: It names class "other", and --ingress-class selects "nginx".' in finished.errors
    assert "--ingress-class NAME" in finished.errors


@pytest.mark.parametrize("command", ["dev", "check", "routes"])
def test_a_class_without_a_name_is_refused(tmp_path: Path, command: str) -> None:
    finished = ingressd(tmp_path, command, ".", "--ingress-class", "")
    assert finished.code == 2
    assert finished.errors == "ingressd: --ingress-class: the name of a class is not empty\n"
