"""The two files in which a local authority outlives its process.

``ca.key`` decides who the authority is, and it appears whole and at once, or not at all: of several
processes that start together, one creates it and all of them use it. ``ca.crt`` follows in the same way, so
a process that dies between the two leaves nothing that has to be repaired.
"""

from __future__ import annotations

import contextlib
import enum
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tls.key_pair import LARGEST_PEM_BYTES, KeyPair, KeyPairError, KeyPairPart

CERTIFICATE_FILE: Final = "ca.crt"
KEY_FILE: Final = "ca.key"
_PRIVATE: Final = 0o600
_PUBLIC: Final = 0o644


class AuthorityErrorCode(enum.StrEnum):
    NO_HOME = "no_home"
    NOT_WRITABLE = "not_writable"
    UNREADABLE = "unreadable"
    EXPOSED = "exposed"
    INCOMPLETE = "incomplete"
    INVALID = "invalid"
    EXPIRED = "expired"


class AuthorityError(Exception):
    """A local authority that cannot be used: which file, why, and what to do."""

    def __init__(self, code: AuthorityErrorCode, path: Path, message: str) -> None:
        super().__init__(code, path, message)
        self.code = code
        self.path = path
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def default_directory(environment: Mapping[str, str]) -> Path:
    """``ingressd/ca`` in the user's data directory, by the XDG Base Directory Specification.

    Raises ``AuthorityError`` (``no_home``) if the environment names no absolute directory.
    """
    data = environment.get("XDG_DATA_HOME", "")
    # The specification says to ignore a relative path.
    if not os.path.isabs(data):
        home = environment.get("HOME", "")
        if not os.path.isabs(home):
            raise AuthorityError(
                AuthorityErrorCode.NO_HOME,
                Path(home or "~"),
                "there is no home directory for the local authority: set HOME or XDG_DATA_HOME.",
            )
        data = os.path.join(home, ".local", "share")
    return Path(data, "ingressd", "ca")


def load(directory: Path) -> KeyPair | None:
    """The pair in ``directory``, or ``None`` if there is no certificate yet."""
    key_path, certificate_path = directory / KEY_FILE, directory / CERTIFICATE_FILE
    # In this order: whoever creates the two starts with the key.
    certificate = _read(certificate_path, private=False)
    if certificate is None:
        return None
    key = _read(key_path, private=True)
    if key is None:
        raise AuthorityError(
            AuthorityErrorCode.INCOMPLETE,
            key_path,
            f"the key of {CERTIFICATE_FILE} is missing: restore it, or start over with `python -m tls remove`.",
        )
    try:
        return KeyPair.from_pem(certificate, key)
    except KeyPairError as error:
        raise AuthorityError(
            AuthorityErrorCode.INVALID,
            certificate_path if error.part is KeyPairPart.CERTIFICATE else key_path,
            f"{error} Restore the file, or start over with `python -m tls remove`.",
        ) from None


def read_key(directory: Path) -> bytes | None:
    return _read(directory / KEY_FILE, private=True)


def write_key(directory: Path, key: bytes) -> bool:
    """Creates the directory too (mode 0700). ``False`` if another process was first."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(directory, error) from error
    return write_new(directory / KEY_FILE, key, _PRIVATE)


def write_certificate(directory: Path, certificate: bytes) -> bool:
    """``False`` if another process was first."""
    return write_new(directory / CERTIFICATE_FILE, certificate, _PUBLIC)


def remove(directory: Path) -> tuple[Path, ...]:
    """Removes the two files, and the directory if nothing else is in it; says which files there were."""
    removed: list[Path] = []
    for path in (directory / CERTIFICATE_FILE, directory / KEY_FILE):
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise _not_writable(path, error) from error
        removed.append(path)
    # Somebody else's file in the directory is a reason to keep it.
    with contextlib.suppress(OSError):
        directory.rmdir()
    return tuple(removed)


def write_new(path: Path, content: bytes, mode: int) -> bool:
    """Creates ``path`` with all of ``content``, atomically; ``False`` if it exists already."""
    # A hard link fails if its target exists, where a rename would replace it.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        finally:
            draft.unlink()
    except FileExistsError:
        return False
    except OSError as error:
        raise _not_writable(path, error) from error
    return True


def _read(path: Path, *, private: bool) -> bytes | None:
    try:
        with path.open("rb") as file:
            if private and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise AuthorityError(
                    AuthorityErrorCode.EXPOSED,
                    path,
                    "other users of this machine can read the key, and with it pose as any site to whoever "
                    f"trusts it: `chmod 600 {path}` if you know that nobody did, else "
                    "`python -m tls remove`.",
                )
            return file.read(LARGEST_PEM_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuthorityError(
            AuthorityErrorCode.UNREADABLE, path, f"cannot be read ({error.strerror}): check its owner and mode."
        ) from error


def _not_writable(path: Path, error: OSError) -> AuthorityError:
    return AuthorityError(
        AuthorityErrorCode.NOT_WRITABLE,
        path,
        f"cannot be changed ({error.strerror}): choose a directory that you may write to.",
    )
