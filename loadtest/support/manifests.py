"""Manifests of many small applications, as a team's repository or ``helm template`` would give them."""

from __future__ import annotations

from pathlib import Path

NAMESPACE = "drill"
_SERVICE_PORT = 80


def host(number: int) -> str:
    return f"app-{number}.localhost"


def service(number: int) -> str:
    """The Service, as ``--map`` takes it."""
    return f"{NAMESPACE}/app-{number}"


def application(number: int, path: str = "/") -> str:
    """Return the YAML of one Ingress, its Service, and an EndpointSlice with two pods that do not exist.

    The drill maps the Services that it sends requests to; the endpoints of the others are only there to be read.
    """
    name = f"app-{number}"
    pods = (f"10.{number >> 8 & 255}.{number & 255}.{last}" for last in (1, 2))
    return f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: {NAMESPACE}
spec:
  rules:
    - host: {host(number)}
      http:
        paths:
          - path: {path}
            pathType: Prefix
            backend:
              service:
                name: {name}
                port:
                  number: {_SERVICE_PORT}
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {NAMESPACE}
spec:
  selector:
    app: {name}
  ports:
    - name: http
      port: {_SERVICE_PORT}
      targetPort: 8080
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {name}
  namespace: {NAMESPACE}
  labels:
    kubernetes.io/service-name: {name}
addressType: IPv4
ports:
  - name: http
    port: 8080
    protocol: TCP
endpoints:
{"".join(_endpoint(address) for address in pods)}"""


def write_applications(folder: Path, count: int) -> None:
    """Write one file for each application into ``folder``, which is made."""
    folder.mkdir(parents=True)
    for number in range(count):
        application_file(folder, number).write_text(application(number), encoding="utf-8")


def write_one_file(folder: Path, count: int) -> None:
    """Write all applications into one file in ``folder``, which is made."""
    folder.mkdir(parents=True)
    documents = "---\n".join(application(number) for number in range(count))
    (folder / "applications.yaml").write_text(documents, encoding="utf-8")


def application_file(folder: Path, number: int) -> Path:
    return folder / f"app-{number}.yaml"


def _endpoint(address: str) -> str:
    return f'  - addresses: ["{address}"]\n    conditions:\n      ready: true\n'
