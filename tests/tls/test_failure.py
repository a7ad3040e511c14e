from __future__ import annotations

from tls.failure import TlsFailure, TlsFailureReason


def test_a_reason_can_label_a_metric() -> None:
    assert all(reason.value.replace("_", "").isalpha() and reason.value.islower() for reason in TlsFailureReason)


def test_equal_failures_are_equal() -> None:
    assert TlsFailure(TlsFailureReason.NOT_TLS) == TlsFailure(TlsFailureReason.NOT_TLS, "", None, "")
