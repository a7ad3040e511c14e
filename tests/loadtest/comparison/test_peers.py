"""What the proxies are told, as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from loadtest.comparison import caddy_peer, haproxy_peer, ingressd_peer, nginx_peer
from loadtest.comparison.equal_work import ADDED, missing_fields
from loadtest.comparison.site import HostCertificate, Site, route_hosts

CONFIGURATIONS = (nginx_peer.configuration, haproxy_peer.configuration, caddy_peer.configuration)


def a_site(folder: Path, *, routes: int = 0, access_log: bool = False) -> Site:
    certificate = HostCertificate(
        host="localhost", chain=folder / "a.crt", key=folder / "a.key", combined=folder / "a.pem"
    )
    certificate.chain.write_bytes(b"the chain")
    certificate.key.write_bytes(b"the key")
    return Site(
        folder=folder,
        http_port=18001,
        https_port=18002,
        answers_port=18003,
        bodies_port=18004,
        certificates=(certificate,),
        route_hosts=route_hosts(routes),
        access_log=access_log,
    )


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_a_configuration_has_all_ports_and_no_placeholder_left(
    configuration: Callable[[Site], str], tmp_path: Path
) -> None:
    text = configuration(a_site(tmp_path))
    for port in ("18001", "18002", "18003", "18004"):
        assert port in text
    assert "{{" not in text
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_the_access_log_is_on_only_when_asked_for(configuration: Callable[[Site], str], tmp_path: Path) -> None:
    quiet, logged = configuration(a_site(tmp_path)), configuration(a_site(tmp_path, access_log=True))
    assert set(logged.split()) - set(quiet.split())
    assert "log.txt" not in quiet
    assert "httplog" not in quiet


def test_nginx_and_haproxy_and_caddy_name_every_field_that_is_added(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    nginx, haproxy, caddy = (configuration(site).lower() for configuration in CONFIGURATIONS)
    by_itself = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}
    for name in ADDED:
        assert f"proxy_set_header {name} " in nginx
        assert f"set-header {name} " in haproxy
        assert (f"header_up {name} " in caddy) is (name not in by_itself)


def test_each_host_is_a_route_of_its_own(tmp_path: Path) -> None:
    site = a_site(tmp_path, routes=3)
    assert nginx_peer.configuration(site).count("server_name ") == 4
    assert haproxy_peer.hosts(site).splitlines() == [
        "localhost answers",
        "app-0.localhost answers",
        "app-1.localhost answers",
        "app-2.localhost answers",
    ]
    assert caddy_peer.configuration(site).count("http://") == 4


def test_the_manifests_are_an_ingress_a_host_with_their_services_and_secrets(tmp_path: Path) -> None:
    documents = list(yaml.safe_load_all(ingressd_peer.manifests(a_site(tmp_path, routes=2))))
    kinds = [document["kind"] for document in documents]
    assert kinds == ["Service", "Service", "Secret", "Ingress", "Ingress", "Ingress"]
    first = documents[3]["spec"]
    assert first["tls"] == [{"hosts": ["localhost"], "secretName": "localhost"}]
    paths = first["rules"][0]["http"]["paths"]
    assert [(path["path"], path["backend"]["service"]["name"]) for path in paths] == [
        ("/", "answers"),
        ("/bodies", "bodies"),
    ]
    assert "tls" not in documents[4]["spec"]


def test_ingressd_is_started_with_one_worker_and_the_lane_that_was_asked_for(tmp_path: Path) -> None:
    command = ingressd_peer.prepare(a_site(tmp_path), "aiohttp").command
    assert command[command.index("--workers") + 1] == "1"
    assert command[command.index("--lane") + 1] == "aiohttp"
    assert "--access-log" not in command
    assert "--lane" not in ingressd_peer.prepare(a_site(tmp_path)).command
    assert "--access-log" in ingressd_peer.prepare(a_site(tmp_path, access_log=True)).command


def test_a_field_without_a_value_is_missing() -> None:
    head = "GET / HTTP/1.1\r\n" + "".join(f"{name.title()}: one\r\n" for name in ADDED[1:]) + f"{ADDED[0]}: \r\n"
    assert missing_fields(head.encode("ascii")) == (ADDED[0],)
