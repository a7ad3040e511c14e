"""Whether a manifest is what the Kubernetes API documents, field by field.

The models of kubernetes_asyncio are made from the API's own OpenAPI document: they know the fields of each kind with
their types, and which of them must be there. Unlike an API server without strict validation, nothing unknown passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import kubernetes_asyncio.client.models as api

MONITORING = "monitoring.coreos.com/v1"

_OBJECT_META = "V1ObjectMeta"
_LIST = re.compile(r"list\[(.+)\]")
_DICT = re.compile(r"dict\(str, (.+)\)")
_PLAIN: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
    "object": (str, int, dict),
    "datetime": (str,),
}
_ENDPOINT = {"port": "str", "path": "str", "interval": "str", "honorLabels": "bool", "relabelings": "list[object]"}
_MONITORS: Mapping[str, Mapping[str, Any]] = {
    "ServiceMonitor": {"selector": "V1LabelSelector", "endpoints": _ENDPOINT},
    "PodMonitor": {"selector": "V1LabelSelector", "podMetricsEndpoints": _ENDPOINT},
}
"""The part of the Prometheus Operator's kinds that is used here; both fields of a spec are required."""


def schema_faults(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Say at which places a manifest is not what the API documents; nothing when it is."""
    api_version, kind = document.get("apiVersion", ""), document.get("kind", "")
    if api_version == MONITORING:
        return tuple(_monitor_faults(document, _MONITORS.get(kind)))
    version = api_version.rpartition("/")[2]
    model = getattr(api, f"{version.capitalize()}{kind}", None)
    if model is None:
        return (f"there is no {kind} in {api_version}",)
    return tuple(_model_faults(document, model, ""))


def _model_faults(value: object, model: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: must be an object, and is {value!r}"
        return
    attributes = {json_name: name for name, json_name in model.attribute_map.items()}
    for name in value.keys() - attributes.keys():
        yield f"{_child(place, name)}: {model.__name__} has no such field"
    found = list(_known_faults(value, model, attributes, place))
    yield from found
    if not found:
        yield from _missing_and_unlisted(value, model, attributes, place)


def _known_faults(value: Mapping[str, Any], model: Any, attributes: Mapping[str, str], place: str) -> Iterator[str]:
    for name in sorted(value.keys() & attributes.keys()):
        yield from _typed_faults(value[name], model.openapi_types[attributes[name]], _child(place, name))


def _missing_and_unlisted(
    value: Mapping[str, Any], model: Any, attributes: Mapping[str, str], place: str
) -> Iterator[str]:
    """The models themselves refuse what is required and missing, and what is not in an enumeration."""
    try:
        model(**{attributes[name]: found for name, found in value.items() if name in attributes})
    except ValueError as error:
        yield f"{place}: {error}"


def _typed_faults(value: object, wanted: str, place: str) -> Iterator[str]:
    if found := _LIST.fullmatch(wanted):
        if not isinstance(value, list):
            yield f"{place}: must be a list, and is {value!r}"
            return
        for index, entry in enumerate(value):
            yield from _typed_faults(entry, found[1], f"{place}[{index}]")
    elif found := _DICT.fullmatch(wanted):
        if not isinstance(value, dict):
            yield f"{place}: must be an object, and is {value!r}"
            return
        for name, entry in value.items():
            yield from _typed_faults(entry, found[1], _child(place, name))
    elif plain := _PLAIN.get(wanted):
        if not isinstance(value, plain) or (isinstance(value, bool) and bool not in plain):
            yield f"{place}: must be {wanted}, and is {value!r}"
    else:
        yield from _model_faults(value, getattr(api, wanted), place)


def _monitor_faults(document: Mapping[str, Any], spec_types: Mapping[str, Any] | None) -> Iterator[str]:
    if spec_types is None:
        yield f"{document.get('kind')}: not a kind that is known here"
        return
    for name in document.keys() - {"apiVersion", "kind", "metadata", "spec"}:
        yield f"{name}: no such field"
    yield from _typed_faults(document.get("metadata"), _OBJECT_META, "metadata")
    spec = document.get("spec", {})
    for name in sorted(spec.keys() ^ spec_types.keys()):
        yield f"spec.{name}: {'no such field' if name in spec else 'missing'}"
    for name in sorted(spec.keys() & spec_types.keys()):
        wanted = spec_types[name]
        if isinstance(wanted, str):
            yield from _typed_faults(spec[name], wanted, f"spec.{name}")
            continue
        for index, endpoint in enumerate(spec[name]):
            place = f"spec.{name}[{index}]"
            for field, value in endpoint.items():
                if field in wanted:
                    yield from _typed_faults(value, wanted[field], _child(place, field))
                else:
                    yield f"{_child(place, field)}: no such field"


def _child(place: str, name: object) -> str:
    return f"{place}.{name}" if place else str(name)
