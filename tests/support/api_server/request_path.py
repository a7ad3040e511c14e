"""What a request asks for, as authorization and tests see it.

Kubernetes apiserver, ``pkg/endpoints/request/requestinfo.go``.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .kinds import BY_PLURAL, ApiKind
from .list_options import is_true
from .selectors import exact_name

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


class ApiRequest(msgspec.Struct, frozen=True):
    """``verb`` is one of get, list, watch, create, update, patch, delete and deletecollection, as in RBAC rules."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def whole_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Target(msgspec.Struct, frozen=True):
    """A request for objects, with the name in its path, which differs from the one that RBAC sees."""

    request: ApiRequest
    kind: ApiKind | None
    name: str


def target_of(method: str, path: str, query: Mapping[str, str]) -> Target | None:
    """Return None for a path that is not about objects."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in ("status", "finalize"):
            rest = rest[2:]
    if len(rest) > 3:
        return None
    resource, name, subresource = (*rest, "", "")[:3]
    request = ApiRequest(
        verb=_verb(method, name, query),
        group=group,
        resource=resource,
        subresource=subresource,
        namespace=namespace,
        name=name,
    )
    if request.verb in ("list", "watch", "deletecollection") and not name:
        request = msgspec.structs.replace(request, name=exact_name(query))
    return Target(request, BY_PLURAL.get((group, version, resource)), name)


def _verb(method: str, name: str, query: Mapping[str, str]) -> str:
    if method in ("GET", "HEAD"):
        if is_true(query, "watch"):
            return "watch"
        return "get" if name else "list"
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    return _VERBS.get(method, method.lower())
