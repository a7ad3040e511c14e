from __future__ import annotations

from typing import Literal

import pytest

from ingressd.resources.findings import Findings
from ingressd.resources.problem import Problem, Severity
from ingressd.translate.annotations.catalogue import CATALOGUE, INSTEAD
from ingressd.translate.annotations.effects import MAX_UNKNOWN, Effects, read_effects
from tests.support.objects import NGINX


def read(annotations: dict[str, str], mode: Literal["deny", "warn"] = "deny") -> tuple[Effects, tuple[Problem, ...]]:
    problems = Findings()
    return read_effects(annotations, mode, problems), problems.problems(None)


@pytest.mark.parametrize("name", [name for name, known in CATALOGUE.items() if known.security])
def test_protection_that_cannot_be_given_denies_the_routes(name: str) -> None:
    effects, (problem,) = read({NGINX + name: "something"})
    assert NGINX + name in effects.denied
    assert (problem.severity, problem.code) == (Severity.ERROR, "unsupported_security_annotation")


@pytest.mark.parametrize("name", [name for name, known in CATALOGUE.items() if known.security])
def test_on_a_developers_machine_it_warns_loudly_instead(name: str) -> None:
    effects, (problem,) = read({NGINX + name: "something"}, "warn")
    assert effects.denied == ""
    assert problem.severity is Severity.WARNING
    assert problem.message.startswith("NOT PROTECTED")


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, known in CATALOGUE.items() for value in sorted(known.inert)],
)
def test_a_value_that_asks_for_what_happens_anyway_is_no_problem(name: str, value: str) -> None:
    assert read({NGINX + name: value}) == (Effects(), ())


def test_the_solver_of_cert_manager_is_served_and_a_range_that_keeps_somebody_out_is_not() -> None:
    name = NGINX + "whitelist-source-range"
    assert read({name: "0.0.0.0/0,::/0"}) == (Effects(), ())
    for protecting in ("0.0.0.0/0", "::/0", "10.0.0.0/8", "0.0.0.0/1,::/0"):
        effects, problems = read({name: protecting})
        assert effects.denied
        assert [problem.code for problem in problems] == ["unsupported_security_annotation"]


@pytest.mark.parametrize(
    "name", [name for name, known in CATALOGUE.items() if not known.security and not known.supported]
)
def test_a_convenience_that_is_not_supported_is_reported_and_nothing_else(name: str) -> None:
    effects, (problem,) = read({NGINX + name: "something"})
    assert effects == Effects()
    assert (problem.severity, problem.code) == (Severity.WARNING, "unsupported_annotation")
    assert problem.path == f"metadata.annotations[{NGINX}{name}]"


@pytest.mark.parametrize(
    ("name", "value", "reported"),
    [
        ("ssl-redirect", "false", False),
        ("ssl-redirect", "False", False),
        ("ssl-redirect", "true", True),
        ("force-ssl-redirect", "false", False),
        ("enable-cors", "false", False),
        ("backend-protocol", "HTTP", False),
        ("backend-protocol", "HTTPS", True),
        ("proxy-buffering", "off", False),
        ("proxy-buffering", "on", True),
        ("proxy-body-size", "", False),
        ("proxy-body-size", "8m", True),
    ],
)
def test_a_convenience_is_reported_when_it_asks_for_something_else(name: str, value: str, reported: bool) -> None:
    _, problems = read({NGINX + name: value})
    assert bool(problems) is reported


@pytest.mark.parametrize(("name", "instead"), INSTEAD.items())
def test_names_that_do_not_exist_any_more_say_what_replaced_them(name: str, instead: str) -> None:
    _, (problem,) = read({NGINX + name: "true"})
    assert (problem.code, problem.advice) == ("unknown_annotation", instead)


def test_a_misspelt_name_is_told_the_nearest() -> None:
    _, (problem,) = read({NGINX + "rewrite-targt": "/"})
    assert problem.code == "unknown_annotation"
    assert problem.advice == f"Did you mean {NGINX}rewrite-target?"


@pytest.mark.parametrize("prefix", ["ingress.kubernetes.io/", "ingressd.dev/"])
def test_other_prefixes_are_told_the_one_that_is_read(prefix: str) -> None:
    effects, (problem,) = read({prefix + "rewrite-target": "/x"})
    assert effects == Effects()
    assert problem.code == "unsupported_annotation"
    assert f"{NGINX}rewrite-target" in problem.advice


def test_protection_under_the_legacy_prefix_is_not_ignored_either() -> None:
    effects, _ = read({"ingress.kubernetes.io/whitelist-source-range": "10.0.0.0/8"})
    assert effects.denied


@pytest.mark.parametrize(
    "name",
    [
        "cert-manager.io/cluster-issuer",
        "acme.cert-manager.io/http01-edit-in-place",
        "external-dns.alpha.kubernetes.io/hostname",
        "kubectl.kubernetes.io/last-applied-configuration",
        "meta.helm.sh/release-name",
        "kubernetes.io/ingress.class",
        "example.com/anything",
    ],
)
def test_annotations_of_others_are_none_of_our_business(name: str) -> None:
    assert read({name: "anything"}) == (Effects(), ())


def test_what_has_an_effect_is_listed() -> None:
    effects, problems = read({NGINX + "use-regex": "true", NGINX + "rewrite-target": "/$1", "a.test/b": ""})
    assert effects.in_force == (NGINX + "rewrite-target", NGINX + "use-regex")
    assert problems == ()


def test_thousands_of_unknown_annotations_are_summed_up() -> None:
    _, problems = read({f"{NGINX}unknown-{number}": "" for number in range(5000)})
    assert len(problems) == MAX_UNKNOWN + 1
    assert str(5000 - MAX_UNKNOWN) in problems[-1].message


@pytest.mark.parametrize("name", ["whitelist-source-rang", "whitelist-source-ranges", "auth-urls", "auth-tls-secrets"])
def test_misspelt_protection_denies(name: str) -> None:
    effects, (problem,) = read({NGINX + name: "10.0.0.0/8"})
    assert effects.denied
    assert (problem.severity, problem.code) == (Severity.ERROR, "misspelt_security_annotation")
    assert name in problem.message
    assert problem.advice.startswith(f"Correct it: {NGINX}{name[:8]}")


def test_misspelt_protection_that_asks_for_nothing_is_any_unknown_name() -> None:
    effects, (problem,) = read({NGINX + "whitelist-source-rang": ""})
    assert not effects.denied
    assert problem.code == "unknown_annotation"


def test_misspelt_protection_is_loud_where_it_does_not_deny() -> None:
    effects, (problem,) = read({NGINX + "whitelist-source-rang": "10.0.0.0/8"}, "warn")
    assert not effects.denied
    assert problem.severity is Severity.WARNING
    assert problem.message.startswith("NOT PROTECTED: there is no annotation")
