"""Manifests in the shape that popular Helm charts render: each is served, and checked for exactly what is wrong.

They are written for this test, with what such output has and a reader's own manifests seldom do: source comments,
unused fields, quotes in every style, anchors, lists, statuses, and annotations for other programs.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.pods import running_pods
from tests.support.running import ingressd, problem_codes, serving

MANIFESTS = Path(__file__).with_name("manifests")


class Request(NamedTuple):
    """``path`` is what is asked for, ``forwarded`` what the pod gets if that is something else."""

    host: str
    path: str
    answer: str
    forwarded: str = ""


class Chart(NamedTuple):
    """``services`` are those of the manifest, each of which runs here; ``codes`` are all the problems there are."""

    name: str
    services: tuple[str, ...]
    codes: dict[str, int]
    requests: tuple[Request, ...]


CHARTS = (
    Chart(
        "grafana",
        ("monitoring-grafana",),
        {"no_secret": 1},
        (
            Request("grafana.example.com", "/d/abc?orgId=1", "monitoring-grafana"),
            Request("other.example.com", "/", "404 no_host"),
        ),
    ),
    Chart(
        "keycloak",
        ("identity-keycloak",),
        {"no_secret": 1, "unsupported_annotation": 1},
        (Request("login.example.com", "/realms/main/account", "identity-keycloak"),),
    ),
    Chart(
        "argo-cd",
        ("argocd-server",),
        {"no_secret": 2, "unsupported_annotation": 2},
        (
            Request("argocd.example.com", "/applications", "argocd-server"),
            Request("grpc.argocd.example.com", "/session.SessionService/Create", "argocd-server"),
        ),
    ),
    Chart(
        "gitlab",
        ("gitlab-webservice-default", "gitlab-registry", "gitlab-kas"),
        {"no_secret": 3, "unsupported_annotation": 6},
        (
            Request("gitlab.example.com", "/group/project", "gitlab-webservice-default"),
            Request("registry.example.com", "/v2/", "gitlab-registry"),
            Request("kas.example.com", "/k8s-proxy/api/v1/pods", "gitlab-kas"),
            Request("kas.example.com", "/", "gitlab-kas"),
        ),
    ),
    Chart(
        "harbor",
        ("harbor-core", "harbor-portal"),
        {"no_secret": 1, "unsupported_annotation": 4},
        (
            Request("harbor.example.com", "/", "harbor-portal"),
            Request("harbor.example.com", "/v2/", "harbor-core"),
            Request("harbor.example.com", "/v2", "harbor-core"),
            Request("harbor.example.com", "/v2/library/web/blobs/uploads/", "harbor-core"),
            Request("harbor.example.com", "/c/login", "harbor-core"),
            Request("harbor.example.com", "/css/main.css", "harbor-portal"),
            Request("harbor.example.com", "/apis", "harbor-portal"),
        ),
    ),
    Chart(
        "nextcloud",
        ("cloud-nextcloud",),
        {"no_secret": 1, "unsupported_annotation": 3, "unsupported_security_annotation": 1},
        (Request("cloud.example.com", "/index.php/login", "cloud-nextcloud"),),
    ),
    Chart(
        "minio",
        ("minio-console", "minio"),
        {},
        (
            Request("tools.example.com", "/minio", "minio-console", "/"),
            Request("tools.example.com", "/minio/", "minio-console", "/"),
            Request("tools.example.com", "/minio/browser/a%20b?x=1", "minio-console", "/browser/a%20b?x=1"),
            Request("tools.example.com", "/minion", "404 no_path"),
            Request("s3.example.com", "/bucket/key", "minio"),
            Request("bucket.s3.example.com", "/key", "minio"),
        ),
    ),
    Chart(
        "wordpress",
        ("blog-wordpress", "blog-assets"),
        {},
        (
            Request("blog.example.com", "/2025/01/hello", "blog-wordpress"),
            Request("blog.example.com", "/wp-content/logo.png", "blog-assets"),
            Request("other.example.com", "/", "404 no_host"),
        ),
    ),
    Chart(
        "jenkins",
        ("ci-jenkins",),
        {},
        (
            Request("build.example.com", "/jenkins", "ci-jenkins"),
            Request("build.example.com", "/jenkins/job/web/1/", "ci-jenkins"),
            Request("build.example.com", "/", "404 no_path"),
            Request("build.example.com", "/jenkinsfile", "404 no_path"),
        ),
    ),
    Chart(
        "prometheus-stack",
        ("stack-prometheus", "stack-alertmanager"),
        {"unsupported_security_annotation": 2},
        (
            Request("metrics.example.com", "/graph", "stack-prometheus"),
            Request("metrics.example.com", "/api/v1/query?query=up", "stack-prometheus"),
            Request("metrics.example.com", "/alerts/silences", "stack-alertmanager"),
            Request("metrics.example.com", "/graphs", "404 no_path"),
        ),
    ),
)


def test_every_manifest_is_tried() -> None:
    assert {chart.name for chart in CHARTS} == {file.stem for file in MANIFESTS.iterdir()}


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_it_is_served(tmp_path: Path, chart: Chart) -> None:
    with (
        running_pods(*chart.services) as pods,
        serving(tmp_path, (MANIFESTS / f"{chart.name}.yaml").read_text(), arguments=pods.maps()) as dev,
        dev.connect() as connection,
    ):
        for request in chart.requests:
            answer = connection.request("GET", request.path, host=request.host)
            assert answer.pod == request.answer, request
            if answer.status == 200:
                assert answer.seen.path == (request.forwarded or request.path), request


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_check_says_exactly_what_is_wrong(chart: Chart) -> None:
    maps = [f"--map={service}=3000" for service in chart.services]
    finished = ingressd(MANIFESTS, "check", f"{chart.name}.yaml", "--json", *maps)
    assert finished.code == 0
    assert problem_codes(finished) == chart.codes


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_without_endpoints_each_service_is_told_how_to_be_run(chart: Chart) -> None:
    finished = ingressd(MANIFESTS, "check", f"{chart.name}.yaml", "--json")
    missing = [problem for problem in finished.document["problems"] if problem["code"] == "no_endpoints"]
    advised = {problem["advice"].rpartition("--map ")[2].rpartition("=PORT")[0] for problem in missing}
    assert {service.partition("/")[2] for service in advised} == set(chart.services)
