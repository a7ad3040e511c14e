"""Renders the manifests with kustomize and helm: ``python -m manifests.render [--check]``.

``KUSTOMIZE`` and ``HELM`` name the two programs. Nothing is written unless both come to the same objects for each
rendering, and the chart refuses what it must. With ``--check``, what would be written is compared instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from manifests.chart_readme import PLACE as CHART_README
from manifests.chart_readme import chart_readme
from manifests.renderings import (
    CHART,
    DIGESTS,
    EVERY_VALUE,
    EVERY_VALUE_FILE,
    MANIFESTS,
    NAMESPACE,
    REFUSED_VALUES,
    RELEASE,
    RENDERINGS,
    Rendering,
    digests,
)

KUBERNETES_VERSION = "1.34.0"
"""What helm is told that it renders for; the oldest that works is ``kubeVersion`` in ``Chart.yaml``."""

_HELM_LABELS = ("helm.sh/chart", "app.kubernetes.io/managed-by")
_HEADER = "# Made by `make manifests` from {origin}. Change those, not this.\n"
_EVERY_VALUE_HEADER = (
    "# Made by `make manifests` for the tests: the chart with nearly every value changed. Not to be installed.\n"
)


class RenderError(Exception):
    """The sources do not come to what they should; the text is for whoever changed them."""


def kustomized(rendering: Rendering, program: str) -> str:
    """Return what kustomize builds, in a kustomization of its own when there are components."""
    with tempfile.TemporaryDirectory() as folder:
        entry = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [_relative(rendering.overlay, folder)],
            "components": [_relative(component, folder) for component in rendering.components],
        }
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(entry), encoding="utf-8")
        return _output(program, "build", folder)


def charted(values: Mapping[str, Any], program: str) -> str:
    """Return what helm makes of the chart with these values."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        yaml.safe_dump(dict(values), file)
        file.flush()
        return _output(
            program,
            "template",
            RELEASE,
            str(CHART),
            f"--namespace={NAMESPACE}",
            f"--kube-version={KUBERNETES_VERSION}",
            f"--values={file.name}",
        )


def by_identity(text: str) -> dict[str, Any]:
    """Return the objects of a rendering without what the two programs must do differently.

    The chart has labels of helm's own, helm makes no namespace, and a kustomization cannot know the namespace that
    the kubelet will put in the place of ``$(POD_NAMESPACE)``.
    """
    found = {}
    for document in yaml.safe_load_all(text.replace("$(POD_NAMESPACE)", NAMESPACE)):
        if document is None or document["kind"] == "Namespace":
            continue
        template = document.get("spec", {}).get("template", {})
        for metadata in (document["metadata"], template.get("metadata", {})):
            for label in _HELM_LABELS:
                metadata.get("labels", {}).pop(label, None)
        namespace = document["metadata"].get("namespace", "")
        found[f"{document['kind']} {namespace}{'/' if namespace else ''}{document['metadata']['name']}"] = document
    return found


def differences(kustomize: object, helm: object, place: str = "") -> Iterator[str]:
    """Say at each place where two values differ what either has; nothing when they are equal."""
    if isinstance(kustomize, dict) and isinstance(helm, dict):
        for key in sorted({*kustomize, *helm}):
            yield from differences(kustomize.get(key), helm.get(key), f"{place}.{key}" if place else str(key))
    elif isinstance(kustomize, list) and isinstance(helm, list) and len(kustomize) == len(helm):
        for index, (left, right) in enumerate(zip(kustomize, helm, strict=True)):
            yield from differences(left, right, f"{place}[{index}]")
    elif kustomize != helm:
        yield f"{place}: kustomize has {kustomize!r}, helm has {helm!r}"


def outputs(kustomize: str, helm: str) -> dict[Path, str]:
    """Return the text of every file that is made. Raises RenderError when the sources contradict each other."""
    found = {
        CHART_README: chart_readme(),
        DIGESTS: digests(),
        EVERY_VALUE_FILE: _EVERY_VALUE_HEADER + charted(EVERY_VALUE, helm),
    }
    for rendering in RENDERINGS:
        text = kustomized(rendering, kustomize)
        different = list(differences(by_identity(text), by_identity(charted(rendering.values, helm))))
        if different:
            raise RenderError("\n".join((f"{rendering.name}: the overlay and the chart differ", *different)))
        found[rendering.file] = _HEADER.format(origin=", ".join((rendering.overlay, *rendering.components))) + text
    _output(helm, "lint", "--strict", "--quiet", f"--kube-version={KUBERNETES_VERSION}", str(CHART))
    for wrong, values in REFUSED_VALUES.items():
        if _renders(values, helm):
            raise RenderError(f"The chart renders {wrong}: {dict(values)}")
    return found


def stale(made: Mapping[Path, str]) -> Iterable[Path]:
    """Return the files that do not say what they should."""
    return (path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text)


def main(arguments: list[str]) -> int:
    """Write, or compare with ``--check``; return the exit code."""
    try:
        made = outputs(os.environ.get("KUSTOMIZE", "kustomize"), os.environ.get("HELM", "helm"))
    except RenderError as error:
        print(error, file=sys.stderr)
        return 1
    old = list(stale(made))
    if arguments == ["--check"]:
        for path in old:
            print(f"{path.relative_to(MANIFESTS)} is old: run `make manifests`", file=sys.stderr)
        return 1 if old else 0
    for path in old:
        path.parent.mkdir(exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
        print(f"wrote {path.relative_to(MANIFESTS)}")
    return 0


def _relative(place: str, folder: str) -> str:
    return os.path.relpath((MANIFESTS / place).resolve(), Path(folder).resolve())


def _renders(values: Mapping[str, Any], helm: str) -> bool:
    try:
        charted(values, helm)
    except RenderError:
        return False
    return True


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise RenderError(f"{command[0]} cannot be run ({error}): set KUSTOMIZE and HELM") from error
    if done.returncode != 0:
        raise RenderError(f"{' '.join(command)}\n{done.stderr}{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
