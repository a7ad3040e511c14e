"""The page that a pod of the example shows to a browser."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from string import Template
from typing import Any

_PAGE = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$service · $pod</title>
<style>
  :root { color-scheme: light dark; --accent: hsl($hue 65% 45%); }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
  header { border-left: .5rem solid var(--accent); padding-left: 1rem; }
  h1 { margin: 0; }
  code, td { font-family: ui-monospace, monospace; font-size: .875rem; overflow-wrap: anywhere; }
  table { border-collapse: collapse; width: 100%; margin-top: 1.5rem; }
  td { border-bottom: 1px solid #8884; padding: .25rem .75rem .25rem 0; vertical-align: top; }
  td:first-child { white-space: nowrap; opacity: .7; }
</style>
<header>
  <h1>$service</h1>
  <p>pod <strong>$pod</strong> in namespace <strong>$namespace</strong><br>
  <code>$method $path</code> over $protocol</p>
</header>
<p>What reached the pod, in the order in which it came:</p>
<table>
$rows
</table>
</html>
""")


def render_page(seen: Mapping[str, Any]) -> str:
    """Return HTML for what ``describe_request`` returned. All of it comes from a client, so all of it is escaped."""
    rows = "\n".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in seen["headers"])
    texts = {name: escape(str(seen[name])) for name in ("service", "pod", "namespace", "method", "path", "protocol")}
    return _PAGE.substitute(texts, rows=rows, hue=_hue(str(seen["pod"])))


def _hue(pod: str) -> int:
    """One colour for each pod, so that a reload shows which one answered."""
    return sum(pod.encode()) * 47 % 360
