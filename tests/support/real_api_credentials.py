"""Who is who at a real API server that tests start: certificates, keys and tokens, made for one start."""

from __future__ import annotations

import csv
import secrets
from pathlib import Path

import msgspec
import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ADMINISTRATORS = "system:masters"
"""The group that every API server lets do everything (Kubernetes, "Using RBAC Authorization", user-facing roles)."""


class Credentials(msgspec.Struct, frozen=True):
    """The files that kube-apiserver is started with, and the token of an administrator.

    ``client_certificate`` names the same administrator, with its key in ``client_key``.
    """

    authority: Path
    server_certificate: Path
    server_key: Path
    client_certificate: Path
    client_key: Path
    service_account_key: Path
    token_file: Path
    token: str

    def __repr__(self) -> str:
        return f"Credentials({self.authority.parent})"


def make_credentials(folder: Path) -> Credentials:
    authority = trustme.CA()
    found = Credentials(
        authority=folder / "ca.crt",
        server_certificate=folder / "server.crt",
        server_key=folder / "server.key",
        client_certificate=folder / "client.crt",
        client_key=folder / "client.key",
        service_account_key=folder / "service-account.key",
        token_file=folder / "tokens.csv",
        token=secrets.token_urlsafe(),
    )
    authority.cert_pem.write_to_path(found.authority)
    server = authority.issue_cert("127.0.0.1", "localhost")
    server.cert_chain_pems[0].write_to_path(found.server_certificate)
    server.private_key_pem.write_to_path(found.server_key)
    # X.509 client certificates: the common name is the user, an organisation is a group. Without a host name there
    # would be an empty list of them, which Go does not accept.
    client = authority.issue_cert("localhost", common_name="administrator", organization_name=ADMINISTRATORS)
    client.cert_chain_pems[0].write_to_path(found.client_certificate)
    client.private_key_pem.write_to_path(found.client_key)
    found.service_account_key.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
    )
    with found.token_file.open("w", newline="") as file:
        csv.writer(file).writerow([found.token, "administrator", "administrator", ADMINISTRATORS])
    return found
