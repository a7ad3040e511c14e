"""How to make programs trust a local authority."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final, NamedTuple


class TrustStep(NamedTuple):
    """``commands`` are shell lines, or the one sentence to follow where there is no command."""

    program: str
    commands: tuple[str, ...]


_STEPS: Final = (
    TrustStep(
        "Debian, Ubuntu",
        (
            "sudo cp {path} /usr/local/share/ca-certificates/ingressd.crt",
            "sudo update-ca-certificates",
        ),
    ),
    TrustStep(
        "Fedora, RHEL",
        ("sudo cp {path} /etc/pki/ca-trust/source/anchors/ingressd.crt", "sudo update-ca-trust"),
    ),
    TrustStep("Arch Linux", ("sudo trust anchor {path}",)),
    TrustStep("Chrome on Linux", ("certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n ingressd -i {path}",)),
    TrustStep(
        "macOS",
        ("security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {path}",),
    ),
    TrustStep("Windows", ("certutil -user -addstore Root {path}",)),
    TrustStep(
        "Firefox",
        (
            "Settings > Privacy & Security > Certificates > View Certificates > Authorities > Import,"
            " choose {path}, tick websites",
        ),
    ),
    TrustStep("curl", ("curl --cacert {path} https://NAME/",)),
    TrustStep("Node.js", ("export NODE_EXTRA_CA_CERTS={path}",)),
    TrustStep("Python ssl, httpx, aiohttp (trusts nothing else then)", ("export SSL_CERT_FILE={path}",)),
    TrustStep("Python requests (trusts nothing else then)", ("export REQUESTS_CA_BUNDLE={path}",)),
)


def trust_steps(certificate: Path) -> tuple[TrustStep, ...]:
    """For the certificate at ``certificate``, whose path is quoted as a shell wants it."""
    path = shlex.quote(str(certificate))
    return tuple(
        TrustStep(step.program, tuple(line.replace("{path}", path) for line in step.commands)) for step in _STEPS
    )
