"""Arguments of ``ingressd explain`` that are something else than they should be: mostly, one was left out."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from ingressd.cli.exit_code import CommandError
from ingressd.resources.field_path import shown

FORM = "URL must be http(s)://host/path"
_EXAMPLE = "http://shop.localhost/cart"
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_PATH_STARTS = ("./", "../", "~/")
_NO_URLS = ("-", ".", "..")


def require_url(method: str, url: str, paths: Sequence[str]) -> None:
    """Refuse a METHOD or URL that is no such thing; raises CommandError, which says what is missing.

    What passes may still be refused by ``controller.request_url``, which knows hosts and paths. A URL may come without
    its scheme, so that a name alone is taken for a path only if there is a file or folder of that name and no PATH.
    """
    if "/" in method:
        raise CommandError(
            f"METHOD comes first, such as GET, and {shown(method)} is none: ingressd explain GET {_EXAMPLE} ./k8s"
        )
    scheme = _SCHEME.fullmatch(url)
    if scheme is not None:
        _require_http(url, scheme["scheme"], scheme["rest"])
    elif url in _NO_URLS or url.startswith(_PATH_STARTS) or (not paths and os.path.exists(url)):
        raise CommandError(
            f"{FORM}, and {shown(url)} is a place of manifests: the URL comes before it, as in "
            f"ingressd explain GET {_EXAMPLE} ./k8s"
        )
    elif url.startswith("/"):
        raise CommandError(f"{FORM}, and {shown(url)} names no host: put one before it, as in {_EXAMPLE}")


def _require_http(url: str, scheme: str, rest: str) -> None:
    if scheme.lower() not in ("http", "https"):
        raise CommandError(f"{FORM}, and {shown(url)} begins with {scheme}: an Ingress is about HTTP and HTTPS only")
    if not rest or rest[0] in "/?#:":
        raise CommandError(f"{FORM}, and {shown(url)} names no host: write it, as in {_EXAMPLE}")
