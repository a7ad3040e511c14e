"""The rendered manifests, as objects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from manifests.renderings import EVERY_VALUE_FILE, RENDERINGS
from tests.support.manifests import Manifest

RENDERED_FILES = (*(rendering.file for rendering in RENDERINGS), EVERY_VALUE_FILE)
NAMES = tuple(file.stem for file in RENDERED_FILES)


class Pods(msgspec.Struct, frozen=True):
    """The Deployment or DaemonSet of a rendering, its pod template's spec, and the one container in it."""

    owner: Manifest
    spec: Mapping[str, Any]
    container: Mapping[str, Any]

    @property
    def labels(self) -> Mapping[str, str]:
        found: dict[str, str] = self.owner["spec"]["template"]["metadata"]["labels"]
        return found

    @property
    def ports(self) -> dict[str, int]:
        return {port["name"]: port["containerPort"] for port in self.container["ports"]}

    @property
    def before_sigterm_seconds(self) -> int:
        seconds: int = self.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        return seconds

    def arguments(self) -> list[str]:
        """Return the arguments as the kubelet passes them on."""
        namespace = self.owner["metadata"]["namespace"]
        return [argument.replace("$(POD_NAMESPACE)", namespace) for argument in self.container["args"]]


def rendered_objects(name: str) -> tuple[Manifest, ...]:
    """Return the objects of ``manifests/rendered/NAME.yaml`` in their order."""
    (file,) = (file for file in RENDERED_FILES if file.stem == name)
    return objects_in(file)


def objects_in(file: Path) -> tuple[Manifest, ...]:
    with file.open(encoding="utf-8") as stream:
        return tuple(document for document in yaml.safe_load_all(stream) if document is not None)


def of_kind(objects: tuple[Manifest, ...], *kinds: str) -> list[Manifest]:
    return [found for found in objects if found["kind"] in kinds]


def pods_of(objects: tuple[Manifest, ...]) -> Pods:
    (owner,) = of_kind(objects, "Deployment", "DaemonSet")
    spec = owner["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return Pods(owner, spec, container)
