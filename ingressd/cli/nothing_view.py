"""Why there is nothing to serve, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingressd.cli.problem_view import counted
from ingressd.resources.key import Kind

MAX_NAMED = 5


def explain_nothing(
    paths: Sequence[str],
    *,
    objects: Mapping[Kind, int],
    passed_over: Mapping[str, int],
    not_served: Sequence[tuple[str, str]],
) -> str:
    """Return the explanation, several lines long.

    ``objects`` counts the objects that were read, by kind; ``passed_over`` those of other kinds, by what the
    manifests call them; ``not_served`` are the Ingresses that were left to another controller, with the reason.
    """
    where = ", ".join(paths)
    if not objects.get(Kind.INGRESS):
        lines = [f"nothing to serve: there is no Ingress in {where}", f"  found: {_found(objects, passed_over)}"]
        if not objects and not passed_over:
            lines.append("  Files that end in .yaml, .yml or .json are read, in folders below the paths too.")
        lines.append("  Name the files or folders with your Ingress manifests; `ingressd demo` shows an example.")
        return "\n".join(lines)
    if not_served:
        lines = [f"nothing to serve: no Ingress in {where} is ours"]
        lines.extend(f"  {ingress}: {why}" for ingress, why in not_served[:MAX_NAMED])
        if len(not_served) > MAX_NAMED:
            lines.append(f"  … and {len(not_served) - MAX_NAMED} more")
        lines.append("  Choose the class with --ingress-class NAME, or leave the flag out to serve every class.")
        return "\n".join(lines)
    return f"nothing to serve: no Ingress in {where} has a rule or a default backend that can be used; see above"


def _found(objects: Mapping[Kind, int], passed_over: Mapping[str, int]) -> str:
    counts = [counted(count, kind.value) for kind, count in sorted(objects.items())]
    counts.extend(
        f"{count} {kind} (not looked at)"
        for kind, count in sorted(passed_over.items(), key=lambda entry: (-entry[1], entry[0]))[:MAX_NAMED]
    )
    return ", ".join(counts) or "no Kubernetes objects"
