from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ingressd.resources.problem import Location, Severity
from ingressd.sources import documents
from ingressd.sources.documents import read_documents


def values(content: bytes) -> list[object]:
    read = read_documents(content, "a.yaml")
    assert read.problems == ()
    return [document.value for document in read.documents]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"# nothing\n---\n# here\n---\n", []),
        (b"---\na: 1\n", [{"a": 1}]),
        (b"a: 1\n---\nb: 2\n---\n", [{"a": 1}, {"b": 2}]),
        (b"--- # first\na: 1\n--- {b: 2}\n", [{"a": 1}, {"b": 2}]),
        (b"%YAML 1.2\n---\na: 1\n", [{"a": 1}]),
        (b"a: 1\n...\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        (b"a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        (b"a: |\r\n  x\r\n  y\r\n", [{"a": "x\ny\n"}]),
        (b"\xef\xbb\xbfa: 1\n", [{"a": 1}]),
        (b"a: |\n  ---\n  x\n", [{"a": "---\nx\n"}]),
        (b"a: ---b\n", [{"a": "---b"}]),
        (b"null\n", [None]),
        (b'{"a": 1, "b": [true, null, 1.5, 80.0]}', [{"a": 1, "b": [True, None, 1.5, 80]}]),
        (b' \n{"a": "\\ud83d\\ude00"}', [{"a": "\U0001f600"}]),
        (b'{"a":\t1}', [{"a": 1}]),
        (b"{a: yes}", [{"a": True}]),
        (b'{"a": 1}\n---\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
        ("ä: ö\n".encode(), [{"ä": "ö"}]),
    ],
)
def test_values(content: bytes, expected: list[object]) -> None:
    assert values(content) == expected


def test_every_document_knows_its_lines() -> None:
    content = b"# first\na: 1\n---\n\nb:\n  c: 2\n---\nd:\n  e: 3\n"
    read = read_documents(content, "a.yaml")
    assert [document.line for document in read.documents] == [2, 5, 8]
    assert [
        document.source.place().line_of(path)
        for document, path in zip(read.documents, ["a", "b.c", "d.e"], strict=True)
    ] == [2, 6, 9]


def test_json_knows_its_lines() -> None:
    (document,) = read_documents(b'\n{\n "a": {\n  "b": 1}}', "a.json").documents
    assert document.line == 2
    assert document.source.place().line_of("a.b") == 4


def test_json_that_is_no_yaml_has_a_place() -> None:
    (document,) = read_documents(b'\n{\n "a": "\\ud83d\\ude00"}', "a.json").documents
    assert 1 <= document.source.place().line_of("a") <= 3


def test_a_broken_document_leaves_the_others_alone() -> None:
    read = read_documents(b"a: 1\n---\nb: c: d\n---\ne: 1\ne: 2\n---\nf: 3\n", "a.yaml")
    assert [document.value for document in read.documents] == [{"a": 1}, {"f": 3}]
    assert [(problem.severity, problem.code, problem.location) for problem in read.problems] == [
        (Severity.ERROR, "syntax_error", Location("a.yaml", 3)),
        (Severity.ERROR, "duplicate_key", Location("a.yaml", 6)),
    ]
    assert "line 5" in read.problems[1].message


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"a: 1\nb: \xff\n", "not_utf8", 2),
        ("a: 1".encode("utf-16"), "not_utf8", 1),
        (b'{"a": 1,\n "a": 2}', "duplicate_key", 2),
        (b'{"a": 1', "syntax_error", 1),
        (b"a: 1\n...\nb: 2\n", "syntax_error", 3),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "too_deep", 1),
        (b'{"a": ' + b"9" * 5000 + b"}", "invalid_value", 1),
    ],
)
def test_problems(content: bytes, code: str, line: int) -> None:
    read = read_documents(content, "a.yaml")
    (problem,) = read.problems
    assert (problem.code, problem.location) == (code, Location("a.yaml", line))


def test_half_a_character_is_refused() -> None:
    read = read_documents(b'{"a": "\\ud83d"}', "a.json")
    assert read.documents == ()
    assert [problem.location for problem in read.problems] == [Location("a.json", 1)]


def test_the_size_of_a_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_BYTES", 10)
    assert values(b"a: 1234567") == [{"a": 1234567}]
    (problem,) = read_documents(b"a: 12345678", "a.yaml").problems
    assert problem.code == "too_large"
    assert "larger than 16 MiB" in problem.message
    assert "at most 16 MiB" in problem.advice


def test_the_number_of_documents_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_DOCUMENTS", 2)
    read = read_documents(b"---\na: 1\n" * 3, "a.yaml")
    assert len(read.documents) == 2
    assert [(problem.code, problem.location) for problem in read.problems] == [
        ("too_many_documents", Location("a.yaml", 5))
    ]


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"\x00")
@example(b"&a [*a]")
@example(b"? ")
@example(b"%")
@example("\u2028---\n\x85a: b: c".encode())
def test_nothing_raises(content: bytes) -> None:
    read = read_documents(content, "a.yaml")
    for document in read.documents:
        assert document.line >= 1
        assert document.source.place().line_of("a[0].b") >= 1


@given(
    st.text(alphabet="ab:-#&*<{}[],|>'\"!% \n\r\t0.~?", max_size=60).map(str.encode),
)
def test_nothing_that_looks_like_yaml_raises(content: bytes) -> None:
    read = read_documents(content, "a.yaml")
    for document in read.documents:
        json.dumps(document.value, allow_nan=False)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**63)
    | st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), max_codepoint=0xFFFD)),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet="abyn.-/ 1~", max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(st.text(alphabet="ab", max_size=3), PLAIN, max_size=4), max_size=3))
def test_what_json_writes_is_read(documents_written: list[object]) -> None:
    text = "".join(f"---\n{json.dumps(document)}\n" for document in documents_written)
    assert values(text.encode()) == documents_written


@given(st.lists(st.dictionaries(st.text(alphabet="ab", max_size=3), PLAIN, min_size=1, max_size=4), max_size=3))
def test_what_pyyaml_writes_in_quotes_is_read(documents_written: list[object]) -> None:
    text = yaml.safe_dump_all(documents_written, default_style='"', allow_unicode=False, explicit_start=True)
    assert values(text.encode()) == documents_written
