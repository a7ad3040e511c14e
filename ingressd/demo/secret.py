"""The Secret with the certificate of the example's shop: what a certificate issuer would add to a cluster."""

from __future__ import annotations

from ingressd.resources.metadata import Metadata
from ingressd.resources.secret import TLS_TYPE, PrivateBytes, Secret
from tls.key_pair import KeyPair

CERTIFICATE_NAMESPACE = "shop"
CERTIFICATE_NAME = "shop-tls"
CERTIFICATE_HOST = "shop.localhost"


def tls_secret(pair: KeyPair) -> Secret:
    """Return the Secret that the example's Ingress names. It stays in memory: no private key is written to a disk."""
    return Secret(
        metadata=Metadata(name=CERTIFICATE_NAME, namespace=CERTIFICATE_NAMESPACE),
        type=TLS_TYPE,
        data={"tls.crt": PrivateBytes(pair.certificate_chain), "tls.key": PrivateBytes(pair.private_key)},
    )
