"""The files from which clients learn how to reach the server."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

from .authentication import SERVICE_ACCOUNT


def write_kubeconfig(file: Path, url: str, user: dict[str, Any], authority: bytes | None) -> None:
    """``user`` is the user's part as kubeconfig has it: ``{"token": ...}`` and the like."""
    cluster: dict[str, Any] = {"server": url}
    if authority is not None:
        cluster["certificate-authority-data"] = encoded(authority)
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": cluster}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "ingressd"}}],
        "users": [{"name": "ingressd", "user": user}],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


def write_service_account(folder: Path, token: str, authority: bytes | None) -> None:
    """Write what the kubelet mounts into a pod."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text(token, encoding="ascii")
    (folder / "namespace").write_text(SERVICE_ACCOUNT[0], encoding="ascii")
    if authority is not None:
        (folder / "ca.crt").write_bytes(authority)


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
