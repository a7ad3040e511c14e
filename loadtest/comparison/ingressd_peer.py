"""ingressd itself, from this checkout, in each of its lanes."""

from __future__ import annotations

import base64
import functools
import subprocess
import sys

from loadtest.comparison.peer import Peer, Start
from loadtest.comparison.quiet_port import quiet_port
from loadtest.comparison.site import BODIES_PATH, Site
from loadtest.support.machine import CHECKOUT

INGRESSD = "ingressd"
AIOHTTP_LANE = "aiohttp lane"
_NAMESPACE = "bench"
_PROGRAM = (sys.executable, "-m", "ingressd")
_SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  ports: [{{port: 80}}]
"""
_KEY_PAIR = """\
apiVersion: v1
kind: Secret
metadata: {{name: {host}, namespace: {namespace}}}
type: kubernetes.io/tls
data:
  tls.crt: {chain}
  tls.key: {key}
"""
_INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {host}
  namespace: {namespace}
  annotations: {{nginx.ingress.kubernetes.io/ssl-redirect: "false"}}
spec:
{tls}  rules:
    - host: {host}
      http:
        paths:
{paths}"""
_TLS = """\
  tls:
    - hosts: [{host}]
      secretName: {host}
"""
_PATH = """\
          - path: {path}
            pathType: Prefix
            backend: {{service: {{name: {service}, port: {{number: 80}}}}}}
"""


def manifests(site: Site) -> str:
    root = _PATH.format(path="/", service="answers")
    both = root + _PATH.format(path=BODIES_PATH, service="bodies")
    documents = [_SERVICE.format(name=name, namespace=_NAMESPACE) for name in ("answers", "bodies")]
    for certificate in site.certificates:
        chain, key = (base64.b64encode(file.read_bytes()).decode() for file in (certificate.chain, certificate.key))
        tls = _TLS.format(host=certificate.host)
        documents += [
            _KEY_PAIR.format(host=certificate.host, namespace=_NAMESPACE, chain=chain, key=key),
            _INGRESS.format(host=certificate.host, namespace=_NAMESPACE, tls=tls, paths=both),
        ]
    documents += [_INGRESS.format(host=host, namespace=_NAMESPACE, tls="", paths=root) for host in site.route_hosts]
    return "---\n".join(documents)


def prepare(site: Site, lane: str | None = None) -> Start:
    file = site.folder / "manifests.yaml"
    file.write_text(manifests(site), encoding="utf-8")
    command = [*_PROGRAM, "run", "--from", str(file), "--workers", "1", "--bind", "127.0.0.1", "--drain-wait", "0"]
    command += [
        "--map",
        f"{_NAMESPACE}/answers={site.answers_port}",
        "--map",
        f"{_NAMESPACE}/bodies={site.bodies_port}",
    ]
    command += ["--http-port", str(site.http_port), "--https-port", str(site.https_port)]
    command += ["--admin-port", str(quiet_port())]
    if site.access_log:
        command.append("--access-log")
    if lane is not None:
        command += ["--lane", lane]
    # The program and its workers come from the checkout whose commit the report names.
    return Start(tuple(command), {"PYTHONPATH": str(CHECKOUT)})


def ingressd_lanes() -> tuple[Peer, ...]:
    """Return ingressd as it is by default, and its other lane where it has one."""
    plain = _peer(INGRESSD, None)
    told = subprocess.run((*_PROGRAM, "run", "--help"), cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return (plain, _peer(AIOHTTP_LANE, "aiohttp")) if "--lane" in told.stdout else (plain,)


def _peer(name: str, lane: str | None) -> Peer:
    return Peer(
        name=name,
        program=sys.executable,
        package="",
        version=(*_PROGRAM, "--version"),
        prepare=functools.partial(prepare, lane=lane),
    )
