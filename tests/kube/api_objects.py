"""Objects as an API server writes them, and as they are to be read."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec

from ingressd.resources.api_versions import API_VERSIONS
from ingressd.resources.decode import decode
from ingressd.resources.key import Kind
from ingressd.resources.object import KubernetesObject


def as_json(found: KubernetesObject) -> dict[str, Any]:
    """As an API server writes it in a list: without its kind, and with what nobody here reads."""
    written = msgspec.json.encode(found, enc_hook=lambda content: base64.b64encode(content).decode())
    value: dict[str, Any] = json.loads(written)
    value["metadata"] |= {"resourceVersion": "1234", "managedFields": [{"manager": "kubectl"}]}
    if not value["metadata"].get("creationTimestamp"):
        del value["metadata"]["creationTimestamp"]
    present: dict[str, Any] = without_nulls(value)
    return present


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(entry) for key, entry in value.items() if entry is not None}
    return [without_nulls(entry) for entry in value] if isinstance(value, list) else value


def in_words(kind: Kind, value: dict[str, Any]) -> KubernetesObject | None:
    """What decoding from a file gives, without the resource version."""
    (manifest,) = decode({**value, "apiVersion": API_VERSIONS[kind], "kind": kind.value}).manifests
    if manifest.object is None:
        return None
    metadata = msgspec.structs.replace(manifest.object.metadata, resource_version="")
    return msgspec.structs.replace(manifest.object, metadata=metadata)
