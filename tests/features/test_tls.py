"""HTTPS: which certificate a client gets, and what happens when the Secret changes or is no good."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from functools import cache

import pytest
from cryptography import x509

from tests.support.manifests import Manifest, ingress, path, rule, tls_secret
from tests.support.pods import running_pods
from tests.support.running import RunningDev, ingressd, problem_codes, serving
from tests.support.web_client import Connection
from tests.tls.certificates import END, certify, key_text, new_key

EXPIRED_ON = datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)


def key_pair(name: str, *hosts: str, expired: bool = False) -> tuple[bytes, bytes]:
    """A certificate and its key, the same for the same arguments."""
    return _key_pair(name, hosts, expired)


@cache
def _key_pair(name: str, hosts: tuple[str, ...], expired: bool) -> tuple[bytes, bytes]:
    key = new_key()
    names = [x509.DNSName(host) for host in hosts]
    return certify(key, names, common_name=name, end=EXPIRED_ON if expired else END), key_text(key)


def secret(name: str, *hosts: str, expired: bool = False) -> Manifest:
    return tls_secret(name, *key_pair(name, *hosts, expired=expired))


def as_string_data(manifest: Manifest) -> Manifest:
    certificate, private_key = key_pair("string", "string.tls.test")
    texts = {"tls.crt": certificate.decode(), "tls.key": private_key.decode()}
    return {**{name: value for name, value in manifest.items() if name != "data"}, "stringData": texts}


def site(name: str, *hosts: str, secret_name: str, listed: tuple[str, ...] | None = None) -> Manifest:
    entry: Manifest = {"secretName": secret_name}
    if listed != ():
        entry["hosts"] = list(listed or hosts)
    return ingress(name, *(rule(host, path("/", "web")) for host in hosts), tls=[entry])


MANIFESTS = (
    site("exact", "exact.tls.test", secret_name="exact"),
    secret("exact", "exact.tls.test"),
    site("wild", "*.wild.tls.test", secret_name="wild"),
    secret("wild", "*.wild.tls.test"),
    site("string", "string.tls.test", secret_name="string"),
    as_string_data(secret("string", "string.tls.test")),
    site("old", "old.tls.test", secret_name="old"),
    secret("old", "old.tls.test", expired=True),
    site("covered", "covered.tls.test", secret_name="covered", listed=()),
    secret("covered", "covered.tls.test"),
    site("missing", "missing.tls.test", secret_name="missing"),
    site("any", "", secret_name="any", listed=()),
    secret("any", "any.tls.test"),
)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with (
        running_pods("web") as pods,
        serving(tmp_path_factory.mktemp("tls"), *MANIFESTS, arguments=pods.maps()) as running,
    ):
        yield running


def connect_unverified(dev: RunningDev, server_name: str | None) -> Connection:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return Connection(dev.https_port, tls=context, server_name=server_name)


def certificate_on(connection: Connection) -> bytes:
    assert isinstance(connection.socket, ssl.SSLSocket)
    encoded = connection.socket.getpeercert(binary_form=True)
    assert encoded is not None
    return ssl.DER_cert_to_PEM_cert(encoded).encode()


def certificate_for(dev: RunningDev, server_name: str | None) -> bytes:
    with connect_unverified(dev, server_name) as connection:
        return certificate_on(connection)


@pytest.mark.parametrize(
    ("server_name", "name", "hosts"),
    [
        pytest.param("exact.tls.test", "exact", ("exact.tls.test",), id="an exact host"),
        pytest.param("EXACT.tls.test", "exact", ("exact.tls.test",), id="without regard to case"),
        pytest.param("a.wild.tls.test", "wild", ("*.wild.tls.test",), id="a wildcard"),
        pytest.param("string.tls.test", "string", ("string.tls.test",), id="a Secret with stringData"),
        pytest.param("covered.tls.test", "covered", ("covered.tls.test",), id="an entry without hosts that covers it"),
        pytest.param("unknown.test", "any", ("any.tls.test",), id="any other host: the entry of the rule without one"),
        pytest.param(None, "any", ("any.tls.test",), id="a client that names no host"),
        pytest.param("a.b.wild.tls.test", "any", ("any.tls.test",), id="a wildcard covers one label"),
    ],
)
def test_the_certificate_of_the_host(
    dev: RunningDev, server_name: str | None, name: str, hosts: tuple[str, ...]
) -> None:
    assert certificate_for(dev, server_name) == key_pair(name, *hosts)[0]


def test_requests_over_https_are_served(dev: RunningDev) -> None:
    with connect_unverified(dev, "exact.tls.test") as connection:
        seen = connection.request("GET", "/cart", host="exact.tls.test").seen
    assert seen.pod == "web"
    assert seen.values("X-Forwarded-Proto") == ["https"]


def test_the_host_of_the_request_decides_the_route_and_not_the_server_name(dev: RunningDev) -> None:
    with connect_unverified(dev, "exact.tls.test") as connection:
        assert connection.request("GET", "/", host="string.tls.test").pod == "web"


def test_plain_http_is_served_beside_it(dev: RunningDev) -> None:
    assert dev.get("/", host="exact.tls.test").seen.values("X-Forwarded-Proto") == ["http"]


def test_a_missing_secret_is_issued_by_the_local_authority(dev: RunningDev) -> None:
    """Also beside a certificate for any host: the host asked for one of its own."""
    with dev.connect_tls("missing.tls.test") as connection:
        assert connection.request("GET", "/", host="missing.tls.test").pod == "web"


def test_a_missing_secret_is_reported(dev: RunningDev) -> None:
    dev.output.wait_for(
        r"warning: Ingress default/missing spec\.tls\[0\]\.secretName: There is no Secret default/missing"
    )


def test_an_expired_certificate_is_served_and_reported(dev: RunningDev) -> None:
    assert certificate_for(dev, "old.tls.test") == key_pair("old", "old.tls.test", expired=True)[0]
    dev.output.wait_for(r"warning: Secret default/old data\.?\[?.*tls\.crt.*expired on 2026-02-01 00:00 UTC")


def test_check_reports_exactly_what_is_wrong(dev: RunningDev) -> None:
    finished = ingressd(dev.folder.parent, "check", "k8s", "--json", "--map", "web=1")
    assert problem_codes(finished) == {"certificate_expired": 1, "no_secret": 1}


def test_without_any_secret_every_host_gets_a_verified_certificate(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        running_pods("web") as pods,
        serving(
            tmp_path_factory.mktemp("local"),
            site("shop", "shop.test", secret_name="missing"),
            ingress("any", rule("", path("/", "web"))),
            arguments=pods.maps(),
        ) as running,
    ):
        for name in ("shop.test", "unknown.test", "deep.sub.localhost", "localhost", "127.0.0.1"):
            with running.connect_tls(name) as connection:
                assert connection.request("GET", "/", host=name).pod == "web", name


# What happens on a save.


@pytest.fixture
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with (
        running_pods("web") as pods,
        serving(
            tmp_path_factory.mktemp("changing"),
            site("exact", "exact.tls.test", secret_name="first"),
            arguments=pods.maps(),
        ) as running,
    ):
        running.save("secret.yaml", first_secret("first"))
        running.output.wait_for(r"^\+ certificate default/first$")
        yield running


def first_secret(pair: str) -> Manifest:
    """The Secret ``first`` with one of several key pairs."""
    return tls_secret("first", *key_pair(pair, "exact.tls.test"))


def test_a_replaced_certificate_is_for_new_connections(changing: RunningDev) -> None:
    with connect_unverified(changing, "exact.tls.test") as connection:
        assert connection.request("GET", "/", host="exact.tls.test").pod == "web"
        changing.save("secret.yaml", first_secret("second"))
        changing.output.wait_for(r"^~ certificate default/first was replaced$")
        assert certificate_for(changing, "exact.tls.test") == key_pair("second", "exact.tls.test")[0]
        assert certificate_on(connection) == key_pair("first", "exact.tls.test")[0]
        assert connection.request("GET", "/", host="exact.tls.test").pod == "web"


def test_a_certificate_that_cannot_be_used_leaves_the_last_good_one(changing: RunningDev) -> None:
    certificate, private_key = key_pair("first", "exact.tls.test")
    other_key = key_pair("second", "exact.tls.test")[1]
    for broken, part, what in (
        (tls_secret("first", b"not a certificate", private_key), "crt", "certificate"),
        (tls_secret("first", certificate, b"not a key"), "key", "key"),
        (tls_secret("first", certificate, other_key), "(crt|key)", "belong|match"),
    ):
        seen = len(changing.output.text)
        changing.save("secret.yaml", broken)
        changing.output.wait_for(
            rf"^k8s/secret\.yaml:\d+: error: Secret default/first .*tls\.{part}.*({what}).*last good certificate stays",
            after=seen,
        )
        assert certificate_for(changing, "exact.tls.test") == certificate
    changing.save("secret.yaml", first_secret("second"))
    changing.output.wait_for(r"^~ certificate default/first was replaced$")
    assert certificate_for(changing, "exact.tls.test") == key_pair("second", "exact.tls.test")[0]


def test_a_deleted_secret_leaves_the_last_good_one(changing: RunningDev) -> None:
    (changing.folder / "secret.yaml").unlink()
    changing.output.wait_for(r"Secret default/first was deleted: its last certificate is served")
    assert certificate_for(changing, "exact.tls.test") == key_pair("first", "exact.tls.test")[0]


def test_no_private_key_is_ever_shown(changing: RunningDev) -> None:
    certificate, private_key = key_pair("first", "exact.tls.test")
    seen = len(changing.output.text)
    changing.save("secret.yaml", tls_secret("first", private_key, certificate))
    changing.output.wait_for("error: Secret default/first", after=seen)
    assert problem_codes(ingressd(changing.folder.parent, "check", "k8s", "--json", "--map", "web=1"))
    shown = changing.output.text + changing.admin("/api/problems").text
    for line in private_key.decode().splitlines():
        assert line not in shown


def test_two_secrets_for_one_host(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        running_pods("web") as pods,
        serving(
            tmp_path_factory.mktemp("two"),
            site("a", "exact.tls.test", secret_name="first"),
            ingress(
                "b",
                rule("exact.tls.test", path("/b", "web")),
                tls=[{"hosts": ["exact.tls.test"], "secretName": "other"}],
            ),
            first_secret("first"),
            tls_secret("other", *key_pair("second", "exact.tls.test")),
            arguments=pods.maps(),
        ) as running,
    ):
        assert certificate_for(running, "exact.tls.test") == key_pair("first", "exact.tls.test")[0]
        running.output.wait_for(
            r"Ingress default/b spec\.tls\[0\]\.secretName: Secret default/other is not used .*default/a"
        )
