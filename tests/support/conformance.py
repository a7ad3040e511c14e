"""What the cases of the Ingress conformance suite share: who serves, and what is asked of an answer from a pod."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from tests.support.manifests import Manifest, ingress_class
from tests.support.running import serving
from tests.support.running_controller import serving_cluster, wait_for_status
from tests.support.running_proxy import RunningProxy
from tests.support.web_client import Answer

CLASS = "conformance"
USER_AGENT = "Go-http-client/1.1"
PROMISED_FIELDS = ("Content-Length", "Content-Type", "Date", "Server")


def assert_proxied(answer: Answer, *, service: str, method: str, host: str, path: str) -> None:
    """The answer is 200 from the Service, with the fields that are promised, and the pod saw the request as it was."""
    assert answer.pod == service
    assert answer.protocol == "HTTP/1.1"
    for name in PROMISED_FIELDS:
        assert len(answer.values(name)) == 1, name
    seen = answer.seen
    assert (seen.method, seen.path, seen.protocol) == (method, path, "HTTP/1.1")
    assert seen.values("Host") == [host]
    assert seen.values("User-Agent") == [USER_AGENT]


class Serve(Protocol):
    """Serves manifests; every Ingress among them is of the class ``conformance``.

    As the suite does, it goes on when each Ingress of that class says where it is exposed; ``dev`` has no status.
    """

    def __call__(self, folder: Path, *manifests: Manifest) -> AbstractContextManager[RunningProxy]: ...


@contextmanager
def through_dev(folder: Path, *manifests: Manifest) -> Iterator[RunningProxy]:
    with serving(folder, ingress_class(CLASS), *manifests, arguments=["--ingress-class", CLASS]) as running:
        yield running


@contextmanager
def through_run(folder: Path, *manifests: Manifest) -> Iterator[RunningProxy]:
    with serving_cluster(folder, ingress_class(CLASS), *manifests, arguments=("--workers", "2")) as (running, server):
        for manifest in manifests:
            if manifest["kind"] == "Ingress" and manifest["spec"].get("ingressClassName") == CLASS:
                wait_for_status(server, manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        yield running
