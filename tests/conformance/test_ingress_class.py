"""``ingress_class.feature``: an Ingress whose class is not ours is left alone.

The suite asks that its status gets no address. ``dev`` writes no status; there, and in a cluster too, it must not be
served.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.conformance import CLASS, Serve
from tests.support.manifests import backend, endpoint_slice, ingress, ingress_class, path, rule, service
from tests.support.pods import running_pods
from tests.support.running_controller import serving_cluster, status_addresses, wait_for_status

INVALID = ingress("invalid", default=backend("echo-service"), class_name="some-invalid-class-name")
OURS = ingress("ours", rule("ours.test", path("/", "echo-service")), class_name=CLASS)


def test_an_invalid_class_is_not_served(tmp_path: Path, serve: Serve) -> None:
    with (
        running_pods("echo-service") as pods,
        serve(
            tmp_path,
            INVALID,
            OURS,
            service("echo-service"),
            endpoint_slice("echo-service-x", "echo-service", pods.ports["echo-service"]),
        ) as running,
    ):
        assert running.get("/", host="any.test").status == 404
        assert running.get("/", host="ours.test").pod == "echo-service"


def test_an_invalid_class_gets_no_address(tmp_path: Path) -> None:
    with serving_cluster(tmp_path, ingress_class(CLASS), INVALID, OURS) as (_, server):
        wait_for_status(server, "default", "ours")
        assert status_addresses(server, "default", "invalid") == []
        written = [request.name for request in server.requests if request.subresource == "status"]
    assert set(written) == {"ours"}
