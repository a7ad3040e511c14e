"""One object of a known kind, from the JSON of the API server.

Nearly every object is decoded straight into its struct. What does not fit is read again as files are, for the words:
one bad object says what is wrong with it, harms no other, and never raises.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ingressd.kube.plain_slice import is_plain
from ingressd.resources.api_versions import API_VERSIONS
from ingressd.resources.conversion import Base64
from ingressd.resources.decode import MOST_PATHS, MOST_RULES, decode
from ingressd.resources.endpoint_slice import EndpointSlice
from ingressd.resources.findings import Findings
from ingressd.resources.ingress import Ingress
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import TYPE_OF_KIND, KubernetesObject
from ingressd.resources.problem import Problem, Severity
from ingressd.resources.secret import PrivateBytes
from ingressd.resources.validation import validate

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""A copy of the whole object, which nothing here reads."""

PROBLEMS_OF_FILES = frozenset(("unknown_field", "loopback_address"))
"""An API server keeps no field that it does not know: what is unknown here is newer than we are. And it has accepted
the address, whatever others would do."""


class DecodedObject(NamedTuple):
    """``object`` is None when it has an error, ``key`` when it has no name; ``resource_version`` is opaque.

    The object itself carries no resource version, so that an update which changes nothing of it gives an equal one.
    """

    key: ObjectKey | None
    object: KubernetesObject | None
    resource_version: str
    problems: tuple[Problem, ...]


class ObjectDecoder:
    """Decodes objects of one kind, which need not say their kind: items of a list do not."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._decoder = msgspec.json.Decoder(TYPE_OF_KIND[kind], dec_hook=_private_bytes)

    def decode(self, raw: bytes | msgspec.Raw) -> DecodedObject:
        try:
            found = self._decoder.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self._decode_in_words(raw)
        metadata = found.metadata
        if not metadata.name or self._kind.namespaced != bool(metadata.namespace) or _is_large(found):
            return self._decode_in_words(raw)
        problems = () if isinstance(found, EndpointSlice) and is_plain(found) else validate(found)
        return _decoded(found.key, found, metadata.resource_version, problems)

    def _decode_in_words(self, raw: bytes | msgspec.Raw) -> DecodedObject:
        try:
            value = msgspec.json.decode(raw)
            if not isinstance(value, dict):
                return self._unreadable("it is no mapping")
            resource_version = _resource_version(value)
            whole = {**value, "apiVersion": API_VERSIONS[self._kind], "kind": self._kind.value}
            (manifest,) = decode(whole).manifests
            problems = manifest.problems
            if manifest.object is None:
                return DecodedObject(manifest.key, None, resource_version, _of_objects(problems))
            return _decoded(
                manifest.object.key, manifest.object, resource_version, problems + validate(manifest.object)
            )
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return self._unreadable(str(error) or type(error).__name__)

    def _unreadable(self, why: str) -> DecodedObject:
        message = f"The API server sent an object of kind {self._kind} that cannot be read: {why}."
        problem = Problem(Severity.ERROR, "unreadable_object", message, advice="Look at it with kubectl.")
        return DecodedObject(None, None, "", (problem,))


def _decoded(
    key: ObjectKey, found: KubernetesObject, resource_version: str, problems: tuple[Problem, ...]
) -> DecodedObject:
    problems = _of_objects(problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return DecodedObject(key, None, resource_version, problems)
    metadata = found.metadata
    annotations = metadata.annotations
    if LAST_APPLIED in annotations:
        annotations = {name: value for name, value in annotations.items() if name != LAST_APPLIED}
    metadata = msgspec.structs.replace(metadata, resource_version="", annotations=annotations)
    return DecodedObject(key, msgspec.structs.replace(found, metadata=metadata), resource_version, problems)


def _of_objects(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.code not in PROBLEMS_OF_FILES)


def _is_large(found: KubernetesObject) -> bool:
    """Whether an Ingress is beyond the bounds that decoding from files sets, and words."""
    if not isinstance(found, Ingress):
        return False
    rules = found.spec.rules
    return len(rules) > MOST_RULES or sum(len(rule.http.paths) for rule in rules if rule.http) > MOST_PATHS


def _resource_version(value: dict[str, Any]) -> str:
    metadata = value.get("metadata")
    found = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else ""


def _private_bytes(_wanted: type, value: object) -> PrivateBytes:
    """A value of ``Secret.data``. Raises ValueError without repeating it."""
    findings = Findings()
    read = Base64().read(value, "", findings, "")
    if findings.failed:
        raise ValueError("not base64")
    return read
