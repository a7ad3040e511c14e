"""What a source says happened."""

from __future__ import annotations

import msgspec

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Problem


class Applied(msgspec.Struct, frozen=True):
    """The object exists, and this is all of it."""

    object: KubernetesObject


class Deleted(msgspec.Struct, frozen=True):
    key: ObjectKey


class Replaced(msgspec.Struct, frozen=True):
    """Every object of one kind: what is not among them no longer exists (a list, or a list again)."""

    kind: Kind
    objects: tuple[KubernetesObject, ...]


class Reported(msgspec.Struct, frozen=True):
    """All the problems that one reporter (a file, an API kind) has now; they replace its earlier ones."""

    reporter: str
    problems: tuple[Problem, ...]


class Synced(msgspec.Struct, frozen=True):
    """The source has said everything that existed when it started."""


Change = Applied | Deleted | Replaced | Reported | Synced
