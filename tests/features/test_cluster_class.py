"""Which Ingresses of a cluster are served: those whose IngressClass belongs to this controller, as it is now.

(Ingress API, "Ingress class"; the API server gives new Ingresses the default class.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.api_server import RunningApiServer
from tests.support.cluster_sites import backed_by, site, wait_for_pod
from tests.support.manifests import ingress_class
from tests.support.pods import running_pods
from tests.support.running import ingressd
from tests.support.running_controller import RunningController, serving_cluster, status_addresses, wait_for_status
from tests.support.running_proxy import eventually

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
OTHER_CONTROLLER = "k8s.io/ingress-nginx"
NOT_OURS = "404 no_host"

CLASSES = (
    ingress_class("ours"),
    ingress_class("ours-too"),
    ingress_class("nginx", controller=OTHER_CONTROLLER),
)
SITES = (
    site("in-spec", class_name="ours"),
    site("in-spec-too", class_name="ours-too"),
    site("of-another", class_name="nginx"),
    site("of-nobody", class_name="absent"),
    site("annotated", class_name=None, annotations={CLASS_ANNOTATION: "ours"}),
    site("annotated-other", class_name=None, annotations={CLASS_ANNOTATION: "nginx"}),
    site("annotated-absent", class_name=None, annotations={CLASS_ANNOTATION: "absent"}),
    site("without", class_name=None),
)
NAMES = tuple(manifest["metadata"]["name"] for manifest in SITES)


@contextmanager
def cluster(folder: Path, *flags: str) -> Iterator[tuple[RunningController, RunningApiServer]]:
    with (
        running_pods("web") as pods,
        serving_cluster(folder, *CLASSES, *SITES, *backed_by(pods), arguments=flags) as found,
    ):
        yield found


def served(running: RunningController) -> set[str]:
    answers = {name: running.get("/", host=f"{name}.test").pod for name in NAMES}
    assert set(answers.values()) <= {"web", NOT_OURS}, answers
    return {name for name, pod in answers.items() if pod == "web"}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        pytest.param((), {"in-spec", "in-spec-too", "annotated"}, id="by default the classes of this controller"),
        pytest.param(
            ("--controller-name", OTHER_CONTROLLER), {"of-another", "annotated-other"}, id="of another controller name"
        ),
        pytest.param(("--ingress-class", "ours"), {"in-spec", "annotated"}, id="one class"),
        pytest.param(
            ("--ingress-class", "ours", "--ingress-class", "ours-too"),
            {"in-spec", "in-spec-too", "annotated"},
            id="several classes",
        ),
        pytest.param(
            ("--ingress-class", "nginx"),
            {"annotated-other"},
            id="a class of another controller: the annotation is a name alone",
        ),
        pytest.param(
            ("--ingress-class", "absent"),
            {"annotated-absent"},
            id="a class without an object: only the annotation needs none",
        ),
        pytest.param(
            ("--watch-ingress-without-class",), {"in-spec", "in-spec-too", "annotated", "without"}, id="without a class"
        ),
    ],
)
def test_what_the_flags_select(tmp_path: Path, flags: Sequence[str], expected: set[str]) -> None:
    with cluster(tmp_path, *flags) as (running, _):
        assert served(running) == expected


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningController, RunningApiServer]]:
    with cluster(tmp_path_factory.mktemp("live")) as found:
        yield found


Live = tuple[RunningController, RunningApiServer]


def test_a_class_that_is_created_later_brings_its_ingresses(live: Live) -> None:
    running, server = live
    assert running.get("/", host="of-nobody.test").pod == NOT_OURS
    server.apply(ingress_class("absent"))
    wait_for_pod(running, "of-nobody")
    wait_for_pod(running, "annotated-absent")
    wait_for_status(server, "default", "of-nobody")
    server.delete("IngressClass", "", "absent")
    wait_for_pod(running, "of-nobody", NOT_OURS)
    wait_for_pod(running, "annotated-absent", NOT_OURS)
    assert served(running) == {"in-spec", "in-spec-too", "annotated"}


def test_an_ingress_that_is_no_longer_ours_loses_our_address(live: Live) -> None:
    running, server = live
    wait_for_status(server, "default", "in-spec-too")
    server.delete("IngressClass", "", "ours-too")
    eventually(lambda: status_addresses(server, "default", "in-spec-too") == [])
    server.apply(ingress_class("ours-too"))
    wait_for_pod(running, "in-spec-too")
    wait_for_status(server, "default", "in-spec-too")


def test_a_class_of_another_controller_can_be_created_anew_for_this_one(live: Live) -> None:
    """``spec.controller`` never changes in one object's life (Ingress API), so it is deleted and created."""
    running, server = live
    server.delete("IngressClass", "", "nginx")
    server.apply(ingress_class("nginx"))
    wait_for_pod(running, "of-another")
    wait_for_pod(running, "annotated-other")
    server.delete("IngressClass", "", "nginx")
    server.apply(ingress_class("nginx", controller=OTHER_CONTROLLER))
    wait_for_pod(running, "of-another", NOT_OURS)


def test_an_ingress_changes_its_class(live: Live) -> None:
    running, server = live
    server.apply(site("mover", class_name="nginx"))
    server.apply(site("mover", class_name="ours"))
    wait_for_pod(running, "mover")
    server.apply(site("mover", class_name="nginx"))
    wait_for_pod(running, "mover", NOT_OURS)
    server.delete("Ingress", "default", "mover")


def test_the_default_class_is_given_when_an_ingress_is_created(live: Live) -> None:
    """By the API server: who had none before the class became the default keeps having none."""
    running, server = live
    server.apply(ingress_class("usual", default=True))
    server.apply(site("newcomer", class_name=None))
    wait_for_pod(running, "newcomer")
    assert running.get("/", host="without.test").pod == NOT_OURS
    server.delete("Ingress", "default", "newcomer")
    server.delete("IngressClass", "", "usual")


def test_an_annotation_that_contradicts_is_a_problem(live: Live) -> None:
    running, server = live
    server.apply(site("torn", class_name="ours"))
    server.apply(site("torn", class_name="ours", annotations={CLASS_ANNOTATION: "nginx"}))
    found = running.errors.wait_for(r"WARNING .* Ingress default/torn metadata\.annotations\S*: (.*)$")[1]
    assert 'The annotation says class "nginx" and spec.ingressClassName says "ours", which decides.' in found
    wait_for_pod(running, "torn")
    assert '"class_mismatch"' in running.admin("/api/problems").text
    server.delete("Ingress", "default", "torn")
    eventually(lambda: '"class_mismatch"' not in running.admin("/api/problems").text)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("of-nobody", 'It names class "absent", and there is no IngressClass of that name.'),
        ("of-another", f'IngressClass "nginx" belongs to the controller "{OTHER_CONTROLLER}".'),
        ("without", "It names no class, and Ingresses without a class are not served."),
    ],
)
def test_explain_says_why_it_is_not_served(live: Live, tmp_path: Path, name: str, why: str) -> None:
    running, _ = live
    admin = f"http://127.0.0.1:{running.admin_port}"
    found = ingressd(tmp_path, "explain", "GET", f"http://{name}.test/", "--admin", admin)
    assert found.code == 1
    assert why in found.output


def test_problems_and_routes_say_only_what_is_ours(live: Live) -> None:
    running, _ = live
    routes = running.admin("/api/routes").text
    shown: Mapping[str, bool] = {name: f'"{name}.test"' in routes for name in NAMES}
    assert {name for name, found in shown.items() if found} == {"in-spec", "in-spec-too", "annotated"}
