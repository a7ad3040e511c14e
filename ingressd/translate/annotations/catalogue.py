"""Every annotation that is known, and what becomes of it.

The names are those of ingress-nginx controller-v1.15.1, its last release. What is not in the table does not exist
there either; ingress-nginx passed over such names in silence, and about one manifest in ten has one.
"""

from __future__ import annotations

import difflib

import msgspec

NGINX_PREFIX = "nginx.ingress.kubernetes.io/"
LEGACY_PREFIX = "ingress.kubernetes.io/"
OWN_PREFIX = "ingressd.dev/"
PREFIXES = (NGINX_PREFIX, LEGACY_PREFIX, OWN_PREFIX)

LONGEST_NAME = 63
"""Of the part behind the slash (Kubernetes, "Syntax and character set" of annotations)."""


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """``security``: it protects something, so ignoring it would leave that open. ``inert``: values, in lower case,
    that ask for what happens without it too. ``advice`` says what to use instead."""

    name: str
    supported: bool = False
    security: bool = False
    inert: frozenset[str] = frozenset()
    advice: str = ""
    prefix: str = NGINX_PREFIX

    @property
    def full_name(self) -> str:
        return f"{self.prefix}{self.name}"


OFF = frozenset({"", "false", "0", "f"})
EVERYBODY = frozenset({"", "0.0.0.0/0,::/0", "0.0.0.0/0, ::/0", "::/0,0.0.0.0/0", "::/0, 0.0.0.0/0"})
"""Source ranges that keep nobody out. cert-manager writes "0.0.0.0/0,::/0" on every Ingress of an HTTP-01 solver
(its documentation, "HTTP01", ingressTemplate), and a certificate is never issued where that is denied."""
_SNIPPET = "No configuration text is ever run: express it with other annotations, or in the application."

SUPPORTED = ("rewrite-target", "use-regex")

PROTECTING: dict[str, frozenset[str]] = {
    "allowlist-source-range": EVERYBODY,
    "whitelist-source-range": EVERYBODY,
    "denylist-source-range": frozenset({""}),
    "auth-always-set-cookie": OFF,
    "auth-cache-duration": frozenset({""}),
    "auth-cache-key": frozenset({""}),
    "auth-keepalive": OFF,
    "auth-keepalive-requests": frozenset({""}),
    "auth-keepalive-share-vars": OFF,
    "auth-keepalive-timeout": frozenset({""}),
    "auth-method": frozenset({""}),
    "auth-proxy-set-headers": frozenset({""}),
    "auth-realm": frozenset({""}),
    "auth-request-redirect": frozenset({""}),
    "auth-response-headers": frozenset({""}),
    "auth-secret": frozenset({""}),
    "auth-secret-type": frozenset({"", "auth-file"}),
    "auth-signin": frozenset({""}),
    "auth-signin-redirect-param": frozenset({""}),
    "auth-snippet": frozenset({""}),
    "auth-tls-error-page": frozenset({""}),
    "auth-tls-match-cn": frozenset({""}),
    "auth-tls-pass-certificate-to-upstream": OFF,
    "auth-tls-secret": frozenset({""}),
    "auth-tls-verify-client": frozenset({"", "off"}),
    "auth-tls-verify-depth": frozenset({"", "1"}),
    "auth-type": frozenset({""}),
    "auth-url": frozenset({""}),
    "configuration-snippet": frozenset({""}),
    "enable-global-auth": OFF,
    "enable-modsecurity": OFF,
    "enable-owasp-core-rules": OFF,
    "limit-allowlist": frozenset({""}),
    "limit-whitelist": frozenset({""}),
    "limit-burst-multiplier": frozenset({"", "5"}),
    "limit-connections": OFF,
    "limit-rate": OFF,
    "limit-rate-after": OFF,
    "limit-rpm": OFF,
    "limit-rps": OFF,
    "modsecurity-snippet": frozenset({""}),
    "modsecurity-transaction-id": frozenset({""}),
    "proxy-ssl-secret": frozenset({""}),
    "proxy-ssl-verify": frozenset({"", "off"}),
    "satisfy": frozenset({"", "all"}),
    "server-snippet": frozenset({""}),
    "ssl-passthrough": OFF,
    "stream-snippet": frozenset({""}),
}
"""Protects something: each with the values that turn it off, or that change nothing when nothing else is set."""

CONVENIENCE = (
    *("affinity", "affinity-canary-behavior", "affinity-mode", "app-root", "backend-protocol"),
    *("canary", "canary-by-cookie", "canary-by-header", "canary-by-header-pattern", "canary-by-header-value"),
    *("canary-weight", "canary-weight-total", "client-body-buffer-size", "connection-proxy-header"),
    *("cors-allow-credentials", "cors-allow-headers", "cors-allow-methods", "cors-allow-origin"),
    *("cors-expose-headers", "cors-max-age", "custom-headers", "custom-http-errors", "default-backend"),
    *("disable-proxy-intercept-errors", "enable-access-log", "enable-cors", "enable-opentelemetry"),
    *("enable-rewrite-log", "fastcgi-index", "fastcgi-params-configmap", "force-ssl-redirect"),
    *("from-to-www-redirect", "load-balance", "mirror-host", "mirror-request-body", "mirror-target"),
    *("opentelemetry-operation-name", "opentelemetry-trust-incoming-span", "permanent-redirect"),
    *("permanent-redirect-code", "preserve-trailing-slash", "proxy-body-size", "proxy-buffer-size"),
    *("proxy-buffering", "proxy-buffers-number", "proxy-busy-buffers-size", "proxy-connect-timeout"),
    *("proxy-cookie-domain", "proxy-cookie-path", "proxy-http-version", "proxy-max-temp-file-size"),
    *("proxy-next-upstream", "proxy-next-upstream-timeout", "proxy-next-upstream-tries", "proxy-read-timeout"),
    *("proxy-redirect-from", "proxy-redirect-to", "proxy-request-buffering", "proxy-send-timeout"),
    *("proxy-ssl-ciphers", "proxy-ssl-name", "proxy-ssl-protocols", "proxy-ssl-server-name"),
    *("proxy-ssl-verify-depth", "relative-redirects", "server-alias", "service-upstream"),
    *("session-cookie-change-on-failure", "session-cookie-conditional-samesite-none", "session-cookie-domain"),
    *("session-cookie-expires", "session-cookie-max-age", "session-cookie-name", "session-cookie-partitioned"),
    *("session-cookie-path", "session-cookie-samesite", "session-cookie-secure", "ssl-ciphers"),
    *("ssl-prefer-server-ciphers", "ssl-redirect", "temporal-redirect", "temporal-redirect-code"),
    *("upstream-hash-by", "upstream-hash-by-subset", "upstream-hash-by-subset-size", "upstream-vhost"),
    *("x-forwarded-prefix",),
)
"""Changes how a request is served, and protects nothing."""

_EMPTY = frozenset({""})
"""An annotation without a value counts as absent."""

_NOT_DONE = _EMPTY | {"off"}

ALREADY_SO: dict[str, frozenset[str]] = {
    "backend-protocol": _EMPTY | {"http"},
    "canary": OFF,
    "disable-proxy-intercept-errors": OFF,
    "enable-cors": OFF,
    "enable-opentelemetry": OFF,
    "enable-rewrite-log": OFF,
    "force-ssl-redirect": OFF,
    "from-to-www-redirect": OFF,
    "load-balance": _EMPTY | {"round_robin"},
    "preserve-trailing-slash": OFF,
    "proxy-buffering": _NOT_DONE,
    "proxy-cookie-domain": _NOT_DONE,
    "proxy-cookie-path": _NOT_DONE,
    "proxy-http-version": _EMPTY | {"1.1"},
    "proxy-redirect-from": _NOT_DONE,
    "proxy-request-buffering": _NOT_DONE,
    "proxy-ssl-server-name": _NOT_DONE,
    "relative-redirects": OFF,
    "service-upstream": OFF,
    "session-cookie-change-on-failure": OFF,
    "session-cookie-conditional-samesite-none": OFF,
    "ssl-redirect": OFF,
}
"""Conveniences with values that ask for what happens without them: nothing is redirected or rewritten in an answer,
bodies are relayed as they come, endpoints take turns and are spoken to in HTTP/1.1. For others only "" does."""

INSTEAD: dict[str, str] = {
    "add-base-url": "It was removed from ingress-nginx in 0.22: let the application know its base path.",
    "base-url-scheme": "It was removed from ingress-nginx in 0.22: let the application know its base path.",
    "enable-opentracing": "It was removed from ingress-nginx: the annotation is enable-opentelemetry.",
    "global-rate-limit": "It was removed from ingress-nginx: limit-rps limits requests for each client.",
    "global-rate-limit-window": "It was removed from ingress-nginx: limit-rps limits requests for each client.",
    "grpc-backend": "It was removed from ingress-nginx: write backend-protocol: GRPC.",
    "http2-push-preload": "It was removed from ingress-nginx: browsers no longer take server push.",
    "influxdb-host": "It was removed from ingress-nginx: metrics are at /metrics.",
    "ingress.class": "The annotation is kubernetes.io/ingress.class; spec.ingressClassName replaces it.",
    "lua-resty-waf": "It was removed from ingress-nginx.",
    "proxy-timeout": "There are three: proxy-connect-timeout, proxy-read-timeout and proxy-send-timeout.",
    "rate-limit": "No such annotation was ever read: limit-rps limits requests per second for each client.",
    "rate-limit-window": "No such annotation was ever read: limit-rps counts seconds, and limit-rpm minutes.",
    "secure-backends": "It was removed from ingress-nginx in 0.21: write backend-protocol: HTTPS.",
    "secure-verify-ca-secret": "It was removed from ingress-nginx: write proxy-ssl-secret and proxy-ssl-verify.",
    "server-snippets": "The annotation of ingress-nginx is server-snippet; ingressd runs no snippets.",
    "ssl-proxy-headers": "No such annotation was ever read: X-Forwarded headers are always set.",
    "websocket-services": "Nothing is needed: WebSockets are always proxied.",
}
"""Names that manifests use and that ingress-nginx does not know (any more), each with what replaced it."""

CATALOGUE: dict[str, Annotation] = {
    **{name: Annotation(name=name, supported=True) for name in SUPPORTED},
    **{
        name: Annotation(name=name, security=True, inert=inert, advice=_SNIPPET if name.endswith("-snippet") else "")
        for name, inert in PROTECTING.items()
    },
    **{name: Annotation(name=name, inert=ALREADY_SO.get(name, _EMPTY)) for name in CONVENIENCE},
}
"""By the name behind the prefix."""

OWN_CATALOGUE: dict[str, Annotation] = {
    "handler": Annotation(
        name="handler",
        supported=True,
        security=True,
        prefix=OWN_PREFIX,
        advice="an aiohttp handler that `--allow-handler` has bound to this name answers, and no Service is asked",
    ),
    "middleware": Annotation(
        name="middleware",
        supported=True,
        security=True,
        prefix=OWN_PREFIX,
        advice="aiohttp middlewares that `--allow-middleware` has bound to these names, from the outermost on",
    ),
}
"""Those that only ingressd has, by the name behind its prefix; ``advice`` says what they do."""


def meant_protection(name: str, *, own: bool = False) -> Annotation | None:
    """Return the protecting annotation of which ``name``, which does not exist, is surely a misspelling; one of our
    own only for a name behind our ``own`` prefix."""
    catalogue = {**CATALOGUE, **OWN_CATALOGUE} if own else CATALOGUE
    found = difflib.get_close_matches(name[:LONGEST_NAME], catalogue, n=1, cutoff=0.85)
    known = catalogue[found[0]] if found and name not in INSTEAD else None
    return known if known is not None and known.security else None


def nearest_name(name: str) -> str | None:
    """Return the known name, with its prefix, that ``name`` is most likely a misspelling of."""
    catalogue = {**CATALOGUE, **OWN_CATALOGUE}
    found = difflib.get_close_matches(name[:LONGEST_NAME], catalogue, n=1, cutoff=0.75)
    return catalogue[found[0]].full_name if found else None
