from __future__ import annotations

import pytest

from ingressd.sources.places import places

TEXT = """\
# A comment.
metadata:
  annotations:
    nginx.ingress.kubernetes.io/use-regex: "true"
    nginx.ingress.kubernetes.io/use-regex.more: "true"
spec:
  rules:
    - host: a
      http:
        paths:
          - path: /
            backend: &web
              service: {name: web,
                port: {number: 80}}
          - path: /b
            backend: *web
    - <<: {host: b}
      http: &http
        paths: []
    -
      <<: [{a: 1}, *http]
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 2),
        ("metadata", 2),
        ("metadata.name", 2),
        ("metadata.annotations[nginx.ingress.kubernetes.io/use-regex]", 4),
        ('metadata.annotations["nginx.ingress.kubernetes.io/use-regex"]', 4),
        ("metadata.annotations.nginx.ingress.kubernetes.io/use-regex", 4),
        ("metadata.annotations[nginx.ingress.kubernetes.io/use-regex.more]", 5),
        ("metadata.annotations.nginx.ingress.kubernetes.io/use-regex.more", 5),
        ("spec.rules", 7),
        ("spec.rules[0]", 8),
        ("spec.rules[0].host", 8),
        ("spec.rules[0].hostname", 8),
        ("spec.rules[0].http.paths[0].backend.service.name", 13),
        ("spec.rules[0].http.paths[0].backend.service.port", 14),
        ("spec.rules[0].http.paths[0].backend.service.port.name", 14),
        ("spec.rules[0].http.paths[1].pathType", 15),
        ("spec.rules[0].http.paths[1].backend", 16),
        ("spec.rules[0].http.paths[1].backend.service.port.number", 14),
        ("spec.rules[1].host", 17),
        ("spec.rules[2].paths", 19),
        ("spec.rules[2].a", 21),
        ("spec.rules[7]", 7),
        ("spec.rules[0", 7),
        ("]", 2),
    ],
)
def test_lines(path: str, line: int) -> None:
    (place,) = places(TEXT)
    assert place.line_of(path) == line
    (place,) = places(TEXT, first_line=101)
    assert place.line_of(path) == line + 100


def test_documents() -> None:
    first, second, third = places("a: 1\n---\nb: 2\n--- 5\n")
    assert [place.line_of("b") for place in (first, second, third)] == [1, 3, 4]


def test_a_text_with_an_error_ends() -> None:
    assert [place.line for place in places("a: 1\n---\nb: [\n")] == [1]
