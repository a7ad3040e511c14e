"""The page at ``/`` of the admin port."""

from __future__ import annotations

INDEX_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ingressd</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
  dt { font-family: ui-monospace, monospace; }
</style>
<h1>ingressd</h1>
<dl>
  <dt><a href="/api/routes">/api/routes</a></dt>
  <dd>which URL leads to which endpoints</dd>
  <dt><a href="/api/problems">/api/problems</a></dt>
  <dd>what is wrong in the manifests, and what to do about it</dd>
  <dt><a href="/api/explain?method=GET&amp;url=http://localhost/">/api/explain?method=GET&amp;url=http://localhost/</a></dt>
  <dd>every step by which a request finds its endpoint</dd>
  <dt><a href="/metrics">/metrics</a></dt>
  <dd>for Prometheus</dd>
  <dt><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a></dt>
  <dd>for probes: it is alive; it may get traffic</dd>
</dl>
</html>
"""
