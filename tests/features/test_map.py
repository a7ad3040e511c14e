"""``--map``: Services that run on this machine, outside of any cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.manifests import endpoint_slice, ingress, path, rule, service
from tests.support.pods import running_pods
from tests.support.running import RunningDev, ingressd, problem_codes, serving


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with running_pods("plain", "spaced", "ported", "numbered", "named-host", "sliced") as pods:
        port = pods.ports
        with serving(
            tmp_path_factory.mktemp("map"),
            ingress("plain", rule("plain.test", path("/", "web")), namespace="one"),
            ingress("spaced", rule("spaced.test", path("/", "web")), namespace="two"),
            ingress(
                "ports",
                rule("ports.test", path("/", "api", "http"), path("/admin", "api", 9090), path("/other", "api", 7070)),
                rule("host.test", path("/", "named")),
                rule("missing.test", path("/", "missing")),
                rule("unready.test", path("/", "unready")),
                rule("sliced.test", path("/", "sliced")),
            ),
            service("api", {"name": "http", "port": 80}, {"name": "admin", "port": 9090}, {"name": "x", "port": 7070}),
            service("unready"),
            service("sliced"),
            endpoint_slice("sliced-x", "sliced", 9),
            arguments=[
                f"--map=web={port['plain']}",
                f"--map=two/web={port['spaced']}",
                f"--map=api:80={port['ported']}",
                f"--map=default/api:admin={port['numbered']}",
                f"--map=named=localhost:{port['named-host']}",
                f"--map=sliced={port['sliced']}",
                "--map=slicd=3000",
                "--map=api:metrics=3001",
            ],
        ) as running:
            yield running


@pytest.mark.parametrize(
    ("host", "asked", "pod"),
    [
        pytest.param("plain.test", "/", "plain", id="a Service in every namespace"),
        pytest.param("spaced.test", "/", "spaced", id="in one namespace, which is more precise"),
        pytest.param("ports.test", "/", "ported", id="the number stands for the name of the same port"),
        pytest.param("ports.test", "/admin", "numbered", id="and the name for the number"),
        pytest.param("ports.test", "/other", "503 no_endpoints", id="a port that is not mapped"),
        pytest.param("host.test", "/", "named-host", id="another host, and a Service that no manifest has"),
        pytest.param("sliced.test", "/", "sliced", id="it replaces the endpoints of the manifests"),
    ],
)
def test_where_a_mapping_leads(dev: RunningDev, host: str, asked: str, pod: str) -> None:
    assert dev.get(asked, host=host).pod == pod


@pytest.mark.parametrize("name", ["missing", "unready"])
def test_the_page_of_a_service_without_endpoints_names_the_flag_to_add(dev: RunningDev, name: str) -> None:
    page = dev.get("/", host=f"{name}.test", fields={"Accept": "text/html"})
    assert page.status == 503
    assert f"--map default/{name}=PORT" in page.text


@pytest.mark.parametrize("name", ["missing", "unready"])
def test_the_problem_names_the_flag_to_add(dev: RunningDev, name: str) -> None:
    dev.output.wait_for(rf"Ingress default/ports .*{name}.*\n    .*--map default/{name}=PORT$")


def test_a_mapping_without_effect_is_reported(dev: RunningDev) -> None:
    dev.output.wait_for(
        r"^warning: --map slicd=3000 has no effect: no Ingress that is served uses a Service slicd\.\n"
        r"    Did you mean sliced\?$"
    )
    dev.output.wait_for(
        r"^warning: --map api:metrics=3001 has no effect: "
        r"no Ingress that is served uses port metrics of Service api\.\n"
        r"    Ingresses use its ports 7070, 9090, http: name that, or leave the port out\.$"
    )
    problems = msgspec.json.decode(dev.admin("/api/problems").body)["problems"]
    assert [problem["code"] for problem in problems].count("unused_mapping") == 2


def test_the_flag_that_was_named_works(dev: RunningDev) -> None:
    flags = [f"--map=default/{name}=8000" for name in ("missing", "unready")]
    finished = ingressd(dev.folder.parent, "routes", "k8s", "--json", *flags)
    addresses = {route["host"]: route["addresses"] for route in finished.document["routes"]}
    assert addresses["missing.test"] == addresses["unready.test"] == ["127.0.0.1:8000"]


def test_check_without_mappings_tells_each_service(dev: RunningDev) -> None:
    finished = ingressd(dev.folder.parent, "check", "k8s", "--json")
    assert problem_codes(finished) == {"loopback_address": 1, "no_endpoints": 4, "no_service": 4}


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("web", "'web' does not map a Service: write [namespace/]service[:port]=[host:]port, such as shop/web=3000"),
        ("web=", "does not map a Service"),
        ("=3000", "does not map a Service"),
        ("web=host", "does not map a Service"),
        ("a/b/web=3000", "does not map a Service"),
        ("web=0", "port 0 is not between 1 and 65535"),
        ("web=70000", "port 70000 is not between 1 and 65535"),
    ],
)
def test_a_mapping_that_cannot_be_used_ends_the_command(tmp_path: Path, mapping: str, says: str) -> None:
    finished = ingressd(tmp_path, "dev", ".", "--map", mapping)
    assert finished.code == 2
    assert finished.errors.startswith("ingressd: --map: ")
    assert says in finished.errors
    assert finished.errors.count("\n") == 1


def test_a_service_cannot_be_mapped_twice(tmp_path: Path) -> None:
    finished = ingressd(tmp_path, "dev", ".", "--map", "web=1", "--map", "web=2")
    assert (finished.code, finished.errors) == (2, "ingressd: --map: web is mapped twice: keep one of the two\n")
