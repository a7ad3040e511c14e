from __future__ import annotations

import logging

import pytest

from ingressd.kube.trouble import Trouble


def test_it_is_told_when_it_begins_and_when_it_is_over_and_not_in_between(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    trouble = Trouble(logging.getLogger("test"), over="It works again.")
    trouble.end()
    trouble.begin("Nobody answers.")
    trouble.begin("Somebody refuses.")
    assert trouble.sentence == "Somebody refuses."
    trouble.end()
    assert trouble.sentence == ""
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "Nobody answers."),
        ("INFO", "It works again."),
    ]
