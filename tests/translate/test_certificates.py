from __future__ import annotations

from datetime import timedelta

import pytest

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.metadata import Metadata
from ingressd.resources.problem import Severity
from ingressd.resources.secret import PrivateBytes, Secret
from ingressd.translate.certificates import CertificateTranslation, SecretUse, translate_certificate
from tests.support.objects import NOW, broken_secret, pem_pair, secret
from tls.key_pair import KeyPair

NAME = "shop/a"
USES = (SecretUse(ObjectKey(Kind.INGRESS, "shop", "web"), 2),)
GOOD = secret("a", "a.test")
PAIR = KeyPair.from_pem(*pem_pair("a.test"))


def translate(found: Secret | None, earlier: CertificateTranslation | None = None) -> CertificateTranslation:
    return translate_certificate(NAME, found, USES, NOW, earlier)


def test_a_good_secret_is_a_key_pair_without_problems() -> None:
    found = translate(GOOD)
    assert found.key_pair == PAIR
    assert found.problems == ()


def test_an_opaque_secret_is_used_with_a_warning() -> None:
    found = translate(secret("a", "a.test", type_="Opaque"))
    assert found.key_pair == PAIR
    assert [(problem.code, problem.severity) for problem in found.problems] == [("secret_type", Severity.WARNING)]


@pytest.mark.parametrize(
    ("found", "code", "path"),
    [
        (broken_secret("a"), "key_pair_no_certificate", "data[tls.crt]"),
        (secret("a", "a.test", type_="example.com/other"), "secret_type", "type"),
        (
            Secret(metadata=Metadata(name="a", namespace="shop"), type="kubernetes.io/tls"),
            "secret_without_key",
            "data[tls.crt]",
        ),
        (
            Secret(
                metadata=Metadata(name="a", namespace="shop"),
                data={"tls.crt": PrivateBytes(pem_pair("a.test")[0]), "tls.key": PrivateBytes(pem_pair("b.test")[1])},
            ),
            "key_pair_mismatch",
            "data[tls.key]",
        ),
    ],
)
def test_an_unusable_secret_leaves_the_last_good_pair_in_use(found: Secret, code: str, path: str) -> None:
    without = translate(found)
    assert without.key_pair is None
    (problem,) = [problem for problem in without.problems if problem.severity is Severity.ERROR]
    assert (problem.code, problem.path, problem.key) == (code, path, found.key)
    assert "the default certificate is served" in problem.message
    kept = translate(found, translate(GOOD))
    assert kept.key_pair == PAIR
    assert any("last good certificate" in problem.message for problem in kept.problems)


def test_a_missing_secret_is_a_problem_of_the_ingress_that_names_it() -> None:
    (problem,) = translate(None).problems
    assert (problem.code, problem.key, problem.path) == ("no_secret", USES[0].ingress, "spec.tls[2].secretName")
    assert translate(None).key_pair is None


def test_a_deleted_secret_leaves_its_pair_in_use() -> None:
    found = translate(None, translate(GOOD))
    assert found.key_pair == PAIR
    assert "deleted" in found.problems[0].message


def test_with_a_local_authority_a_missing_secret_is_no_error() -> None:
    (problem,) = translate_certificate(NAME, None, USES, NOW, local_authority=True).problems
    assert problem.severity is Severity.WARNING
    assert "local authority" in problem.message


@pytest.mark.parametrize(
    ("left", "code"),
    [
        (timedelta(seconds=-1), "certificate_expired"),
        (timedelta(hours=1), "certificate_expires_soon"),
        (timedelta(hours=239), "certificate_expires_soon"),
        (timedelta(hours=241), None),
    ],
)
def test_an_expired_certificate_is_served_and_its_end_announced(left: timedelta, code: str | None) -> None:
    found = translate(secret("a", "a.test", end=NOW + left))
    assert found.key_pair is not None
    assert [problem.code for problem in found.problems] == ([code] if code else [])
    assert all(problem.severity is Severity.WARNING for problem in found.problems)


def test_the_time_alone_changes_the_problems_at_the_moment_that_is_told() -> None:
    written = secret("a", "a.test", end=NOW + timedelta(hours=300))
    found = translate(written)
    for code in ("certificate_expires_soon", "certificate_expired"):
        assert found.until is not None
        found = translate_certificate(NAME, written, USES, found.until, found)
        assert [problem.code for problem in found.problems] == [code]
    assert found.until is None


def test_no_problem_and_no_printed_form_shows_a_private_key() -> None:
    found = translate(GOOD)
    assert "PRIVATE KEY" not in repr(found)
    assert "PRIVATE KEY" not in repr(translate(broken_secret("a")))
