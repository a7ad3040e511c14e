"""What each part of the program asks the API server for, and nothing more.

The roles in ``manifests/`` grant exactly this table, and the sentence about a forbidden call is made from it.
(Kubernetes documentation, "Using RBAC Authorization".)
"""

from __future__ import annotations

import enum

import msgspec

from ingressd.kube import resource
from ingressd.kube.resource import Resource


class Feature(enum.StrEnum):
    """What stops working without the rule."""

    ROUTING = "routing"
    LEADERSHIP = "leader election"
    STATUS = "the status of Ingresses"
    EVENTS = "Events"


class Scope(enum.Enum):
    """Where a rule must hold.

    ``WATCHED_NAMESPACES`` is the whole cluster without ``--watch-namespace``, and those namespaces alone with it.
    ``OWN_NAMESPACE`` is the one that the controller's pods run in (for Services: the one of ``--publish-service``).
    """

    CLUSTER = "cluster"
    WATCHED_NAMESPACES = "watched namespaces"
    OWN_NAMESPACE = "own namespace"


class Permission(msgspec.Struct, frozen=True):
    """One RBAC rule. ``subresource`` is empty for the object itself."""

    resource: Resource
    verbs: tuple[str, ...]
    scope: Scope
    feature: Feature
    subresource: str = ""

    @property
    def rule_resource(self) -> str:
        """As an RBAC rule spells it under ``resources``: ``ingresses``, ``ingresses/status``."""
        return f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural


_FOLLOWED = ("list", "watch")

PERMISSIONS: tuple[Permission, ...] = (
    Permission(resource.INGRESS_CLASSES, _FOLLOWED, Scope.CLUSTER, Feature.ROUTING),
    Permission(resource.INGRESSES, _FOLLOWED, Scope.WATCHED_NAMESPACES, Feature.ROUTING),
    Permission(resource.SERVICES, _FOLLOWED, Scope.WATCHED_NAMESPACES, Feature.ROUTING),
    Permission(resource.ENDPOINT_SLICES, _FOLLOWED, Scope.WATCHED_NAMESPACES, Feature.ROUTING),
    Permission(resource.SECRETS, _FOLLOWED, Scope.WATCHED_NAMESPACES, Feature.ROUTING),
    Permission(resource.LEASES, ("get", "create", "update"), Scope.OWN_NAMESPACE, Feature.LEADERSHIP),
    Permission(resource.INGRESSES, ("patch",), Scope.WATCHED_NAMESPACES, Feature.STATUS, "status"),
    Permission(resource.SERVICES, ("get",), Scope.OWN_NAMESPACE, Feature.STATUS),
    Permission(resource.PODS, ("get", "list"), Scope.OWN_NAMESPACE, Feature.STATUS),
    Permission(resource.NODES, ("get",), Scope.CLUSTER, Feature.STATUS),
    Permission(resource.EVENTS, ("create", "patch"), Scope.WATCHED_NAMESPACES, Feature.EVENTS),
)
"""Every call there is. A kind may have several rules, one for each feature that needs it."""


def needed_rule(found: Permission, namespace: str = "") -> str:
    """Return where the rule belongs, and the rule as one would write it.

    ``a ClusterRole must grant apiGroups [""], resources [services], verbs [list, watch]``. ``namespace`` is
    where the call was made; it is empty for the whole cluster.
    """
    where = f"a Role in namespace {namespace}" if namespace else "a ClusterRole"
    group, verbs = found.resource.group, ", ".join(found.verbs)
    return f'{where} must grant apiGroups ["{group}"], resources [{found.rule_resource}], verbs [{verbs}]'


def permission_for(wanted: Resource, feature: Feature, subresource: str = "") -> Permission:
    """Return the rule that a call needs. Raises LookupError for one that is not in the table: a programming error."""
    asked = (wanted, feature, subresource)
    found = next((rule for rule in PERMISSIONS if (rule.resource, rule.feature, rule.subresource) == asked), None)
    if found is None:
        raise LookupError(f"{wanted} is not called for {feature}")
    return found


def forbidden_sentence(wanted: Resource, feature: Feature, namespace: str = "", subresource: str = "") -> str:
    """Say which rule is missing, and what does not work without it; arguments as above."""
    rule = needed_rule(permission_for(wanted, feature, subresource), namespace)
    return f"The service account may not use {wanted}: {rule}; {feature} needs it."
