"""Who asks: bearer tokens and client certificates."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from .status_error import StatusError

SERVICE_ACCOUNT = ("ingressd", "ingressd")
"""The namespace and the name of the service account that ingressd runs as."""


class User(msgspec.Struct, frozen=True):
    name: str
    groups: tuple[str, ...] = ()


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


def service_account(namespace: str, name: str) -> User:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    return User(f"system:serviceaccount:{namespace}:{name}", (*groups, "system:authenticated"))


class Authentication:
    """``required`` refuses requests without a token or a client certificate."""

    def __init__(self, *, required: bool) -> None:
        self._required = required
        self._users: dict[str, User] = {}
        self.token = self.add(service_account(*SERVICE_ACCOUNT))

    def add(self, user: User) -> str:
        token = secrets.token_urlsafe(24)
        self._users[token] = user
        return token

    def rotate(self) -> str:
        """Give the service account a new token; the old one is worth nothing from now on."""
        user = self._users.pop(self.token)
        self.token = self.add(user)
        return self.token

    def user(self, authorization: str, certificate: Mapping[str, Any] | None) -> User:
        """Raises StatusError (401) for a wrong token, even where none is required."""
        if certificate:
            names = [(field, value) for part in certificate.get("subject", ()) for field, value in part]
            groups = tuple(value for field, value in names if field == "organizationName")
            common_name = next((value for field, value in names if field == "commonName"), "")
            return User(common_name, (*groups, "system:authenticated"))
        scheme, _, token = authorization.partition(" ")
        user = self._users.get(token.strip()) if scheme.lower() == "bearer" else None
        if user is not None:
            return user
        if authorization or self._required:
            raise StatusError(401, "Unauthorized")
        return ANONYMOUS
