from __future__ import annotations

import pytest

from ingressd.resources.config_map import ConfigMap
from ingressd.resources.metadata import Metadata
from ingressd.resources.secret import TLS_TYPE, PrivateBytes, Secret
from ingressd.resources.validation import validate
from ingressd.resources.validation.data import MOST_BYTES

METADATA = Metadata(name="a", namespace="shop")


def secret(*keys: str, kind_of_secret: str | None = None, size: int = 5) -> Secret:
    data = {key: PrivateBytes(b"x" * size) for key in keys}
    return Secret(metadata=METADATA, type=kind_of_secret or "Opaque", data=data)


@pytest.mark.parametrize(
    "resource",
    [
        secret(),
        secret("auth", "_", ".a"),
        secret("tls.crt", "tls.key", "ca.crt", kind_of_secret=TLS_TYPE),
        secret("a", size=MOST_BYTES),
        ConfigMap(metadata=METADATA, data={"a": "x" * MOST_BYTES}),
    ],
)
def test_valid(resource: Secret | ConfigMap) -> None:
    assert validate(resource) == ()


@pytest.mark.parametrize(
    ("resource", "code", "paths"),
    [
        (secret(kind_of_secret=TLS_TYPE), "missing_field", ["data[tls.crt]", "data[tls.key]"]),
        (secret("tls.crt", kind_of_secret=TLS_TYPE), "missing_field", ["data[tls.key]"]),
        (secret("a/b"), "invalid_key", ["data[a/b]"]),
        (secret("a", size=MOST_BYTES + 1), "too_large", ["data"]),
        (ConfigMap(metadata=METADATA, data={"..": ""}), "invalid_key", ["data[..]"]),
        (ConfigMap(metadata=METADATA, data={"a": "ä" * (MOST_BYTES // 2 + 1)}), "too_large", ["data"]),
    ],
)
def test_errors(resource: Secret | ConfigMap, code: str, paths: list[str]) -> None:
    problems = validate(resource)
    assert [(problem.severity, problem.code) for problem in problems] == [("error", code)] * len(paths)
    assert [problem.path for problem in problems] == paths
