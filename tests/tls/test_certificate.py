from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tls import certificate
from tls.certificate import MOST_NAMES, Issuer, canonical_names, new_leaf, new_root
from tls.key_pair import KeyPair
from tls.pem import read_certificates, read_private_key

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def issuer_of(root: KeyPair) -> Issuer:
    key = read_private_key(root.private_key)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Issuer(read_certificates(root.certificate_chain)[0], key)


def certificate_of(pair: KeyPair) -> x509.Certificate:
    [own] = read_certificates(pair.certificate_chain)
    return own


def test_names_are_made_canonical_and_unique() -> None:
    assert canonical_names(["B.test", "a.test.", "b.test", "*.A.test", "0::1"]) == (
        "b.test",
        "a.test",
        "*.a.test",
        "::1",
    )


@pytest.mark.parametrize("names", [[], ["a b"], ["a.test", "*.*.test"], ["a.test"] * (MOST_NAMES + 1)])
def test_names_that_no_certificate_can_have_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match=r"at least one|is no name for a certificate|can have 100 names"):
        canonical_names(names)


def test_a_root_may_sign_servers_only_and_lasts_ten_years() -> None:
    root = certificate_of(new_root(NOW))
    constraints = root.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = root.extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    assert (usage.critical, usage.value.key_cert_sign, usage.value.crl_sign) == (True, True, True)
    assert not usage.value.digital_signature
    assert root.not_valid_after_utc - root.not_valid_before_utc == certificate.ROOT_LIFETIME
    own = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    issuer = root.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert issuer.key_identifier == own.digest


def test_a_leaf_is_what_browsers_accept() -> None:
    issuer = issuer_of(new_root(NOW))
    leaf = certificate_of(new_leaf(("a.test", "*.a.test", "::1"), "test", NOW, issuer))
    leaf.verify_directly_issued_by(issuer.certificate)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert (usage.critical, usage.value.digital_signature, usage.value.key_cert_sign) == (True, True, False)
    assert list(extended) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=397)
    assert leaf.not_valid_before_utc < NOW
    assert leaf.serial_number.bit_length() > 64
    own = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == own.digest


def test_a_leaf_does_not_outlive_its_issuer() -> None:
    root = new_root(NOW)
    late = root.not_after - timedelta(days=10)
    assert new_leaf(("a.test",), "test", late, issuer_of(root)).not_after == root.not_after


def test_every_certificate_has_a_key_and_a_number_of_its_own() -> None:
    issuer = issuer_of(new_root(NOW))
    leaves = [new_leaf(("a.test",), "test", NOW, issuer) for _ in range(3)]
    assert len({certificate_of(leaf).serial_number for leaf in leaves}) == 3
    assert len({leaf.private_key for leaf in leaves}) == 3
