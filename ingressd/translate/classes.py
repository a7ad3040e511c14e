"""Which Ingresses are ours (Ingress API, "Ingress class"; KEP-1453)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ingressd.resources.field_path import child, shown
from ingressd.resources.findings import Findings
from ingressd.resources.ingress import CLASS_ANNOTATION, Ingress
from ingressd.resources.ingress_class import IngressClass
from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem

CONTROLLER_NAME = "ingressd.dev/controller"
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"


class ClassSelection(msgspec.Struct, frozen=True, kw_only=True):
    """``served`` are the names given by ``--ingress-class``; empty means that names do not restrict.

    ``every_class``: a class needs no IngressClass object, and every one is ours. ``without_class``: so are
    Ingresses that name none. ``emulate_admission``: there is no API server that gave such an Ingress the default
    class when it was created (admission plugin DefaultIngressClass), so ingressd does it.
    """

    controller_name: str = CONTROLLER_NAME
    served: frozenset[str] = frozenset()
    every_class: bool = False
    without_class: bool = False
    emulate_admission: bool = False


class ClassDecision(msgspec.Struct, frozen=True):
    """``class_name`` is empty for an Ingress without a class. ``why`` is one sentence, served or not."""

    served: bool
    class_name: str
    why: str
    problems: tuple[Problem, ...] = ()


def decide_class(ingress: Ingress, classes: Iterable[IngressClass], selection: ClassSelection) -> ClassDecision:
    """Decide whether ``ingress`` is served; ``classes`` are all IngressClass objects there are.

    ``spec.ingressClassName`` wins over the annotation, as in ingress-nginx; an API server refuses two that differ only
    when the object is created, so older ones may disagree.
    """
    by_name = {found.metadata.name: found for found in classes}
    in_spec = ingress.spec.ingress_class_name or ""
    in_annotation = ingress.metadata.annotations.get(CLASS_ANNOTATION, "")
    problems = Findings()
    if in_spec:
        served, why = _decide_name(in_spec, by_name, selection)
        if in_annotation and in_annotation != in_spec:
            # Whoever emulates admission has read files, and checked them as an API server does: it is reported there.
            if not selection.emulate_admission and (served or _decide_annotation(in_annotation, by_name, selection)[0]):
                problems.warning(
                    "class_mismatch",
                    child("metadata.annotations", CLASS_ANNOTATION),
                    f"The annotation says class {shown(in_annotation)} and spec.ingressClassName says "
                    f"{shown(in_spec)}, which decides.",
                    f"Remove the annotation {CLASS_ANNOTATION}: it is deprecated.",
                )
            why = f"{why} The annotation {CLASS_ANNOTATION} says {shown(in_annotation)} and is overruled."
        return ClassDecision(served, in_spec, why, problems.problems(ingress.key))
    if in_annotation:
        served, why = _decide_annotation(in_annotation, by_name, selection)
        return ClassDecision(served, in_annotation, why)
    return _decide_without_class(ingress.key, by_name, selection)


def _decide_name(name: str, by_name: dict[str, IngressClass], selection: ClassSelection) -> tuple[bool, str]:
    if selection.served and name not in selection.served:
        return False, f"It names class {shown(name)}, and --ingress-class selects {_names(selection.served)}."
    if selection.every_class:
        return True, f"It names class {shown(name)}, and " + (
            "--ingress-class selects it." if selection.served else "every class is served."
        )
    found = by_name.get(name)
    if found is None:
        return False, f"It names class {shown(name)}, and there is no IngressClass of that name."
    if found.spec.controller != selection.controller_name:
        return False, f"IngressClass {shown(name)} belongs to the controller {shown(found.spec.controller)}."
    return True, f"IngressClass {shown(name)} belongs to {selection.controller_name}."


def _decide_annotation(name: str, by_name: dict[str, IngressClass], selection: ClassSelection) -> tuple[bool, str]:
    """The annotation refers to no object: a name that ``--ingress-class`` selects is ours without one."""
    if name in selection.served:
        return True, f"Its annotation {CLASS_ANNOTATION} says {shown(name)}, which --ingress-class selects."
    served, why = _decide_name(name, by_name, selection)
    return served, f"By its annotation {CLASS_ANNOTATION}: {why}"


def _decide_without_class(key: ObjectKey, by_name: dict[str, IngressClass], selection: ClassSelection) -> ClassDecision:
    if selection.emulate_admission:
        defaults = sorted(name for name, found in by_name.items() if is_default(found))
        if len(defaults) > 1:
            problems = Findings()
            problems.error(
                "several_default_classes",
                "spec.ingressClassName",
                f"The Ingress names no class, and {len(defaults)} classes are the default: {_names(defaults)}; "
                "an API server would not accept the Ingress.",
                "Set spec.ingressClassName, or keep one default class.",
            )
            why = f"It names no class, and more than one is the default: {_names(defaults)}."
            return ClassDecision(False, "", why, problems.problems(key))
        if defaults:
            served, why = _decide_name(defaults[0], by_name, selection)
            return ClassDecision(served, defaults[0], f"It names no class and gets the default class. {why}")
    if selection.without_class:
        return ClassDecision(True, "", "It names no class, and Ingresses without a class are served.")
    return ClassDecision(False, "", "It names no class, and Ingresses without a class are not served.")


def is_default(found: IngressClass) -> bool:
    return found.metadata.annotations.get(DEFAULT_CLASS_ANNOTATION) == "true"


def _names(names: Iterable[str]) -> str:
    return ", ".join(shown(name) for name in sorted(names))
