"""Why a request has no proper answer: every reason, and the one table that says what each becomes."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Side(enum.StrEnum):
    """Who has to change something: the client, the author of the objects, the upstream, or ingressd."""

    CLIENT = "client"
    CONFIGURATION = "configuration"
    UPSTREAM = "upstream"
    PROXY = "proxy"


class Reason(enum.StrEnum):
    """Machine-readable, in answers (``X-Ingressd-Reason``), metrics and logs. A value never changes its meaning."""

    MALFORMED_REQUEST = "malformed_request"
    MALFORMED_BODY = "malformed_body"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    TARGET_TOO_LONG = "target_too_long"
    EXPECTATION_FAILED = "expectation_failed"
    HEADERS_TOO_LARGE = "headers_too_large"
    UNKNOWN_TRANSFER_CODING = "unknown_transfer_coding"
    UNKNOWN_VERSION = "unknown_version"
    CLIENT_CLOSED = "client_closed"
    NO_HOST = "no_host"
    NO_PATH = "no_path"
    NO_SERVICE = "no_service"
    NO_SERVICE_PORT = "no_service_port"
    NO_ENDPOINTS = "no_endpoints"
    EXTERNAL_NAME_REFUSED = "external_name_refused"
    RESOURCE_BACKEND = "resource_backend"
    ROUTE_DENIED = "route_denied"
    UPSTREAM_CONNECT = "upstream_connect"
    UPSTREAM_CONNECT_TIMEOUT = "upstream_connect_timeout"
    UPSTREAM_BUSY = "upstream_busy"
    UPSTREAM_CLOSED = "upstream_closed"
    UPSTREAM_INVALID = "upstream_invalid"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    DRAINING = "draining"
    MIDDLEWARE_FAILED = "middleware_failed"
    HANDLER_FAILED = "handler_failed"
    INTERNAL_ERROR = "internal_error"


class Answer(NamedTuple):
    """``retry_safe``: the upstream cannot have acted on the request, so any method may go to another endpoint."""

    status: int
    side: Side
    retry_safe: bool
    sentence: str


ANSWERS: dict[Reason, Answer] = {
    Reason.MALFORMED_REQUEST: Answer(400, Side.CLIENT, False, "The request is not valid HTTP/1.1."),
    Reason.MALFORMED_BODY: Answer(400, Side.CLIENT, False, "The request's body is not validly framed."),
    Reason.METHOD_NOT_ALLOWED: Answer(405, Side.CLIENT, False, "This method is not served."),
    Reason.REQUEST_TIMEOUT: Answer(408, Side.CLIENT, False, "The request did not arrive in time."),
    Reason.TARGET_TOO_LONG: Answer(414, Side.CLIENT, False, "The request target is too long."),
    Reason.EXPECTATION_FAILED: Answer(417, Side.CLIENT, False, "The only expectation served is 100-continue."),
    Reason.HEADERS_TOO_LARGE: Answer(431, Side.CLIENT, False, "The request has too many or too long header fields."),
    Reason.UNKNOWN_TRANSFER_CODING: Answer(501, Side.CLIENT, False, "The only transfer coding served is chunked."),
    Reason.UNKNOWN_VERSION: Answer(505, Side.CLIENT, False, "The only versions served are HTTP/1.0 and HTTP/1.1."),
    Reason.CLIENT_CLOSED: Answer(499, Side.CLIENT, False, "The client left before the answer."),
    Reason.NO_HOST: Answer(404, Side.CONFIGURATION, False, "No Ingress serves this host."),
    Reason.NO_PATH: Answer(404, Side.CONFIGURATION, False, "No path of this host's Ingresses matches."),
    Reason.NO_SERVICE: Answer(503, Side.CONFIGURATION, False, "The Service of this path does not exist."),
    Reason.NO_SERVICE_PORT: Answer(503, Side.CONFIGURATION, False, "The Service has no such port."),
    Reason.NO_ENDPOINTS: Answer(503, Side.UPSTREAM, False, "The Service of this path has no ready endpoints."),
    Reason.EXTERNAL_NAME_REFUSED: Answer(
        503, Side.CONFIGURATION, False, "The Service is an ExternalName that is not allowed here."
    ),
    Reason.RESOURCE_BACKEND: Answer(503, Side.CONFIGURATION, False, "Resource backends are not served."),
    Reason.ROUTE_DENIED: Answer(
        503, Side.CONFIGURATION, False, "A protective setting of this Ingress is not valid or not supported."
    ),
    Reason.UPSTREAM_CONNECT: Answer(502, Side.UPSTREAM, True, "No endpoint accepted a connection."),
    Reason.UPSTREAM_CONNECT_TIMEOUT: Answer(504, Side.UPSTREAM, True, "No endpoint accepted a connection in time."),
    Reason.UPSTREAM_BUSY: Answer(
        503, Side.UPSTREAM, True, "Every connection to the endpoint is in use, and others wait for one."
    ),
    Reason.UPSTREAM_CLOSED: Answer(502, Side.UPSTREAM, False, "The endpoint closed the connection without an answer."),
    Reason.UPSTREAM_INVALID: Answer(502, Side.UPSTREAM, False, "The endpoint's answer is not valid HTTP/1.1."),
    Reason.UPSTREAM_TIMEOUT: Answer(504, Side.UPSTREAM, False, "The endpoint did not answer in time."),
    Reason.DRAINING: Answer(503, Side.PROXY, False, "ingressd is shutting down."),
    Reason.MIDDLEWARE_FAILED: Answer(
        500, Side.PROXY, False, "A middleware in front of this route failed; ingressd's log says how."
    ),
    Reason.HANDLER_FAILED: Answer(500, Side.PROXY, False, "The handler of this route failed; ingressd's log says how."),
    Reason.INTERNAL_ERROR: Answer(500, Side.PROXY, False, "ingressd failed; its log says how."),
}


class Failure(Exception):  # noqa: N818 - it is a value as often as it is raised
    """One failure: its reason, and a detail that helps whoever has to change something."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    @property
    def answer(self) -> Answer:
        return ANSWERS[self.reason]

    def __repr__(self) -> str:
        return f"Failure({self.reason}, {self.detail!r})"
