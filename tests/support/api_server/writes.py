"""What a write does to an object: metadata, generation, status, finalizers, conflicts.

Kubernetes apiserver, ``pkg/registry/rest`` and ``pkg/registry/generic/registry/store.go``.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from . import status_error
from .defaults import admitted, with_defaults
from .kinds import BY_KIND, ApiKind, Json
from .patches import patched
from .status_error import FieldError, StatusError, invalid
from .storage import Storage, Stored
from .validation import metadata_errors, read_errors, spec_errors, status_errors, update_errors

_NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
FIRST_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class Writes:
    """The only place that changes the storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._random = random.Random(0)
        for name in FIRST_NAMESPACES:
            self.ensure_namespace(name)

    def ensure_namespace(self, name: str) -> None:
        kind = BY_KIND["Namespace"]
        if name and self._storage.get(kind, "", name) is None:
            self.create(kind, "", {"metadata": {"name": name}})

    def create(
        self, kind: ApiKind, namespace: str, given: Json, *, trusted: bool = False, validate: bool = True
    ) -> Stored:
        """``trusted`` is for what tests put in place: its creation time and its status are taken over."""
        value, metadata = _parts(kind, namespace, given)
        if not metadata.get("name") and metadata.get("generateName"):
            letters = "".join(self._random.choice(_NAME_LETTERS) for _ in range(5))
            metadata["name"] = f"{metadata['generateName']}{letters}"
        name = metadata.get("name") or ""
        if metadata.pop("resourceVersion", None) and not trusted:
            raise StatusError(500, "resourceVersion should not be set on objects to be created")
        if not trusted and kind.namespaced and self._storage.get(BY_KIND["Namespace"], "", namespace) is None:
            raise status_error.not_found(BY_KIND["Namespace"], namespace)
        status = value.pop("status", None)
        value = with_defaults(kind, value, status if trusted else None)
        if kind.kind == "Ingress":
            admitted(value, self._storage.all(BY_KIND["IngressClass"]))
        if validate:
            _check(kind, name, [*metadata_errors(kind, metadata), *spec_errors(kind, value, creating=True)])
        if self._storage.get(kind, namespace, name) is not None:
            raise status_error.already_exists(kind, name)
        created = metadata.get("creationTimestamp") if trusted else None
        for field in _KEPT:
            metadata.pop(field, None)
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = created or _now()
        if kind.generation:
            metadata["generation"] = 1
        return self._put(kind, value)

    def update(
        self,
        kind: ApiKind,
        namespace: str,
        name: str,
        given: Json,
        *,
        subresource: str = "",
        trusted: bool = False,
        validate: bool = True,
    ) -> Stored:
        """Replace an object, or, as the subresource ``status``, only its status and metadata."""
        current = self._storage.get(kind, namespace, name)
        value, metadata = _parts(kind, namespace, given)
        if metadata.setdefault("name", name) != name:
            text = f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
            raise status_error.bad_request(text)
        version = metadata.get("resourceVersion") or ""
        if current is None:
            if kind.created_by_update and not subresource:
                metadata.pop("resourceVersion", None)
                return self.create(kind, namespace, value)
            raise status_error.not_found(kind, name)
        if not version and not kind.unconditional_update and not trusted:
            raise status_error.not_valid(
                kind, name, [invalid("metadata.resourceVersion", 0, "must be specified for an update")]
            )
        if version and not trusted and version != str(current.resource_version):
            raise status_error.conflict(kind, name)
        return self._replace(kind, current, value, subresource=subresource, trusted=trusted, validate=validate)

    def patch(
        self, kind: ApiKind, namespace: str, name: str, body: bytes, content_type: str, *, subresource: str = ""
    ) -> Stored:
        current = self._storage.get(kind, namespace, name)
        if current is None:
            raise status_error.not_found(kind, name)
        value = patched(content_type, current.value(), body)
        return self.update(kind, namespace, name, value, subresource=subresource)

    def delete(
        self, kind: ApiKind, namespace: str, name: str, preconditions: Mapping[str, str] | None = None
    ) -> tuple[Stored, bool]:
        """Return the object, and whether it is gone: with finalizers it is only marked."""
        current = self._storage.get(kind, namespace, name)
        if current is None:
            raise status_error.not_found(kind, name)
        value = current.value()
        metadata = value["metadata"]
        for field, wanted in (preconditions or {}).items():
            if metadata.get(field) != wanted:
                label = {"uid": "UID", "resourceVersion": "ResourceVersion"}[field]
                why = f"Precondition failed: {label} in precondition: {wanted}, {label} in object meta: "
                raise status_error.conflict(kind, name, why + str(metadata.get(field)))
        if metadata.get("finalizers"):
            if "deletionTimestamp" not in metadata:
                metadata["deletionTimestamp"] = _now()
                metadata["deletionGracePeriodSeconds"] = 0
                if "generation" in metadata:
                    metadata["generation"] += 1
                current = self._put(kind, value)
            return current, False
        if kind.kind == "Namespace":
            self._empty(name)
        return self._storage.remove(kind, current), True

    def _empty(self, namespace: str) -> None:
        for kind in BY_KIND.values():
            if kind.namespaced:
                for each in self._storage.all(kind):
                    if each.namespace == namespace:
                        self._storage.remove(kind, each)

    def _replace(
        self, kind: ApiKind, current: Stored, value: Json, *, subresource: str, trusted: bool, validate: bool
    ) -> Stored:
        before = current.value()
        old, metadata = before["metadata"], value["metadata"]
        uid = metadata.get("uid")
        if uid and uid != old["uid"]:
            why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['uid']}"
            raise status_error.conflict(kind, current.name, why)
        if subresource == "status":
            value = {**before, "metadata": metadata, "status": value.get("status") or {}}
        else:
            status = value.pop("status", None)
            value = with_defaults(kind, value, status if trusted and status else before.get("status"), before)
        for field in _KEPT:
            metadata.pop(field, None)
            if field in old:
                metadata[field] = old[field]
        metadata["name"], metadata["resourceVersion"] = current.name, old["resourceVersion"]
        if "managedFields" in old:
            metadata["managedFields"] = old["managedFields"]
        if validate:
            errors = metadata_errors(kind, metadata)
            if subresource == "status":
                errors += status_errors(kind, value)
            else:
                errors += [*update_errors(kind, before, value), *spec_errors(kind, value, creating=False)]
            _check(kind, current.name, errors)
        if any(before.get(field) != value.get(field) for field in kind.generation):
            metadata["generation"] = old.get("generation", 0) + 1
        if _same(before, value):
            return current
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            return self._storage.remove(kind, current)
        return self._put(kind, value)

    def _put(self, kind: ApiKind, value: Json) -> Stored:
        value["metadata"]["managedFields"] = [_managed_fields(kind, value)]
        return self._storage.put(kind, value)


def _parts(kind: ApiKind, namespace: str, given: Json) -> tuple[Json, Json]:
    """Return a copy of what was sent, and its metadata, which are checked for their shape and their namespace."""
    value: Json = msgspec.json.decode(msgspec.json.encode(given))
    for field, expected in (("kind", kind.kind), ("apiVersion", kind.api_version)):
        if value.pop(field, expected) != expected:
            why = f"the {field} in the data does not match the expected {field} ({expected})"
            raise status_error.bad_request(why)
    metadata = value.setdefault("metadata", {})
    if why := read_errors(kind, value):
        raise status_error.unreadable(kind, why)
    if kind.namespaced:
        if metadata.setdefault("namespace", namespace) != namespace:
            raise status_error.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
    else:
        metadata.pop("namespace", None)
    metadata.pop("managedFields", None)
    return value, metadata


def _check(kind: ApiKind, name: str, errors: list[FieldError]) -> None:
    if errors:
        raise status_error.not_valid(kind, name, errors)


def _same(before: Json, after: Json) -> bool:
    """Whether nothing changes: then nothing is written, and the resource version stays."""
    return before == {name: part for name, part in after.items() if name not in ("kind", "apiVersion")}


def _managed_fields(kind: ApiKind, value: Json) -> Json:
    """Return something of the size and shape of what server-side apply keeps with every object."""
    fields: dict[str, Any] = {}
    for name, part in value.items():
        inner = part if isinstance(part, dict) else {}
        fields[f"f:{name}"] = {".": {}, **{f"f:{each}": {} for each in inner if each != "managedFields"}}
    return {
        "manager": "tests",
        "operation": "Update",
        "apiVersion": kind.api_version,
        "time": _now(),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
