"""The Secret with the certificate of the example's shop, as a manifest."""

from __future__ import annotations

import base64
from string import Template

from tls.key_pair import KeyPair

CERTIFICATE_NAMESPACE = "shop"
CERTIFICATE_NAME = "shop-tls"
CERTIFICATE_HOST = "shop.localhost"

_SECRET = Template("""\
apiVersion: v1
kind: Secret
metadata:
  name: $name
  namespace: $namespace
type: kubernetes.io/tls
data:
  tls.crt: $certificate
  tls.key: $private_key
""")


def tls_secret(pair: KeyPair) -> str:
    """Return YAML with the Secret that the example's Ingress names; it holds a private key, so keep it private."""
    return _SECRET.substitute(
        name=CERTIFICATE_NAME,
        namespace=CERTIFICATE_NAMESPACE,
        certificate=base64.b64encode(pair.certificate_chain).decode("ascii"),
        private_key=base64.b64encode(pair.private_key).decode("ascii"),
    )
