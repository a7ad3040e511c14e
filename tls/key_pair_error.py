"""Why two PEM texts are no usable key pair."""

from __future__ import annotations

import enum


class KeyPairPart(enum.StrEnum):
    """Which of the two texts to look at."""

    CERTIFICATE = "certificate"
    PRIVATE_KEY = "private_key"


class KeyPairErrorCode(enum.StrEnum):
    MISSING = "missing"
    TOO_LARGE = "too_large"
    NO_CERTIFICATE = "no_certificate"
    BAD_CERTIFICATE = "bad_certificate"
    BAD_NAME = "bad_name"
    BAD_KEY = "bad_key"
    ENCRYPTED_KEY = "encrypted_key"
    UNSUPPORTED_KEY = "unsupported_key"
    MISMATCH = "mismatch"
    REFUSED = "refused"
    """The pair is well formed, but the TLS library will not serve it."""


class KeyPairError(ValueError):
    """One sentence that says what is wrong and what to do. It never quotes the private key."""

    def __init__(self, code: KeyPairErrorCode, part: KeyPairPart, message: str) -> None:
        super().__init__(code, part, message)
        self.code = code
        self.part = part
        self.message = message

    def __str__(self) -> str:
        return self.message
