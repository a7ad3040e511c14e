"""A document to the Kubernetes objects in it.

A document is a plain value as a YAML or JSON parser made it (dict, list, str, int, float, bool, None). It holds
one object, or a list of them (``kind: List``, what ``kubectl get -o yaml`` prints). Kinds that do not decide
where a request goes are passed over and counted. No input raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ingressd.resources import field_path
from ingressd.resources.api_versions import (
    API_VERSIONS,
    REMOVED_VERSIONS,
    advice_on_api_version,
    advice_on_kind,
    group_of,
    nearest_kind,
)
from ingressd.resources.conversion import PRIVATE_TEXTS, Structure, noun, report_unquoted
from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.ingress import Ingress
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import TYPE_OF_KIND, KubernetesObject
from ingressd.resources.problem import Problem
from ingressd.resources.secret import PrivateBytes, Secret

DEFAULT_NAMESPACE = "default"

MOST_RULES = 100
MOST_PATHS = 1000
_MOST_NESTED_LISTS = 4

_STRUCTURES: Mapping[Kind, Structure] = {kind: Structure(struct) for kind, struct in TYPE_OF_KIND.items()}


class Manifest(msgspec.Struct, frozen=True):
    """What one object of a document came to.

    ``object`` is None when it has an error; ``key`` is None when even its kind or name could not be read.
    ``prefix`` is the JSON path of the object in its document: empty, or ``items[3]`` in a list. The paths of
    ``problems`` start at the object when ``key`` is known, else at the document.
    """

    key: ObjectKey | None
    object: KubernetesObject | None
    prefix: str = ""
    problems: tuple[Problem, ...] = ()


class Decoded(msgspec.Struct, frozen=True):
    """``passed_over`` counts objects of kinds that are not used, by ``apiVersion/kind``."""

    manifests: tuple[Manifest, ...] = ()
    passed_over: dict[str, int] = {}

    @property
    def objects(self) -> tuple[KubernetesObject, ...]:
        return tuple(manifest.object for manifest in self.manifests if manifest.object is not None)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for manifest in self.manifests for problem in manifest.problems)


def decode(document: object) -> Decoded:
    """The objects of one document, in their order. An empty document (None) holds none."""
    passed_over: dict[str, int] = {}
    manifests = tuple(_manifests(document, "", 0, passed_over))
    return Decoded(manifests, passed_over)


def _manifests(
    value: object,
    prefix: str,
    depth: int,
    passed_over: dict[str, int],
    inherited: tuple[str, str] | None = None,
) -> Iterator[Manifest]:
    """``inherited`` is apiVersion and kind for the items of a typed list, which seldom repeat them."""
    if value is None and not prefix:
        return
    findings = Findings()
    if not isinstance(value, dict):
        findings.warning(
            "not_an_object",
            prefix,
            f"This is {noun(value)}, not a Kubernetes object.",
            "Pass only Kubernetes manifests.",
        )
        yield Manifest(None, None, prefix, findings.problems(None))
        return
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if inherited is not None:
        api_version, kind = api_version or inherited[0], kind or inherited[1]
    if not isinstance(api_version, str) or not isinstance(kind, str) or not api_version or not kind:
        yield _unidentified(value, api_version, kind, prefix, findings)
        return
    items = value.get("items")
    if kind.endswith("List") and (isinstance(items, list) or kind == "List"):
        element = kind.removesuffix("List")
        if not element or element in TYPE_OF_KIND:
            typed = (api_version, element) if element else None
            yield from _items(items, prefix, depth, passed_over, typed)
            return
    if kind in TYPE_OF_KIND:
        manifest = _manifest(value, api_version, Kind(kind), prefix, findings)
        if manifest is not None:
            yield manifest
            return
    misspelt = _misspelt(api_version, kind, prefix)
    if misspelt is not None:
        yield misspelt
    name = f"{api_version}/{kind}"
    passed_over[name] = passed_over.get(name, 0) + 1


def _items(
    items: object, prefix: str, depth: int, passed_over: dict[str, int], typed: tuple[str, str] | None
) -> Iterator[Manifest]:
    path = field_path.child(prefix, "items")
    findings = Findings()
    if items is None:
        return
    if not isinstance(items, list):
        message = f"Must be a list, but it is {noun(items)}."
        findings.error("wrong_type", path, message, 'Start every object with "- ".')
    elif depth >= _MOST_NESTED_LISTS:
        findings.error(
            "too_deep", path, f"Lists are nested more than {_MOST_NESTED_LISTS} deep.", "Write one flat list."
        )
    else:
        for index, entry in enumerate(items):
            yield from _manifests(entry, field_path.item(path, index), depth + 1, passed_over, typed)
        return
    yield Manifest(None, None, prefix, findings.problems(None))


def _unidentified(
    value: dict[Any, Any], api_version: object, kind: object, prefix: str, findings: Findings
) -> Manifest:
    if "apiVersion" not in value and "kind" not in value:
        findings.warning(
            "not_an_object",
            prefix,
            "This is not a Kubernetes object: it has no apiVersion and no kind.",
            "Pass only Kubernetes manifests, or add both fields.",
        )
    else:
        owner = kind if isinstance(kind, str) and kind in TYPE_OF_KIND else "object"
        for name, field, advice in (
            ("apiVersion", api_version, advice_on_api_version(kind)),
            ("kind", kind, advice_on_kind(api_version)),
        ):
            path = field_path.child(prefix, name)
            if field in (None, ""):
                findings.error("missing_field", path, f"The {owner} has no {name}.", advice)
            elif not isinstance(field, str):
                findings.error("missing_field", path, f"Must be a text, but it is {noun(field)}.", advice)
    return Manifest(None, None, prefix, findings.problems(None))


def _misspelt(api_version: str, kind: str, prefix: str) -> Manifest | None:
    """A warning when an object of a kind that is not used was probably meant to be of one that is."""
    meant = nearest_kind(api_version, kind)
    if meant is None:
        return None
    findings = Findings()
    message = f"The kind {shown(kind)} of {shown(api_version)} is not known here, so this object is not used."
    findings.warning("unknown_kind", field_path.child(prefix, "kind"), message, f'Did you mean "{meant}"?')
    return Manifest(None, None, prefix, findings.problems(None))


def _manifest(value: dict[Any, Any], api_version: str, kind: Kind, prefix: str, findings: Findings) -> Manifest | None:
    """One object of a kind that is used; None when the kind of that name belongs to somebody else's API."""
    if api_version != API_VERSIONS[kind]:
        removed = REMOVED_VERSIONS.get((api_version, kind))
        if removed is not None:
            version, advice = removed
            message = f"{api_version} {kind} was removed in Kubernetes {version}."
            findings.error("removed_api_version", "apiVersion", message, advice)
        elif _is_foreign(api_version, kind):
            return None
        else:
            message = f"There is no {kind} in {shown(api_version)}."
            findings.error("unknown_api_version", "apiVersion", message, f'Write "apiVersion: {API_VERSIONS[kind]}".')
        key = _key(value, kind, Findings())
        return Manifest(key, None, prefix, findings.problems(key))
    key = _key(value, kind, findings)
    if key is None:
        return Manifest(None, None, prefix, _moved(findings.problems(None), prefix))
    decoded = _STRUCTURES[kind].read(value, "", findings, "")
    if kind is Kind.SECRET:
        decoded = _with_string_data(decoded, value.get("stringData"), findings)
    if isinstance(decoded, Ingress):
        _check_size(decoded, findings)
    placed = None if findings.failed else _placed(decoded, key)
    return Manifest(key, placed, prefix, findings.problems(key))


def _is_foreign(api_version: str, kind: Kind) -> bool:
    """A custom resource may have the same kind; its group is another, and always contains a dot."""
    group = group_of(api_version)
    return "." in group and group != group_of(API_VERSIONS[kind])


def _key(value: dict[Any, Any], kind: Kind, findings: Findings) -> ObjectKey | None:
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    namespace = (metadata.get("namespace") if isinstance(metadata, dict) else None) or DEFAULT_NAMESPACE
    if isinstance(name, str) and name and isinstance(namespace, str):
        return ObjectKey(kind, namespace if kind.namespaced else "", name)
    if isinstance(metadata, dict) and name in (None, ""):
        generated = "generateName" in metadata
        advice = "Only an API server makes up names: give it one." if generated else "Give the object a name."
        findings.error("missing_field", "metadata.name", f"The {kind} has no name.", advice)
    elif isinstance(metadata, dict):
        field, wrong = ("namespace", namespace) if isinstance(name, str) else ("name", name)
        path = f"metadata.{field}"
        if isinstance(wrong, bool | int | float):
            report_unquoted("a text", wrong, path, findings)
        else:
            message = f"Must be a text, but it is {noun(wrong)}."
            findings.error("wrong_type", path, message, f'Write the {field} alone, as in "{field}: web".')
    else:
        findings.error("missing_field", "metadata", f"The {kind} has no metadata.", "Give the object a name.")
    return None


def _moved(problems: tuple[Problem, ...], prefix: str) -> tuple[Problem, ...]:
    return tuple(msgspec.structs.replace(problem, path=field_path.joined(prefix, problem.path)) for problem in problems)


def _with_string_data(decoded: Secret | None, string_data: object, findings: Findings) -> Secret | None:
    """``stringData`` wins over ``data`` key by key (core/v1, ``Secret.stringData``)."""
    if string_data is None:
        return decoded
    texts = PRIVATE_TEXTS.read(string_data, "stringData", findings, "")
    if decoded is None or findings.failed:
        return None
    encoded = {key: PrivateBytes(text.encode("utf-8", "surrogatepass")) for key, text in texts.items()}
    return msgspec.structs.replace(decoded, data={**decoded.data, **encoded})


def _check_size(ingress: Ingress, findings: Findings) -> None:
    """Bounds of ours, not of the API: one object must not be able to crowd out those of others."""
    rules = ingress.spec.rules
    if len(rules) > MOST_RULES:
        findings.error(
            "too_many_rules",
            "spec.rules",
            f"The Ingress has {len(rules)} rules; at most {MOST_RULES} are served.",
            "Split it into several Ingresses.",
        )
    paths = sum(len(rule.http.paths) for rule in rules if rule.http is not None)
    if paths > MOST_PATHS:
        findings.error(
            "too_many_paths",
            "spec.rules",
            f"The Ingress has {paths} paths; at most {MOST_PATHS} are served.",
            "Split it into several Ingresses.",
        )


def _placed(decoded: KubernetesObject, key: ObjectKey) -> KubernetesObject:
    """With the namespace of its key: a default for objects that leave it out, none for cluster-scoped ones."""
    if decoded.metadata.namespace == key.namespace:
        return decoded
    metadata = msgspec.structs.replace(decoded.metadata, namespace=key.namespace)
    return msgspec.structs.replace(decoded, metadata=metadata)
