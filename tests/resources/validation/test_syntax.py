from __future__ import annotations

import pytest

from ingressd.resources.findings import Findings
from ingressd.resources.validation import syntax
from ingressd.resources.validation.syntax import Syntax, check_host, check_port_number, is_address


@pytest.mark.parametrize(
    ("grammar", "valid", "invalid"),
    [
        (syntax.DNS_LABEL, ["a", "0", "a-b", "a" * 63], ["", "-a", "a-", "A", "a.b", "a_b", "a" * 64, "a\n", "ä"]),
        (
            syntax.DNS_SUBDOMAIN,
            ["a", "a.b", "0.1", "a-b.c", "a" * 64, ".".join(["a" * 50] * 4)],
            ["", ".", "a.", ".a", "a..b", "a.-b", "A.b", "*.a", "a" * 254, "a.b\n"],
        ),
        (syntax.WILDCARD_HOST, ["*.a", "*.a.b"], ["*", "*.", "a.*", "*a.b", "*.*.a", "**.a", "*.A"]),
        (
            syntax.PORT_NAME,
            ["http", "a", "8080a", "http-2", "a" * 15],
            ["", "80", "-a", "a-", "a--b", "A", "a_b", "a" * 16],
        ),
        (
            syntax.QUALIFIED_NAME,
            ["a", "A", "a.b/C_d.e-f", "a/" + "b" * 63, "0"],
            ["", "/a", "a/", "a/b/c", "A/b", "-a", "a/" + "b" * 64, "b" * 64, "a" * 254 + "/b", "a b"],
        ),
        (syntax.LABEL_VALUE, ["", "a", "A.b_c-d", "a" * 63], ["-a", "a-", "a/b", "a" * 64]),
        (syntax.DATA_KEY, ["tls.crt", ".a", "_", "-", "a" * 253], ["", ".", "..", "..a", "a/b", "a" * 254]),
        (
            syntax.DOMAIN_PREFIXED_PATH,
            ["a.example/b", "a/b", "a.example/b/c~d"],
            ["", "a", "a/", "/a", "A/b", "a.example/b c", "a/" + "b" * 249],
        ),
        (syntax.PATH_SEGMENT, ["a", "...", "A b"], ["", ".", "..", "a/b", "a%b"]),
    ],
)
def test_grammars(grammar: Syntax, valid: list[str], invalid: list[str]) -> None:
    assert [text for text in valid if not grammar.fits(text)] == []
    assert [text for text in invalid if grammar.fits(text)] == []


def test_an_error_says_the_rule() -> None:
    findings = Findings()
    syntax.DNS_LABEL.check("A", "invalid_name", "metadata.name", findings)
    (problem,) = findings.problems(None)
    assert problem.message == '"A" is not valid.'
    assert problem.advice == f"It must be {syntax.DNS_LABEL.rule}."


@pytest.mark.parametrize(
    ("host", "advice"),
    [
        ("10.0.0.1", "Write a DNS name, or leave the host out to serve every host."),
        ("::1", "Write a DNS name, or leave the host out to serve every host."),
        ("Shop.Example", 'Write "shop.example": '),
        ("shop.example:8080", 'Write "shop.example": '),
        ("https://shop.example/a", 'Write "shop.example": '),
        ("shop.example.", 'Write "shop.example": '),
        ("*.Example", 'Write "*.example": '),
        ("*", "Leave the host out to serve every host"),
        ("**", "It must be a wildcard"),
        ("a.*.b", "It must be a wildcard"),
        ("a_b", "It must be at most 253"),
        ("10.0.0.1:80", "It must be at most 253"),
    ],
)
def test_hosts_that_are_none(host: str, advice: str) -> None:
    findings = Findings()
    check_host(host, "spec.rules[0].host", findings)
    (problem,) = findings.problems(None)
    assert (problem.code, problem.path) == ("invalid_host", "spec.rules[0].host")
    assert problem.advice.startswith(advice)


@pytest.mark.parametrize("host", ["a", "shop.example", "*.shop.example", "xn--bcher-kva.example"])
def test_hosts(host: str) -> None:
    findings = Findings()
    check_host(host, "host", findings)
    assert not findings.failed


@pytest.mark.parametrize(("number", "valid"), [(-1, False), (0, False), (1, True), (65535, True), (65536, False)])
def test_port_numbers(number: int, valid: bool) -> None:
    findings = Findings()
    check_port_number(number, "port", findings)
    assert findings.failed is not valid


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10.0.0.1", True), ("::1", True), ("fe80::1%eth0", False), ("[::1]", False), ("010.0.0.1", False), ("a", False)],
)
def test_is_address(text: str, expected: bool) -> None:
    assert is_address(text) is expected
