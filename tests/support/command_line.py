"""The command line, run in a process of its own; and a manifest for it."""

from __future__ import annotations

import subprocess
from typing import Protocol


class RunCli(Protocol):
    """Runs ``ingressd`` with these arguments to its end."""

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]: ...


SHOP = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  rules:
    - host: shop.localhost
      http:
        paths:
          - path: /cart
            pathType: Prefix
            backend:
              service:
                name: cart
                port:
                  number: 80
---
apiVersion: v1
kind: Service
metadata:
  name: cart
  namespace: shop
spec:
  ports:
    - port: 80
"""
