"""JSON on standard output."""

from __future__ import annotations

import json

import click
import pytest

from ingressd.cli.json_output import print_json


def test_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"why": "é →", "list": [1, None]})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"why": "é →", "list": [1, None]}
    assert printed.endswith("}\n")
    assert click.unstyle(printed) == printed
