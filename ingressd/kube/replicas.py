"""The pods of this controller: this one, and its sisters."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from ingressd.kube.api import Api
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.resource import NODES, PODS

NODE_SECONDS = 300.0
"""How long the addresses of a node are believed: they change when the node does."""

_TEMPLATE_LABELS = ("pod-template-hash", "controller-revision-hash", "pod-template-generation")
"""Labels that tell the pods of one rollout from those of the next (Deployment, StatefulSet, DaemonSet)."""

_Answer = TypeVar("_Answer")


class Replica(msgspec.Struct, frozen=True):
    """``ready`` is the pod's condition; ``leaving`` when it is being deleted, or has ended for good."""

    name: str
    node: str
    ready: bool
    leaving: bool


class _Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    labels: dict[str, str] | None = None
    deletion_timestamp: str | None = None


class _PodSpec(msgspec.Struct, rename="camel"):
    node_name: str = ""


class _Condition(msgspec.Struct):
    type: str = ""
    status: str = ""


class _PodStatus(msgspec.Struct):
    phase: str = ""
    conditions: tuple[_Condition, ...] | None = None


class _Pod(msgspec.Struct):
    metadata: _Metadata
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)
    status: _PodStatus = msgspec.field(default_factory=_PodStatus)

    def replica(self) -> Replica:
        conditions = {condition.type: condition.status for condition in self.status.conditions or ()}
        ended = self.status.phase in ("Succeeded", "Failed")
        leaving = ended or self.metadata.deletion_timestamp is not None
        return Replica(self.metadata.name, self.spec.node_name, conditions.get("Ready") == "True", leaving)


class _PodList(msgspec.Struct):
    items: tuple[_Pod, ...] | None = None


class _NodeAddress(msgspec.Struct):
    type: str = ""
    address: str = ""


class _NodeStatus(msgspec.Struct):
    addresses: tuple[_NodeAddress, ...] | None = None


class _Node(msgspec.Struct):
    status: _NodeStatus = msgspec.field(default_factory=_NodeStatus)


class Replicas:
    """Looks them up when asked. ``pod`` and ``namespace`` are this pod's own, as the downward API tells them."""

    def __init__(self, api: Api, *, namespace: str, pod: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.namespace = namespace
        self.pod = pod
        self._api = api
        self._clock = clock
        self._selector: str | None = None
        self._addresses: dict[str, tuple[float, tuple[str, ...]]] = {}

    async def all(self) -> tuple[Replica, ...]:
        """Return the pods with this pod's labels, by name. Raises ApiError.

        The labels of one rollout do not count. A pod without any other label has no sisters that could be told apart
        from strangers.
        """
        if self._selector is None:
            labels = (await self._own()).metadata.labels or {}
            self._selector = ",".join(
                f"{name}={value}" for name, value in sorted(labels.items()) if name not in _TEMPLATE_LABELS
            )
        if not self._selector:
            return ((await self._own()).replica(),)
        body = await self._api.request("GET", PODS.path(self.namespace), query={"labelSelector": self._selector})
        pods = _decode(body, _PodList, "pods").items or ()
        return tuple(sorted((pod.replica() for pod in pods), key=lambda replica: replica.name))

    async def last_leaves(self) -> bool:
        """Say whether nobody will serve once this process has ended. Raises ApiError when that is not known.

        A pod that is not being deleted starts its container again, so it does not leave.
        """
        return all(replica.leaving for replica in await self.all())

    async def node_addresses(self) -> tuple[str, ...]:
        """Return where the nodes are reached on which replicas are ready: external addresses, or, of a node that has
        none, internal ones (core/v1, ``NodeAddress``). Raises ApiError."""
        nodes = {replica.node for replica in await self.all() if replica.ready and not replica.leaving}
        nodes.discard("")
        self._addresses = {node: known for node, known in self._addresses.items() if node in nodes}
        return tuple([address for node in sorted(nodes) for address in await self._of_node(node)])

    async def _of_node(self, node: str) -> tuple[str, ...]:
        known = self._addresses.get(node)
        if known is not None and self._clock() < known[0] + NODE_SECONDS:
            return known[1]
        body = await self._api.request("GET", NODES.path(name=node))
        found = _decode(body, _Node, "a Node").status.addresses or ()
        external = tuple(entry.address for entry in found if entry.type == "ExternalIP" and entry.address)
        internal = tuple(entry.address for entry in found if entry.type == "InternalIP" and entry.address)
        addresses = external or internal
        if addresses:
            self._addresses[node] = (self._clock(), addresses)
        return addresses

    async def _own(self) -> _Pod:
        return _decode(await self._api.request("GET", PODS.path(self.namespace, self.pod)), _Pod, "a Pod")


def _decode(body: bytes, type_: type[_Answer], what: str) -> _Answer:
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(ApiFault.MALFORMED, f"The API server's answer is not {what}: {error}") from None
