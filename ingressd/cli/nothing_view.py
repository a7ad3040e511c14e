"""Why there is nothing to serve, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingressd.cli.problem_view import counted
from ingressd.resources.key import Kind
from ingressd.resources.problem import Severity

MAX_NAMED = 5


def explain_nothing(
    paths: Sequence[str],
    *,
    objects: Mapping[Kind, int],
    passed_over: Mapping[str, int],
    not_served: Sequence[tuple[str, str]],
    worst: Severity | None = None,
) -> str:
    """Return the explanation, several lines long.

    ``objects`` counts the objects that were read, by kind; ``passed_over`` those of other kinds, by what the
    manifests call them; ``not_served`` are the Ingresses that were left to another controller, with the reason.
    ``worst`` is the severity of the worst problem of the files, which the explanation follows: a file that could not
    be read may well hold an Ingress.
    """
    where = ", ".join(paths)
    if not objects.get(Kind.INGRESS):
        found = f"  found: {_found(objects, passed_over)}"
        if worst is Severity.ERROR:
            return f"nothing to serve: no Ingress in {where} could be read; see the errors above\n{found}"
        lines = [f"nothing to serve: there is no Ingress in {where}", found]
        if worst is not None:
            lines.append("  See the warnings above.")
        elif not objects and not passed_over:
            lines.append("  Files that end in .yaml, .yml or .json are read, in folders below the paths too.")
        lines.append("  Name the files or folders with your Ingress manifests; `ingressd demo` shows an example.")
        return "\n".join(lines)
    if not_served:
        lines = [f"nothing to serve: no Ingress in {where} is ours"]
        lines.extend(f"  {ingress}: {why}" for ingress, why in not_served[:MAX_NAMED])
        if len(not_served) > MAX_NAMED:
            lines.append(f"  … and {len(not_served) - MAX_NAMED} more")
        if worst is Severity.ERROR:
            lines.append("  Others could not be served: see the errors above.")
        lines.append("  Choose the class with --ingress-class NAME, or leave the flag out to serve every class.")
        return "\n".join(lines)
    reason = "; see the errors above" if worst is Severity.ERROR else ": give one spec.rules or spec.defaultBackend"
    return f"nothing to serve: no Ingress in {where} has a rule or a default backend that can be used{reason}"


def _found(objects: Mapping[Kind, int], passed_over: Mapping[str, int]) -> str:
    counts = [counted(count, kind.value) for kind, count in sorted(objects.items())]
    counts.extend(
        f"{count} {kind} (not looked at)"
        for kind, count in sorted(passed_over.items(), key=lambda entry: (-entry[1], entry[0]))[:MAX_NAMED]
    )
    return ", ".join(counts) or "no Kubernetes objects"
