"""The Secret of the example."""

from __future__ import annotations

import base64

import yaml

from ingressd.demo.manifest_folder import manifest_folder
from ingressd.demo.secret import CERTIFICATE_HOST, CERTIFICATE_NAME, CERTIFICATE_NAMESPACE, tls_secret
from tls.authority import LocalAuthority
from tls.key_pair import KeyPair


def test_it_holds_the_pair() -> None:
    pair = LocalAuthority.ephemeral().issue([CERTIFICATE_HOST])
    manifest = yaml.safe_load(tls_secret(pair))
    assert manifest["type"] == "kubernetes.io/tls"
    assert manifest["metadata"] == {"name": CERTIFICATE_NAME, "namespace": CERTIFICATE_NAMESPACE}
    certificate, private_key = (base64.b64decode(manifest["data"][name]) for name in ("tls.crt", "tls.key"))
    assert KeyPair.from_pem(certificate, private_key) == pair
    assert pair.covers(CERTIFICATE_HOST)


def test_an_ingress_of_the_example_names_it() -> None:
    documents = list(yaml.safe_load_all((manifest_folder() / "shop.yaml").read_text()))
    [ingress] = [document for document in documents if document["kind"] == "Ingress"]
    assert ingress["metadata"]["namespace"] == CERTIFICATE_NAMESPACE
    assert ingress["spec"]["tls"] == [{"hosts": [CERTIFICATE_HOST], "secretName": CERTIFICATE_NAME}]
