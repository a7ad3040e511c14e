from __future__ import annotations

import ssl

import pytest

from tls.failure import TlsFailure, TlsFailureReason, openssl_reason


def test_a_reason_can_label_a_metric() -> None:
    assert all(reason.value.replace("_", "").isalpha() and reason.value.islower() for reason in TlsFailureReason)


def test_equal_failures_are_equal() -> None:
    assert TlsFailure(TlsFailureReason.NOT_TLS) == TlsFailure(TlsFailureReason.NOT_TLS, "", None, "")


def test_openssl_is_quoted_in_lower_case_where_it_says_anything() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(ssl.SSLError) as caught:
        context.load_verify_locations(cadata=b"no certificate")
    assert openssl_reason(caught.value, "unknown").islower()
    assert openssl_reason(ssl.SSLError(), "unknown") == "unknown"
