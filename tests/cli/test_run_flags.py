"""The flags of ``ingressd run`` into settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingressd.cli.exit_code import CommandError
from ingressd.cli.run import run
from ingressd.cli.run_flags import (
    Flags,
    _namespace_of_account,
    controller_settings,
    refuse_senseless,
    run_settings,
    translation_of_cluster,
    translation_of_files,
)
from ingressd.cli.run_options import CLUSTER_ONLY
from ingressd.routing.endpoint import Endpoint
from ingressd.settings import (
    ControllerSettings,
    ObjectName,
    PortChoice,
    ProxySettings,
    SettingRow,
    StatusSettings,
    proxy_settings_table,
)
from ingressd.translate.classes import CONTROLLER_NAME


def flags(*arguments: str) -> Flags:
    found: dict[str, Any] = run.make_context("run", list(arguments)).params
    return found


# Serving.


def test_defaults_in_a_cluster() -> None:
    settings = run_settings(flags())
    listen = settings.serving.listen
    assert (listen.bind, listen.admin_address) == ("0.0.0.0", "0.0.0.0")
    assert (listen.http, listen.https, listen.admin) == (
        PortChoice(8080, True),
        PortChoice(8443, True),
        PortChoice(9090, True),
    )
    assert settings.drain_wait_seconds == 10
    assert settings.workers >= 2
    assert not settings.access_log
    assert settings.log_level == "info"


def test_with_files_the_admin_port_is_on_loopback_unless_asked_for() -> None:
    assert run_settings(flags("--from", "x")).serving.listen.admin_address == "127.0.0.1"
    asked = flags("--from", "x", "--admin-bind", "192.0.2.1")
    assert run_settings(asked).serving.listen.admin_address == "192.0.2.1"


def test_what_is_given_is_taken() -> None:
    settings = run_settings(
        flags(
            *("--bind", "::1", "--http-port", "80", "--https-port", "0", "--admin-port", "1234", "--workers", "7"),
            *("--drain-wait", "0", "--drain-grace", "5", "--trusted-proxy", "10.0.0.0/8", "--access-log"),
            *("--log-level", "debug"),
        )
    )
    listen = settings.serving.listen
    assert (listen.bind, listen.http.number, listen.https.number, listen.admin.number) == ("::1", 80, 0, 1234)
    assert (settings.workers, settings.drain_wait_seconds, settings.access_log) == (7, 0, True)
    assert settings.log_level == "debug"
    assert settings.serving.proxy.drain_grace_seconds == 5
    assert list(map(str, settings.serving.trusted_proxies)) == ["10.0.0.0/8"]


@pytest.mark.parametrize("row", [row for row in proxy_settings_table() if row.flag], ids=lambda row: row.name)
def test_each_timeout_has_a_flag_of_its_own(row: SettingRow) -> None:
    changed = run_settings(flags(row.flag, "1.5")).serving.proxy
    assert changed == msgspec.structs.replace(ProxySettings(), **{row.name: 1.5})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--bind", "localhost"), "the bind address must be an IP address"),
        (("--admin-bind", "x"), "the bind address of the admin port must be an IP address"),
        (("--http-port", "1", "--https-port", "1"), "the HTTP, HTTPS and admin ports must differ"),
        (("--trusted-proxy", "ten"), "--trusted-proxy: 'ten' is not a network"),
        (("--drain-wait", "inf"), "the drain wait must"),
        (("--connect-timeout", "inf"), "connect_seconds must be greater than 0"),
        (("--drain-grace", "nan"), "drain_grace_seconds must be greater than 0"),
    ],
)
def test_what_cannot_be_served_with(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        run_settings(flags(*arguments))
    assert caught.value.message.startswith(message)


# The cluster.


def test_without_flags_the_pod_says_who_it_is() -> None:
    environment = {"POD_NAME": "ingressd-a", "POD_NAMESPACE": "ingress"}
    assert controller_settings(flags(), environment) == ControllerSettings(
        pod=ObjectName("ingress", "ingressd-a"), election_namespace="ingress"
    )


@pytest.mark.parametrize("environment", [{}, {"POD_NAME": "a"}, {"POD_NAMESPACE": "b"}, {"POD_NAME": ""}])
def test_a_pod_is_known_by_both_its_names_or_not_at_all(environment: dict[str, str]) -> None:
    assert controller_settings(flags(), environment).pod is None


def test_the_namespace_of_the_lease() -> None:
    environment = {"POD_NAME": "a", "POD_NAMESPACE": "ingress"}
    asked = flags("--election-namespace", "else", "--election-id", "mine")
    settings = controller_settings(asked, environment)
    assert (settings.election_name, settings.election_namespace) == ("mine", "else")


def test_the_namespace_of_the_service_account(tmp_path: Path) -> None:
    file = tmp_path / "namespace"
    assert _namespace_of_account(file) == "default"
    file.write_text("ingress\n")
    assert _namespace_of_account(file) == "ingress"
    file.write_bytes(b"\xff")
    assert _namespace_of_account(file) == "default"


def test_what_is_watched() -> None:
    settings = controller_settings(
        flags(
            *("--watch-namespace", "a", "--watch-namespace", "b", "--watch-namespace", "a"),
            *("--ingress-selector", "x=y", "--secret-selector", "z", "--kubeconfig", "k", "--context", "c"),
        ),
        {},
    )
    assert settings.namespaces == ("a", "b")
    assert settings.selectors == {"ingresses": "x=y", "secrets": "z"}
    assert (settings.kubeconfig, settings.context) == ("k", "c")


def test_statuses() -> None:
    service = controller_settings(flags("--publish-service", "a/b"), {}).status
    assert service == StatusSettings(service=ObjectName("a", "b"))
    addresses = [f"--publish-status-address={text}" for text in ("192.0.2.1", "lb.test", "192.0.2.1")]
    assert controller_settings(flags(*addresses), {}).status == StatusSettings(addresses=("192.0.2.1", "lb.test"))
    assert controller_settings(flags("--no-status"), {}).status is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--publish-service", "web"), "--publish-service: 'web' is not NAMESPACE/NAME"),
        (("--publish-service", "a/b/c"), "--publish-service: 'a/b/c' is not NAMESPACE/NAME"),
        (("--no-status", "--publish-service", "a/b"), "--no-status: no status is written"),
        (("--no-status", "--publish-status-address", "192.0.2.1"), "--no-status: no status is written"),
        (
            ("--publish-service", "a/b", "--publish-status-address", "192.0.2.1"),
            "--publish-service: the address for the status comes from a Service or is given, not both",
        ),
    ],
)
def test_statuses_that_contradict(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        controller_settings(flags(*arguments), {})
    assert caught.value.message.startswith(message)


# Translation.


def test_a_cluster_s_authors_do_not_trust_each_other() -> None:
    settings = translation_of_cluster(flags())
    assert settings.classes.controller_name == CONTROLLER_NAME
    classes = settings.classes
    assert not any((settings.external_names, settings.loopback))
    assert not any((classes.every_class, classes.without_class, classes.emulate_admission))


def test_a_cluster_s_classes() -> None:
    arguments = ("--controller-name", "me", "--ingress-class", "a", "--watch-ingress-without-class")
    classes = translation_of_cluster(flags(*arguments)).classes
    assert (classes.controller_name, classes.served, classes.without_class) == ("me", frozenset({"a"}), True)


def test_what_an_operator_may_allow() -> None:
    settings = translation_of_cluster(flags("--allow-external-names", "--allow-local-endpoints"))
    assert settings.external_names
    assert settings.loopback


def test_files_are_an_operator_s_own() -> None:
    settings = translation_of_files(flags("--from", "x", "--map", "web=10.0.0.5:3000"))
    assert settings.classes.every_class
    assert settings.classes.without_class
    assert settings.loopback
    found = settings.local_endpoints.lookup("default", "web", "80")
    assert found is not None
    assert found.endpoint == Endpoint("10.0.0.5", 3000)


def test_wrong_maps_and_classes() -> None:
    with pytest.raises(CommandError, match="--map: 'web' does not map a Service"):
        translation_of_files(flags("--from", "x", "--map", "web"))
    for translation in (translation_of_files, translation_of_cluster):
        with pytest.raises(CommandError, match="--ingress-class: the name of a class is not empty"):
            translation(flags("--ingress-class", ""))


# Flags that say nothing.


def test_flags_without_a_meaning_are_refused() -> None:
    context = run.make_context("run", ["--map", "web=1"])
    with pytest.raises(CommandError, match="--map: it goes with --from; leave it out"):
        refuse_senseless(context, files=False)
    refuse_senseless(context, files=True)


@pytest.mark.parametrize("name", CLUSTER_ONLY)
def test_every_flag_about_a_cluster_is_refused_with_files(name: str) -> None:
    flag = next(parameter for parameter in run.params if parameter.name == name)
    value = [] if getattr(flag, "is_flag", False) else ["x"]
    context = run.make_context("run", ["--from", "y", flag.opts[0], *value])
    with pytest.raises(CommandError, match=f"{flag.opts[0]}: it is about a cluster"):
        refuse_senseless(context, files=True)
