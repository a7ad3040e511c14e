"""Hints on the error pages of dev."""

from __future__ import annotations

import string

import pytest

from ingressd.cli.hints import DEV_HINTS
from ingressd.proxy.failures import ANSWERS, Reason, Side

BLANKS = {
    "host": "shop.localhost",
    "path": "/cart",
    "namespace": "shop",
    "service": "cart",
    "port": "80",
    "endpoint": "127.0.0.1:3000",
}


@pytest.mark.parametrize("reason", DEV_HINTS)
def test_every_blank_can_be_filled(reason: Reason) -> None:
    template = DEV_HINTS[reason]
    names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    assert names <= set(BLANKS)
    assert "{" not in template.format(**BLANKS)


def test_a_service_without_endpoints_names_the_exact_flag() -> None:
    assert "--map shop/cart=PORT" in DEV_HINTS[Reason.NO_ENDPOINTS].format(**BLANKS)
    assert "--map shop/cart=PORT" in DEV_HINTS[Reason.NO_SERVICE].format(**BLANKS)


def test_everything_that_a_manifest_causes_has_a_hint() -> None:
    caused = {reason for reason, answer in ANSWERS.items() if answer.side is Side.CONFIGURATION}
    # The problem of a denied route names the annotation, which the reason alone does not know.
    assert caused - {Reason.ROUTE_DENIED} <= set(DEV_HINTS)
