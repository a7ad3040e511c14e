"""Key pairs for the sites: one of each kind that is in use."""

from __future__ import annotations

from pathlib import Path

import trustme

from loadtest.comparison.site import HOST, RSA_HOST, HostCertificate

_KINDS = {HOST: trustme.KeyType.ECDSA, RSA_HOST: trustme.KeyType.RSA}


def issue_certificates(folder: Path) -> tuple[HostCertificate, ...]:
    """Write them into ``folder``, which is made; the first is that of ``HOST``."""
    folder.mkdir(parents=True)
    authority = trustme.CA()
    issued = []
    for host, kind in _KINDS.items():
        leaf = authority.issue_cert(host, key_type=kind)
        chain = b"".join(part.bytes() for part in leaf.cert_chain_pems)
        key = leaf.private_key_pem.bytes()
        certificate = HostCertificate(
            host=host,
            chain=folder / f"{host}.crt",
            key=folder / f"{host}.key",
            combined=folder / f"{host}.pem",
        )
        certificate.chain.write_bytes(chain)
        certificate.key.write_bytes(key)
        certificate.combined.write_bytes(chain + key)
        issued.append(certificate)
    return tuple(issued)
