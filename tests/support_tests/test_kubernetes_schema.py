"""The schema check knows a right manifest, and every way in which one is wrong."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.support.kubernetes_schema import schema_faults

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "web:1",
                        "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
                        "resources": {"requests": {"cpu": "1"}},
                    }
                ]
            },
        },
    },
}
MONITOR: dict[str, Any] = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "ServiceMonitor",
    "metadata": {"name": "web"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}, "endpoints": [{"port": "metrics", "honorLabels": True}]},
}
_CONTAINER = ("spec", "template", "spec", "containers", 0)
_MISSING = object()


def _changed(document: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    if value is _MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


@pytest.mark.parametrize("document", [DEPLOYMENT, MONITOR], ids=["Deployment", "ServiceMonitor"])
def test_what_the_api_documents_is_accepted(document: dict[str, Any]) -> None:
    assert schema_faults(document) == ()


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("spec", "replica"), 2, "spec.replica: V1DeploymentSpec has no such field"),
        ((*_CONTAINER, "imagePullpolicy"), "Always", "imagePullpolicy: V1Container has no such field"),
        (("spec", "replicas"), "2", "spec.replicas: must be int, and is '2'"),
        (("spec", "replicas"), True, "spec.replicas: must be int, and is True"),
        (("metadata", "labels", "app"), 1, "metadata.labels.app: must be str, and is 1"),
        (("metadata", "labels"), ["app"], "metadata.labels: must be an object"),
        ((*_CONTAINER, "args"), "run", "args: must be a list, and is 'run'"),
        ((*_CONTAINER, "args"), [{"--bind": None}], "args[0]: must be str"),
        ((*_CONTAINER, "livenessProbe", "httpGet"), "/", "httpGet: must be an object, and is '/'"),
        ((*_CONTAINER, "resources", "requests", "cpu"), 1, "requests.cpu: must be str, and is 1"),
        ((*_CONTAINER, "name"), _MISSING, "Invalid value for `name`"),
        (("spec", "selector"), _MISSING, "Invalid value for `selector`"),
        (("kind",), "Deploiment", "there is no Deploiment in apps/v1"),
    ],
)
def test_what_it_does_not_document_is_a_fault(path: tuple[str | int, ...], value: object, fault: str) -> None:
    (found,) = schema_faults(_changed(DEPLOYMENT, path, value))
    assert fault in found


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("spec", "endpoint"), [], "spec.endpoint: no such field"),
        (("spec", "selector"), _MISSING, "spec.selector: missing"),
        (("spec", "endpoints", 0, "prot"), "metrics", "spec.endpoints[0].prot: no such field"),
        (("spec", "endpoints", 0, "honorLabels"), "yes", "spec.endpoints[0].honorLabels: must be bool"),
        (("spec", "selector", "matchLabel"), {}, "spec.selector.matchLabel: V1LabelSelector has no such field"),
        (("spce",), {}, "spce: no such field"),
        (("kind",), "Monitor", "Monitor: not a kind that is known here"),
    ],
)
def test_a_monitor_is_checked_as_well(path: tuple[str | int, ...], value: object, fault: str) -> None:
    (found,) = schema_faults(_changed(MONITOR, path, value))
    assert found.startswith(fault)
