from __future__ import annotations

from typing import cast

import msgspec
import pytest

from tls.policy import TlsPolicy, TlsVersion


def test_equal_policies_are_one_key() -> None:
    assert len({TlsPolicy(), TlsPolicy(alpn=("http/1.1",)), TlsPolicy(minimum_version="TLSv1.3")}) == 2


@pytest.mark.parametrize("alpn", [("",), ("x" * 256,), ("é",), ("h2", "h2")])
def test_a_protocol_list_that_cannot_be_sent_is_refused(alpn: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"ALPN|alpn"):
        TlsPolicy(alpn=alpn)


def test_old_versions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"TLSv1\.2 or TLSv1\.3, not 'TLSv1'"):
        TlsPolicy(minimum_version=cast(TlsVersion, "TLSv1"))


def test_a_policy_can_be_sent_to_another_process() -> None:
    policy = TlsPolicy(minimum_version="TLSv1.3", alpn=("h2", "http/1.1"))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(policy), type=TlsPolicy) == policy
