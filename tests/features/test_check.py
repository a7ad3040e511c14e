"""``ingressd check``: everything that is wrong, with its place, for people and for CI."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.manifests import Manifest, ingress, path, rule, save, service
from tests.support.running import ingressd, problem_codes

GOOD = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  rules:
    - host: shop.test
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
"""


def check(folder: Path, text: str, *arguments: str) -> dict[str, int]:
    (folder / "web.yaml").write_text(text)
    return problem_codes(ingressd(folder, "check", "web.yaml", "--json", "--map", "web=3000", *arguments))


def test_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(GOOD)
    finished = ingressd(tmp_path, "check", "web.yaml", "--map", "web=3000")
    assert (finished.code, finished.output, finished.errors) == (0, "no problems\n", "")


@pytest.mark.parametrize(
    ("before", "after", "code", "line"),
    [
        ("host: shop.test", "host: 10.0.0.1", "invalid_host", 8),
        ("host: shop.test", "host: Shop.Test", "invalid_host", 8),
        ("host: shop.test", 'host: "*"', "invalid_host", 8),
        ("host: shop.test", "host: a.*.test", "invalid_host", 8),
        ("host: shop.test", "host: shop.test:80", "invalid_host", 8),
        ("path: /", "path: cart", "invalid_path", 11),
        ("path: /", "path: /a//b", "invalid_path", 11),
        ("path: /", "path: /a/../b", "invalid_path", 11),
        ("path: /", "path: /a%2Fb", "invalid_path", 11),
        ("pathType: Prefix", "pathType: prefix", "invalid_path_type", 12),
        ("            pathType: Prefix\n", "", "invalid_path_type", 11),
        ("number: 80", "number: 0", "invalid_port", 16),
        ("number: 80", "number: 70000", "invalid_port", 17),
        ("number: 80", 'number: "80"', "wrong_type", 17),
        ("number: 80", "name: http_1", "invalid_port", 17),
        ("number: 80", "number: 80\n                  name: http", "invalid_port", 16),
        ("apiVersion: networking.k8s.io/v1", "apiVersion: networking.k8s.io/v1beta1", "removed_api_version", 1),
        ("apiVersion: networking.k8s.io/v1", "apiVersion: extensions/v1beta1", "removed_api_version", 1),
        ("  name: web\n  namespace", "  namespace", "missing_field", 3),
        ("  namespace: shop", "  namespace: Shop", "invalid_name", 5),
    ],
)
def test_an_error_stands_at_its_line(tmp_path: Path, before: str, after: str, code: str, line: int) -> None:
    (tmp_path / "web.yaml").write_text(GOOD.replace(before, after, 1))
    finished = ingressd(tmp_path, "check", "web.yaml", "--json", "--map", "web=3000")
    assert finished.code == 1
    [problem] = [each for each in finished.document["problems"] if each["severity"] == "error"]
    assert (problem["code"], problem["file"], problem["line"]) == (code, "web.yaml", line)
    assert problem["advice"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("apiVersion: v1\nkind: [\n", 2, id="a bracket that nobody closes"),
        pytest.param("a: 1\nb: 2\na: 3\n", 3, id="a key twice"),
        pytest.param("a:\n\tb: 1\n", 2, id="a tab"),
        pytest.param('{"kind": "Ingress",}', 1, id="JSON with a comma too many"),
        pytest.param("a: &x 1\nb: *y\n", 2, id="an alias of nothing"),
    ],
)
def test_what_cannot_be_read_is_an_error_at_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "web.yaml").write_text(text)
    finished = ingressd(tmp_path, "check", "web.yaml", "--json")
    assert finished.code == 1
    assert finished.document["errors"] >= 1
    assert finished.document["problems"][0]["line"] == line
    assert "Traceback" not in finished.errors


@pytest.mark.parametrize(
    ("before", "after", "line", "advice"),
    [
        ("host: shop.test", "host: *.shop.test", 8, 'Quote it: "*.shop.test".'),
        ("host: shop.test", 'host: "*"', 8, "Leave the host out to serve every host"),
        ("apiVersion: networking.k8s.io/v1\n", "", 1, 'Write "apiVersion: networking.k8s.io/v1".'),
        ("kind: Ingress", "kind: Ingres", 2, 'Did you mean "Ingress"?'),
        ("  name: web", "  name: true", 4, 'Quote it: "true".'),
        ("path: /", "path: /foo(/|$)(.*)", 11, "use-regex"),
        ("path: /", "path: /e/*", 11, "use-regex"),
    ],
)
def test_the_advice_says_what_to_write(tmp_path: Path, before: str, after: str, line: int, advice: str) -> None:
    (tmp_path / "web.yaml").write_text(GOOD.replace(before, after, 1))
    finished = ingressd(tmp_path, "check", "web.yaml", "--json", "--map", "web=3000")
    assert [each["line"] for each in finished.document["problems"] if advice in each["advice"]] == [line]


def test_what_a_folder_holds_for_others_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(GOOD)
    (tmp_path / "package.json").write_text('{"name": "shop"}')
    (tmp_path / "tsconfig.json").write_text('{\n  /* strict */ "strict": true,,\n}')
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    (tmp_path / "values.yaml").write_text("replicaCount: 1\n")
    finished = ingressd(tmp_path, "check", ".", "--map", "web=3000")
    assert (finished.code, finished.output) == (0, "no problems\n")
    named = ingressd(tmp_path, "check", ".", "tsconfig.json", "values.yaml", "--map", "web=3000")
    assert named.code == 1
    assert "tsconfig.json:2: error: " in named.output
    assert "values.yaml:1: warning: " in named.output


def test_a_link_to_nothing_fails_no_check_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(GOOD)
    (tmp_path / "old.yaml").symlink_to("gone.yaml")
    finished = ingressd(tmp_path, "check", ".", "--map", "web=3000")
    assert finished.code == 0
    assert "./old.yaml: warning: ./old.yaml is a link to something that does not exist" in finished.output


def test_a_file_that_is_too_large_is_told_the_limit(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(GOOD)
    (tmp_path / "large.yaml").write_bytes(b"#" * (16 * 1024 * 1024 + 2))
    finished = ingressd(tmp_path, "check", ".", "--map", "web=3000")
    assert finished.code == 1
    assert "The file is larger than 16 MiB" in finished.output


def test_lines_are_those_of_the_file_and_not_of_the_document(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(f"# top\n---\n{GOOD}---\n{GOOD.replace('name: web', 'name: web-2', 1)}")
    save(tmp_path / "other.yaml", ingress("three", rule("three.test", path("three", "web"))))
    finished = ingressd(tmp_path, "check", ".", "--map", "web=3000")
    assert "./web.yaml:31: warning: Ingress shop/web-2 spec.rules[0].http.paths[0].path: " in finished.output
    assert "./other.yaml:11: error: Ingress default/three spec.rules[0].http.paths[0].path: " in finished.output
    assert finished.output.endswith("\n1 error, 1 warning\n")


def test_warnings_alone_are_no_failure(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(
        GOOD.replace("name: web", "name: web\n  annotations: {ingressd.dev/nothing: a}", 1)
    )
    finished = ingressd(tmp_path, "check", "web.yaml", "--map", "web=3000")
    assert finished.code == 0
    assert finished.output.endswith("\n1 warning\n")


@pytest.mark.parametrize(
    ("name", "value", "code", "says"),
    [
        ("proxy-body-size", "8m", "unsupported_annotation", "has no effect"),
        ("proxy-bdy-size", "8m", "unknown_annotation", "proxy-body-size"),
        ("no-such-thing-at-all", "1", "unknown_annotation", "There is no annotation"),
        ("auth-url", "http://auth.test/", "unsupported_security_annotation", "NOT PROTECTED"),
        ("whitelist-source-range", "10.0.0.0/8", "unsupported_security_annotation", "NOT PROTECTED"),
        ("server-snippet", "deny all;", "unsupported_security_annotation", "NOT PROTECTED"),
        ("use-regex", "maybe", "invalid_annotation_value", "neither true nor false"),
        ("rewrite-target", "http://other.test/", "invalid_annotation_value", "is a URL"),
    ],
)
def test_no_annotation_is_silently_ignored(tmp_path: Path, name: str, value: str, code: str, says: str) -> None:
    annotated = ingress(
        "web", rule("shop.test", path("/", "web")), annotations={f"nginx.ingress.kubernetes.io/{name}": value}
    )
    save(tmp_path / "web.yaml", annotated)
    finished = ingressd(tmp_path, "check", "web.yaml", "--json", "--map", "web=3000")
    [problem] = finished.document["problems"]
    assert problem["code"] == code
    assert name in problem["path"]
    assert problem["line"] == 7
    assert says in f"{problem['message']} {problem['advice']}"


def test_an_annotation_of_somebody_else_is_none_of_our_business(tmp_path: Path) -> None:
    annotations = {"cert-manager.io/cluster-issuer": "letsencrypt", "example.com/owner": "team-a"}
    save(tmp_path / "web.yaml", ingress("web", rule("shop.test", path("/", "web")), annotations=annotations))
    finished = ingressd(tmp_path, "check", "web.yaml", "--json", "--map", "web=3000")
    assert problem_codes(finished) == {}


@pytest.mark.parametrize(
    ("manifests", "codes"),
    [
        pytest.param([ingress("web", rule("a.test", path("/", "web")))], {"no_service": 1}, id="no Service"),
        pytest.param(
            [ingress("web", rule("a.test", path("/", "web"))), service("web")], {"no_endpoints": 1}, id="no endpoints"
        ),
        pytest.param(
            [ingress("web", rule("a.test", path("/", "web", "http"))), service("web")],
            {"no_service_port": 1},
            id="no such port",
        ),
    ],
)
def test_what_there_is_nothing_behind(tmp_path: Path, manifests: list[Manifest], codes: dict[str, int]) -> None:
    save(tmp_path / "all.yaml", *manifests)
    assert problem_codes(ingressd(tmp_path, "check", ".", "--json")) == codes


def test_one_fact_is_one_problem(tmp_path: Path) -> None:
    """The same path twice in one Ingress: who looks for mistakes and who settles conflicts both see it."""
    save(tmp_path / "all.yaml", ingress("web", rule("a.test", path("/a", "web"), path("/a", "web"))))
    finished = ingressd(tmp_path, "check", ".", "--json", "--map", "web=1")
    assert sum(problem_codes(finished).values()) == 1


def test_an_object_that_is_defined_twice(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)
    finished = ingressd(tmp_path, "check", ".", "--json", "--map", "web=1")
    assert finished.code == 1
    [problem] = finished.document["problems"]
    assert (problem["code"], problem["file"]) == ("duplicate_object", "./b.yaml")
    assert "./a.yaml:1" in problem["message"]


def test_nothing_to_check_is_an_error_of_use(tmp_path: Path) -> None:
    save(tmp_path / "all.yaml", service("web"))
    finished = ingressd(tmp_path, "check", ".")
    assert finished.code == 2
    assert "nothing to serve: there is no Ingress in ." in finished.errors


def test_an_invalid_ingress_is_still_an_ingress(tmp_path: Path) -> None:
    """Whoever is told that there is none looks in the wrong place."""
    (tmp_path / "web.yaml").write_text(GOOD.replace("host: shop.test", "host: 10.0.0.1"))
    finished = ingressd(tmp_path, "dev", "web.yaml")
    assert finished.code == 2
    assert "web.yaml:8: error: Ingress shop/web spec.rules[0].host" in finished.errors
    assert "there is no Ingress" not in finished.errors
