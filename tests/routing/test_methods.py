from __future__ import annotations

import pytest

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.request_head import parse_request_head
from ingressd.proxy.request_line import HeadLimits
from ingressd.routing.methods import METHODS, REFUSED_METHODS


def reason_of(method: str) -> Reason | None:
    try:
        parse_request_head(f"{method} / HTTP/1.1\r\nHost: a.test\r\n\r\n".encode(), HeadLimits())
    except Failure as failure:
        return failure.reason
    return None


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_proxy_takes_each_method_in_upper_case_only(method: str) -> None:
    assert reason_of(method) is None
    assert reason_of(method.lower()) is Reason.MALFORMED_REQUEST


@pytest.mark.parametrize("method", sorted(REFUSED_METHODS))
def test_the_proxy_answers_what_it_knows_and_refuses_with_405(method: str) -> None:
    assert method not in METHODS
    assert reason_of(method) is Reason.METHOD_NOT_ALLOWED
