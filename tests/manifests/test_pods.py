"""The pods run a command line that the program takes, with no more rights than it needs, and end without a loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from ingressd.cli.run import run
from ingressd.cli.run_flags import controller_settings, refuse_senseless, run_settings, translation_of_cluster
from ingressd.settings import ObjectName
from tests.support.rendered_manifests import NAMES, Pods, of_kind, pods_of, rendered_objects

every_rendering = pytest.mark.parametrize("name", NAMES)


class Control(NamedTuple):
    """One rule of the profile "restricted" (Kubernetes documentation, "Pod Security Standards"), or of ours."""

    what: str
    holds: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
    on_host_network: bool = True
    """Whether it holds there, too."""


CONTROLS = (
    Control("no host namespaces", lambda pod, _: not pod.get("hostNetwork"), on_host_network=False),
    Control("no host PID or IPC", lambda pod, _: not pod.get("hostPID") and not pod.get("hostIPC")),
    Control("no volumes", lambda pod, _: not pod.get("volumes")),
    Control("no host ports", lambda _, box: not any("hostPort" in port for port in box["ports"]), False),
    Control("not privileged", lambda _, box: not box["securityContext"].get("privileged")),
    Control("no privilege escalation", lambda _, box: box["securityContext"]["allowPrivilegeEscalation"] is False),
    Control("not root", lambda pod, _: pod["securityContext"]["runAsNonRoot"] is True, on_host_network=False),
    Control("user 65532", lambda pod, _: pod["securityContext"]["runAsUser"] == 65532, on_host_network=False),
    Control("the same user in the container", lambda _, box: "runAsUser" not in box["securityContext"]),
    Control("seccomp", lambda pod, _: pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}),
    Control("capabilities dropped", lambda _, box: box["securityContext"]["capabilities"]["drop"] == ["ALL"]),
    Control("no capability added", lambda _, box: "add" not in box["securityContext"]["capabilities"], False),
    Control("root file system read-only", lambda _, box: box["securityContext"]["readOnlyRootFilesystem"] is True),
    Control("memory bounded", lambda _, box: "memory" in box["resources"]["limits"]),
    Control("CPU and memory requested", lambda _, box: set(box["resources"]["requests"]) == {"cpu", "memory"}),
)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.what)
@every_rendering
def test_rights(name: str, control: Control) -> None:
    pods = pods_of(rendered_objects(name))
    assert control.holds(pods.spec, pods.container) is (control.on_host_network or name != "host-network")


def test_root_on_the_host_network_may_bind_ports_and_nothing_else() -> None:
    pods = pods_of(rendered_objects("host-network"))
    assert pods.container["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}


@pytest.mark.parametrize("name", sorted({*NAMES} - {"chart-every-value"}))
def test_the_namespace_asks_for_the_strictest_standard_that_the_pods_meet(name: str) -> None:
    (namespace,) = of_kind(rendered_objects(name), "Namespace")
    standard = "privileged" if name == "host-network" else "restricted"
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == standard


@every_rendering
def test_the_program_takes_the_command_line(name: str) -> None:
    pods = pods_of(rendered_objects(name))
    flags = _flags(pods)
    settings = run_settings(flags)
    listen = settings.serving.listen
    assert {"http": listen.http.number, "https": listen.https.number, "metrics": listen.admin.number} == pods.ports
    controller = controller_settings(flags, {"POD_NAME": "pod-1", "POD_NAMESPACE": pods.owner["metadata"]["namespace"]})
    assert controller.pod == ObjectName(pods.owner["metadata"]["namespace"], "pod-1")
    assert controller.election_name == f"{pods.owner['metadata']['name']}-leader"
    assert [env["name"] for env in pods.container["env"]][:2] == ["POD_NAME", "POD_NAMESPACE"]


@every_rendering
def test_the_program_serves_the_class_that_is_installed(name: str) -> None:
    objects = rendered_objects(name)
    (found,) = of_kind(objects, "IngressClass")
    classes = translation_of_cluster(_flags(pods_of(objects))).classes
    assert classes.controller_name == found["spec"]["controller"]
    assert classes.served <= {found["metadata"]["name"]}


@pytest.mark.parametrize("name", ["cluster-ip", "load-balancer", "node-port", "namespaced", "prometheus-operator"])
def test_the_published_service_is_the_one_that_takes_the_traffic(name: str) -> None:
    objects = rendered_objects(name)
    flags = _flags(pods_of(objects))
    namespace, _, service = flags["publish_service"].partition("/")
    (found,) = (each for each in of_kind(objects, "Service") if each["metadata"]["name"] == service)
    assert found["metadata"]["namespace"] == namespace
    assert [port["port"] for port in found["spec"]["ports"]] == [80, 443]


@every_rendering
def test_a_pod_is_given_the_time_that_its_end_may_take(name: str) -> None:
    pods = pods_of(rendered_objects(name))
    flags = _flags(pods)
    longest = pods.before_sigterm_seconds + flags["drain_wait"] + flags["drain_grace"]
    assert pods.spec["terminationGracePeriodSeconds"] > longest


@every_rendering
def test_traffic_is_led_away_before_listeners_close(name: str) -> None:
    """In-tree load balancers of the clouds look every 10 seconds, and give up a node after two or three looks."""
    pods = pods_of(rendered_objects(name))
    assert pods.before_sigterm_seconds + _flags(pods)["drain_wait"] >= 30


@every_rendering
def test_a_pod_that_drains_still_counts_as_serving(name: str) -> None:
    """KEP-1669: kube-proxy sends to a terminating endpoint only as long as its readiness probe has not failed."""
    pods = pods_of(rendered_objects(name))
    if pods.spec.get("hostNetwork"):
        assert pods.before_sigterm_seconds == 0  # no kube-proxy: whoever leads clients here asks /readyz itself
        return
    probe = pods.container["readinessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] > _flags(pods)["drain_wait"]


@every_rendering
def test_probes_ask_what_they_are_for(name: str) -> None:
    container = pods_of(rendered_objects(name)).container
    asked = {kind: container[kind]["httpGet"]["path"] for kind in container if kind.endswith("Probe")}
    assert asked == {"startupProbe": "/healthz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}


@every_rendering
def test_probes_go_where_the_admin_port_listens(name: str) -> None:
    pods = pods_of(rendered_objects(name))
    on_loopback = _flags(pods)["admin_bind"] == "127.0.0.1"
    assert on_loopback == (name == "host-network")
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert pods.container[kind]["httpGet"].get("host") == ("127.0.0.1" if on_loopback else None)


def _flags(pods: Pods) -> dict[str, Any]:
    command, *arguments = pods.arguments()
    assert command == "run"
    with run.make_context("ingressd run", arguments) as context:
        refuse_senseless(context, files=False)
        return context.params
