"""Flags into settings."""

from __future__ import annotations

import ipaddress
import math

import pytest

from ingressd.cli.exit_code import CommandError, ExitCode
from ingressd.cli.flags import (
    ListenFlags,
    ManifestFlags,
    ProgramFlags,
    program_settings,
    serving_settings,
    translation_settings,
)
from ingressd.routing.endpoint import Endpoint
from ingressd.settings import ListenSettings, PortChoice, ProgramSettings, ProxySettings, ServingSettings
from ingressd.translate.annotations.programs import AllowedPrograms


def test_a_mapping() -> None:
    settings = translation_settings(ManifestFlags(mappings=("shop/web:http=127.0.0.1:3000",)))
    found = settings.local_endpoints.lookup("shop", "web", "http")
    assert found is not None
    assert found.endpoint == Endpoint("127.0.0.1", 3000)
    assert settings.advise_local_endpoints


def test_classes() -> None:
    settings = translation_settings(ManifestFlags(ingress_classes=("nginx", "internal")))
    assert settings.classes.served == {"nginx", "internal"}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (ManifestFlags(mappings=("web",)), "--map: 'web' does not map a Service: write "),
        (ManifestFlags(mappings=("web=99999",)), "--map: 'web=99999': port 99999 is not between"),
        (ManifestFlags(mappings=("web=1", "web=2")), "--map: web is mapped twice"),
        (ManifestFlags(ingress_classes=("",)), "--ingress-class: the name of a class is not empty"),
    ],
)
def test_wrong_manifest_flags(flags: ManifestFlags, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        translation_settings(flags)
    assert caught.value.message.startswith(message)
    assert caught.value.exit_code is ExitCode.USAGE


def test_ports_that_are_not_given_are_defaults() -> None:
    assert serving_settings(ListenFlags(bind="127.0.0.1")) == ServingSettings(listen=ListenSettings())


def test_a_port_that_is_given_was_asked_for() -> None:
    listen = serving_settings(ListenFlags(bind="::1", http_port=8080, admin_port=0)).listen
    assert (listen.bind, listen.http, listen.admin) == ("::1", PortChoice(8080, True), PortChoice(0, True))
    assert not listen.https.asked_for


def test_addresses() -> None:
    listen = serving_settings(ListenFlags(bind="0.0.0.0", admin_bind="10.0.0.1")).listen
    assert (listen.bind, listen.admin_address) == ("0.0.0.0", "10.0.0.1")


def test_trusted_proxies() -> None:
    flags = ListenFlags(bind="127.0.0.1", trusted_proxies=("10.0.0.0/8",))
    assert serving_settings(flags).trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"),)


def test_timeouts() -> None:
    flags = ListenFlags(bind="127.0.0.1", timeouts={"connect_seconds": 1.5})
    assert serving_settings(flags).proxy == ProxySettings(connect_seconds=1.5)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (ListenFlags(bind="localhost"), "the bind address must be an IP address"),
        (ListenFlags(bind="127.0.0.1", admin_bind="x"), "the bind address of the admin port must be an IP address"),
        (ListenFlags(bind="127.0.0.1", http_port=1, https_port=1), "the HTTP, HTTPS and admin ports must differ"),
        (ListenFlags(bind="127.0.0.1", timeouts={"send_idle_seconds": math.inf}), "send_idle_seconds must be"),
        (ListenFlags(bind="127.0.0.1", trusted_proxies=("ten",)), "--trusted-proxy: 'ten' is not a network"),
    ],
)
def test_wrong_listen_flags(flags: ListenFlags, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        serving_settings(flags)
    assert caught.value.message.startswith(message)


def test_python_code() -> None:
    flags = ProgramFlags(
        middleware=("a.b:c",), allowed_middleware=("key=x:f", "log=x:Class.make"), allowed_handlers=("page=y:f",)
    )
    assert program_settings(flags) == ProgramSettings(
        middleware=("a.b:c",),
        allowed_middleware={"key": "x:f", "log": "x:Class.make"},
        allowed_handlers={"page": "y:f"},
    )
    settings = translation_settings(ManifestFlags(programs=flags))
    assert settings.programs == AllowedPrograms(("a.b:c",), ("key", "log"), ("page",))


def test_reading_manifests_needs_only_names() -> None:
    flags = ManifestFlags(programs=ProgramFlags(allowed_middleware=("key",), allowed_handlers=("page",)))
    assert translation_settings(flags).programs == AllowedPrograms((), ("key",), ("page",))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (ProgramFlags(middleware=("a.b",)), "--middleware a.b: 'a.b' is not package.module:factory"),
        (ProgramFlags(middleware=("os.system('x'):f",)), "--middleware os.system('x'):f: \"os.system('x'):f\" is not"),
        (ProgramFlags(allowed_middleware=("key",)), "--allow-middleware key: say where the code is, as key=package"),
        (ProgramFlags(allowed_middleware=("a b=x:f",)), "--allow-middleware: 'a b' is no name for an Ingress to use"),
        (ProgramFlags(allowed_handlers=("=x:f",)), "--allow-handler: '' is no name for an Ingress to use"),
        (ProgramFlags(allowed_handlers=("a=x:f", "a=y:f")), "--allow-handler: a is given twice"),
        (ProgramFlags(allowed_handlers=("a=x",)), "--allow-handler a=x: 'x' is not package.module:factory"),
    ],
)
def test_python_code_that_cannot_be_named(flags: ProgramFlags, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        program_settings(flags)
    assert caught.value.message.startswith(message)
