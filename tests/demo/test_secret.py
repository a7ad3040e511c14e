"""The Secret of the example."""

from __future__ import annotations

import yaml

from ingressd.demo.manifest_folder import manifest_folder
from ingressd.demo.secret import CERTIFICATE_HOST, CERTIFICATE_NAME, CERTIFICATE_NAMESPACE, tls_secret
from tls.authority import LocalAuthority
from tls.key_pair import KeyPair


def test_it_holds_the_pair() -> None:
    pair = LocalAuthority.ephemeral().issue([CERTIFICATE_HOST])
    secret = tls_secret(pair)
    assert secret.type == "kubernetes.io/tls"
    assert (secret.metadata.namespace, secret.metadata.name) == (CERTIFICATE_NAMESPACE, CERTIFICATE_NAME)
    assert KeyPair.from_pem(bytes(secret.data["tls.crt"]), bytes(secret.data["tls.key"])) == pair
    assert "PRIVATE KEY" not in repr(secret)


def test_an_ingress_of_the_example_names_it() -> None:
    documents = list(yaml.safe_load_all((manifest_folder() / "shop.yaml").read_text()))
    [ingress] = [document for document in documents if document["kind"] == "Ingress"]
    assert ingress["metadata"]["namespace"] == CERTIFICATE_NAMESPACE
    assert ingress["spec"]["tls"] == [{"hosts": [CERTIFICATE_HOST], "secretName": CERTIFICATE_NAME}]
