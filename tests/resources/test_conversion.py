from __future__ import annotations

from typing import Any

import pytest

from ingressd.resources.conversion import Structure, noun, shape_of
from ingressd.resources.findings import Findings
from ingressd.resources.ingress import Ingress, ServicePort
from ingressd.resources.metadata import Metadata
from ingressd.resources.problem import Problem
from ingressd.resources.secret import PrivateBytes, Secret
from ingressd.resources.service import Port


def read(struct: type[Any], value: object) -> tuple[Any, tuple[Problem, ...]]:
    findings = Findings()
    return Structure(struct).read(value, "", findings, ""), findings.problems(None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "a boolean"),
        (1, "a whole number"),
        (1.5, "a number with a fraction"),
        ("", "a text"),
        ([], "a list"),
        ({}, "a mapping"),
        (object(), "no JSON value"),
    ],
)
def test_noun(value: object, expected: str) -> None:
    assert noun(value) == expected


@pytest.mark.parametrize(
    ("struct", "value", "path", "message", "advice"),
    [
        (
            Metadata,
            {"annotations": {"a.b/c": True}},
            "annotations[a.b/c]",
            "Must be a text, but true without quotes is a boolean.",
            'Quote it: "true".',
        ),
        (
            Metadata,
            {"annotations": {"size": 5}},
            "annotations.size",
            "Must be a text, but 5 without quotes is a whole number.",
            'Quote it: "5".',
        ),
        (
            Metadata,
            {"labels": {"v": 1.5}},
            "labels.v",
            "Must be a text, but 1.5 without quotes is a number with a fraction.",
            'Quote it: "1.5".',
        ),
        (Metadata, {"labels": ["a"]}, "labels", "Must be a mapping, but it is a list.", ""),
        (Metadata, {"name": {}}, "name", "Must be a text, but it is a mapping.", ""),
        (
            ServicePort,
            {"number": "80"},
            "number",
            "Must be a whole number, but with quotes it is a text.",
            "Remove the quotes.",
        ),
        (ServicePort, {"number": True}, "number", "Must be a whole number, but it is a boolean.", ""),
        (ServicePort, {"number": 2**80}, "number", "The number does not fit into 64 bits.", ""),
        (
            Port,
            {"targetPort": 1.5},
            "targetPort",
            "Must be a whole number or a text, but 1.5 without quotes is a number with a fraction.",
            'Quote it: "1.5".',
        ),
        (Metadata, {5: 1}, "", "A key of this mapping is a whole number, not a text.", "Quote the key."),
        (
            Metadata,
            {"labels": {None: ""}},
            "labels",
            "A key of this mapping is no JSON value, not a text.",
            "Quote the key.",
        ),
        (
            Ingress,
            {"spec": {"rules": [{"http": {"paths": [{"backend": {"service": {"port": 80}}}]}}]}},
            "spec.rules[0].http.paths[0].backend.service.port",
            "Must be a mapping, but it is a whole number.",
            'Write "port: {number: 80}" for a port number or "port: {name: http}" for a port name.',
        ),
        (
            Secret,
            {"data": {"tls.key": "no base64"}},
            "data[tls.key]",
            "The value is not valid base64.",
            'Encode it, or put it as text under "stringData".',
        ),
        (
            Secret,
            {"data": {"pin": 1234}},
            "data.pin",
            "Must be a base64 text, but it is a whole number.",
            'Quote it, or use "stringData".',
        ),
    ],
)
def test_wrong_types_are_errors(struct: type[Any], value: object, path: str, message: str, advice: str) -> None:
    converted, (problem,) = read(struct, value)
    assert converted is None
    assert (problem.path, problem.message, problem.advice) == (path, message, advice)


def test_all_wrong_fields_are_reported() -> None:
    _, problems = read(Metadata, {"name": 1, "labels": {"a": True, "b": False}})
    assert [problem.path for problem in problems] == ["name", "labels.a", "labels.b"]


def test_null_is_absent() -> None:
    converted, problems = read(
        Ingress, {"metadata": {"name": "web", "annotations": None, "labels": {"a": None}}, "spec": {"rules": [None]}}
    )
    assert problems == ()
    assert converted.metadata == Metadata(name="web", labels={"a": ""})
    assert converted.spec.rules[0].host == ""


@pytest.mark.parametrize("target", [8080, "http"])
def test_a_union_takes_each_of_its_types(target: object) -> None:
    converted, problems = read(Port, {"targetPort": target})
    assert problems == ()
    assert converted.target_port == target


def test_base64_may_have_line_breaks() -> None:
    converted, _ = read(Secret, {"metadata": {}, "data": {"a": "aGVs\nbG8=\n"}})
    assert converted.data == {"a": PrivateBytes(b"hello")}
    assert isinstance(converted.data["a"], PrivateBytes)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        ("2026-11-20T12:00:00+02:00", "2026-11-20T10:00:00Z"),
        ("2026-11-20T10:00:00.5Z", "2026-11-20T10:00:00Z"),
        (None, ""),
    ],
)
def test_timestamps_are_in_utc(written: object, read_as: str) -> None:
    converted, problems = read(Metadata, {"creationTimestamp": written})
    assert problems == ()
    assert converted.creation_timestamp == read_as


@pytest.mark.parametrize("written", ["yesterday", "2026-11-20", 5, "0001-01-01T00:00:00+05:00"])
def test_other_timestamps_are_errors(written: object) -> None:
    _, (problem,) = read(Metadata, {"creationTimestamp": written})
    assert problem.code == "invalid_timestamp"


@pytest.mark.parametrize("hint", [bytes, float, list[str]])
def test_a_hint_that_no_struct_has_is_a_programming_error(hint: object) -> None:
    with pytest.raises(TypeError, match="no shape"):
        shape_of(hint)
