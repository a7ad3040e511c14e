from __future__ import annotations

import copy
import ipaddress
import pickle
import ssl
import subprocess
import sys
import traceback
from datetime import timedelta

import msgspec
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from tests.tls.certificates import END, START, certify, key_text, new_key
from tls.key_pair import LARGEST_PEM_BYTES, KeyPair, KeyPairError, KeyPairErrorCode, KeyPairPart

KEY = new_key()
NAMES = [x509.DNSName("Shop.example"), x509.DNSName("*.shop.example"), x509.IPAddress(ipaddress.ip_address("::1"))]
CERTIFICATE = certify(KEY, NAMES, common_name="ignored.example")
PRIVATE_KEY = key_text(KEY)
PAIR = KeyPair.from_pem(CERTIFICATE, PRIVATE_KEY)
SECRET_LINE = PRIVATE_KEY.splitlines()[1].decode()


def test_it_says_what_the_certificate_says() -> None:
    assert PAIR.names == ("shop.example", "*.shop.example", "::1")
    assert (PAIR.not_before, PAIR.not_after) == (START, END)
    assert PAIR.subject == PAIR.issuer == "CN=ignored.example"


def test_the_common_name_counts_only_without_alternative_names() -> None:
    def names(common_name: str, alternatives: list[x509.GeneralName] | None = None) -> tuple[str, ...]:
        return KeyPair.from_pem(certify(KEY, alternatives, common_name=common_name), PRIVATE_KEY).names

    assert names("Shop.example") == ("shop.example",)
    assert names("Our Company") == ()
    assert names("shop.example", [x509.RFC822Name("a@b.example")]) == ()


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("shop.example", True),
        ("SHOP.example.", True),
        ("a.shop.example", True),
        ("*.shop.example", True),
        ("0:0::1", True),
        ("a.b.shop.example", False),
        ("example", False),
        ("ignored.example", False),
        ("shop.example\0", False),
    ],
)
def test_it_covers_its_names(name: str, covered: bool) -> None:
    assert PAIR.covers(name) is covered


def test_the_last_moment_is_still_valid() -> None:
    second = timedelta(seconds=1)
    assert not PAIR.expired(END)
    assert PAIR.expired(END + second)
    assert PAIR.expires_within(END - timedelta(days=9), timedelta(days=10))
    assert not PAIR.expires_within(END - timedelta(days=11), timedelta(days=10))


def test_an_expired_certificate_is_no_error() -> None:
    pair = KeyPair.from_pem(certify(KEY, end=START + timedelta(days=1)), PRIVATE_KEY)
    assert pair.expired(END)


def test_it_is_a_value() -> None:
    again = KeyPair.from_pem(CERTIFICATE, PRIVATE_KEY)
    other = KeyPair.from_pem(certify(KEY), PRIVATE_KEY)
    assert {PAIR, again} == {PAIR}
    assert other != PAIR
    assert other.fingerprint != PAIR.fingerprint
    assert PAIR.fingerprint == again.fingerprint
    assert len(PAIR.fingerprint) == 64
    assert KeyPair.from_pem(PAIR.certificate_chain, PAIR.private_key) == PAIR
    with pytest.raises(AttributeError):
        PAIR.private_key = b""  # type: ignore[misc]


def test_it_travels_as_its_two_texts() -> None:
    encoded = msgspec.msgpack.encode(PAIR)
    assert msgspec.msgpack.decode(encoded) == {
        "certificate_chain": PAIR.certificate_chain,
        "private_key": PAIR.private_key,
    }
    for arrived in (
        msgspec.msgpack.decode(encoded, type=KeyPair),
        pickle.loads(pickle.dumps(PAIR)),  # noqa: S301 - what was just pickled here
        copy.deepcopy(PAIR),
    ):
        assert arrived == PAIR
        assert arrived.names == PAIR.names
        assert arrived.fingerprint == PAIR.fingerprint


def test_text_around_the_certificates_is_dropped() -> None:
    chain = CERTIFICATE + certify(new_key())
    untidy = b"Bag Attributes\r\n" + PRIVATE_KEY + chain.replace(b"\n", b"\r\n") + b"\nend\n"
    assert KeyPair.from_pem(untidy, PRIVATE_KEY).certificate_chain == chain


def test_no_printed_form_shows_the_key() -> None:
    holder = {"pair": PAIR}
    for text in (repr(PAIR), str(PAIR), f"{PAIR}", f"{PAIR!r:>40}", f"{holder}", repr(PAIR.__rich_repr__())):
        assert SECRET_LINE not in text
        assert "PRIVATE" not in text
        assert PAIR.fingerprint[:16] in text


@pytest.mark.parametrize(
    ("certificate", "private_key"),
    [(PRIVATE_KEY, PRIVATE_KEY), (CERTIFICATE, PRIVATE_KEY[:-60]), (certify(new_key()), PRIVATE_KEY)],
)
def test_no_error_shows_the_key(certificate: bytes, private_key: bytes) -> None:
    with pytest.raises(KeyPairError) as caught:
        KeyPair.from_pem(certificate, private_key)
    shown = f"{caught.value!r} {''.join(traceback.format_exception(caught.value))}"
    assert SECRET_LINE not in shown
    assert PRIVATE_KEY.decode()[40:80] not in shown


@pytest.mark.parametrize("part", list(KeyPairPart))
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", KeyPairErrorCode.MISSING),
        (b" \n", KeyPairErrorCode.MISSING),
        (b"x" * (LARGEST_PEM_BYTES + 1), KeyPairErrorCode.TOO_LARGE),
    ],
)
def test_the_size_is_bounded_however_it_is_built(part: KeyPairPart, text: bytes, code: KeyPairErrorCode) -> None:
    texts = (text, PRIVATE_KEY) if part is KeyPairPart.CERTIFICATE else (CERTIFICATE, text)
    for build in (KeyPair, KeyPair.from_pem):
        with pytest.raises(KeyPairError) as caught:
            build(*texts)
        assert (caught.value.code, caught.value.part) == (code, part)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(certificate: bytes, private_key: bytes) -> None:
    with pytest.raises(KeyPairError):
        KeyPair.from_pem(certificate, private_key)


@given(st.sampled_from([0, 1]), st.integers(0, 600), st.integers(0, 127))
def test_a_damaged_text_is_accepted_or_refused_and_nothing_else(which: int, position: int, value: int) -> None:
    texts = [bytearray(CERTIFICATE), bytearray(PRIVATE_KEY)]
    damaged = texts[which]
    damaged[position % len(damaged)] = value
    try:
        pair = KeyPair.from_pem(bytes(texts[0]), bytes(texts[1]))
    except KeyPairError as error:
        assert str(error)
    else:
        assert pair.fingerprint


def test_a_serial_number_that_is_not_positive_is_no_reason_to_refuse() -> None:
    """cryptography warns of it, and a warning ends a test."""
    der = bytearray(ssl.PEM_cert_to_DER_cert(CERTIFICATE.decode("ascii")))
    version = der.index(bytes.fromhex("a003020102"))
    assert der[version + 5] == 0x02  # an INTEGER follows: the serial number, behind its length
    der[version + 7] |= 0x80
    assert KeyPair.from_pem(ssl.DER_cert_to_PEM_cert(bytes(der)).encode("ascii"), PRIVATE_KEY).names == PAIR.names


def test_importing_it_does_not_import_cryptography() -> None:
    script = "import sys, tls.key_pair; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
