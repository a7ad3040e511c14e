"""The certificate authority of this machine, for ``dev`` and ``demo``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ingressd.cli.exit_code import CommandError
from tls.authority import AuthorityError, AuthorityErrorCode, LocalAuthority
from tls.authority_files import default_directory

_NO_PLACE = (AuthorityErrorCode.NO_HOME, AuthorityErrorCode.NOT_WRITABLE)


class OpenedAuthority(NamedTuple):
    """``note`` is a sentence when its certificate is on no disk, so that nobody can trust it beforehand."""

    authority: LocalAuthority
    note: str = ""


def open_authority(environment: Mapping[str, str]) -> OpenedAuthority:
    """Return the authority on disk, or one in memory where there is no place to keep it.

    Raises CommandError when there is one that cannot be used: making another in silence would break the trust that
    somebody has set up.
    """
    try:
        return OpenedAuthority(LocalAuthority.open(default_directory(environment)))
    except AuthorityError as error:
        if error.code not in _NO_PLACE:
            raise CommandError(f"local CA: {error}") from error
        return OpenedAuthority(
            LocalAuthority.ephemeral(), f"The local CA lives in memory only, and ends with ingressd: {error}"
        )
