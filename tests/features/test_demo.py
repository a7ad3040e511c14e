"""``ingressd demo --once``: the example starts, checks itself over HTTP and verified HTTPS, and ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.running import Finished, ingressd

PORTS = ("--http-port", "0", "--https-port", "0", "--admin-port", "0")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder: Path = tmp_path_factory.mktemp("demo")
    return ingressd(folder, "demo", "--once", *PORTS)


def test_it_passes(finished: Finished) -> None:
    assert (finished.code, finished.errors) == (0, "")


def test_it_shows_its_routes(finished: Finished) -> None:
    for host in ("shop.localhost", "blog.localhost", "*.preview.localhost", "*"):
        assert f"://{host}:" in finished.output


def test_it_has_no_problems_of_its_own(finished: Finished) -> None:
    assert "warning" not in finished.output
    assert "error" not in finished.output


def test_both_checks_were_made(finished: Finished) -> None:
    passed = [line for line in finished.output.splitlines() if line.startswith("ok ")]
    assert len(passed) == 2
    assert "GET http://shop.localhost:" in passed[0]
    assert "GET https://shop.localhost:" in passed[1]
    assert passed[1].endswith(", certificate verified")
    assert all("200 from pod storefront-" in line for line in passed)


def test_a_port_that_is_taken_ends_it_with_2(tmp_path: Path) -> None:
    finished = ingressd(tmp_path, "demo", "--once", "--http-port", "8000", "--https-port", "8000")
    assert (finished.code, finished.output) == (2, "")
