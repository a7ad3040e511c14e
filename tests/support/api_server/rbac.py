"""Role-based access control (Kubernetes documentation, "Using RBAC Authorization")."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from .authentication import User
from .kinds import ApiKind, Json
from .request_path import ApiRequest
from .status_error import forbidden

RBAC_KINDS = ("ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding")


class Grant(msgspec.Struct, frozen=True):
    """One verb on one resource; an empty ``namespace`` is everywhere, an empty ``name`` every object."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def allows(self, request: ApiRequest) -> bool:
        """``*`` stands for everything, and ``*/status`` for a subresource of everything."""
        return (
            self.verb in ("*", request.verb)
            and self.group in ("*", request.group)
            and self.resource in ("*", request.whole_resource, f"*/{request.subresource or '-'}")
            and self.namespace in ("", request.namespace)
            and self.name in ("", request.name)
        )


class Authorization:
    """Everything is allowed until rules are loaded; then only what they grant."""

    def __init__(self) -> None:
        self._enforced = False
        self._grants: dict[str, list[Grant]] = {}
        self._used: set[Grant] = set()

    def load(self, manifests: Iterable[Json]) -> None:
        """Take roles and bindings out of any manifests, and enforce them together with those of before.

        Raises KeyError for a binding to a role that is not among them.
        """
        manifests = tuple(manifests)
        roles = {_role_key(each): each.get("rules") or () for each in manifests if each["kind"] in RBAC_KINDS[:2]}
        for binding in manifests:
            if binding["kind"] not in RBAC_KINDS[2:]:
                continue
            namespace = binding["metadata"].get("namespace", "") if binding["kind"] == "RoleBinding" else ""
            role = binding["roleRef"]
            rules = roles[role["kind"], namespace if role["kind"] == "Role" else "", role["name"]]
            grants = [grant for rule in rules for grant in _grants(rule, namespace)]
            for subject in binding.get("subjects") or ():
                self._grants.setdefault(_subject_key(subject), []).extend(grants)
        self._enforced = True

    def check(self, user: User, request: ApiRequest, kind: ApiKind | None) -> None:
        """Raises StatusError (403)."""
        if not self._enforced or "system:masters" in user.groups:
            return
        subjects = (f"User {user.name}", *(f"Group {group}" for group in user.groups))
        found = [grant for subject in subjects for grant in self._grants.get(subject, ()) if grant.allows(request)]
        if found:
            self._used.update(found)
            return
        where = f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
        what = f'resource "{request.whole_resource}" in API group "{request.group}"'
        kind = kind or ApiKind(request.group, "", request.resource, request.resource)
        raise forbidden(kind, request.name, f'User "{user.name}" cannot {request.verb} {what} {where}')

    def unused(self) -> set[Grant]:
        """Return what is granted and was never needed."""
        return {grant for grants in self._grants.values() for grant in grants} - self._used


def _grants(rule: Json, namespace: str) -> Iterable[Grant]:
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule["verbs"]:
                for name in rule.get("resourceNames") or ("",):
                    yield Grant(verb, group, resource, namespace, name)


def _role_key(role: Json) -> tuple[str, str, str]:
    return (
        role["kind"],
        role["metadata"].get("namespace", "") if role["kind"] == "Role" else "",
        role["metadata"]["name"],
    )


def _subject_key(subject: Json) -> str:
    if subject["kind"] == "ServiceAccount":
        return f"User system:serviceaccount:{subject['namespace']}:{subject['name']}"
    return f"{subject['kind']} {subject['name']}"
