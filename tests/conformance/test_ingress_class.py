"""``ingress_class.feature``: an Ingress whose class is not ours is left alone.

The suite asks that its status gets no address. ``dev`` writes no status, and serves every class unless told which;
so it is told which, and the Ingress must not be served.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.manifests import backend, ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import serving


def test_an_invalid_class_is_not_served(tmp_path: Path) -> None:
    with (
        running_pods("echo-service") as pods,
        serving(
            tmp_path,
            ingress("invalid", default=backend("echo-service"), class_name="some-invalid-class-name"),
            ingress("ours", rule("ours.test", path("/", "echo-service")), class_name="conformance"),
            arguments=[*pods.maps(), "--ingress-class", "conformance"],
        ) as running,
    ):
        assert running.get("/", host="any.test").status == 404
        assert running.get("/", host="ours.test").pod == "echo-service"
