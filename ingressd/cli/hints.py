"""What the error pages of ``dev`` tell a developer to do."""

from __future__ import annotations

from ingressd.proxy.answers import Hints
from ingressd.proxy.failures import Reason

_MAP = "If it runs on this machine, add --map {namespace}/{service}=PORT to the command line."

DEV_HINTS: Hints = {
    Reason.NO_HOST: "No Ingress in the files that are served names {host}: check spec.rules[].host.",
    Reason.NO_PATH: "Run `ingressd explain GET http://{host}{path}` with the same files to see each path that lost.",
    Reason.NO_SERVICE: f"Add a manifest of Service {{namespace}}/{{service}}. {_MAP}",
    Reason.NO_SERVICE_PORT: "Correct the port of the backend to one that Service {namespace}/{service} has.",
    Reason.NO_ENDPOINTS: f"No EndpointSlice of Service {{namespace}}/{{service}} has a ready endpoint. {_MAP}",
    Reason.EXTERNAL_NAME_REFUSED: (
        "Service {namespace}/{service} names an address that ingressd does not connect to: map it to a local port "
        "with --map {namespace}/{service}=PORT."
    ),
    Reason.RESOURCE_BACKEND: "Give the path a backend with a Service.",
    Reason.UPSTREAM_CONNECT: "Is the server of Service {namespace}/{service} running at {endpoint}?",
    Reason.UPSTREAM_CONNECT_TIMEOUT: "Is the server of Service {namespace}/{service} running at {endpoint}?",
    Reason.UPSTREAM_TIMEOUT: (
        "If it needs longer, raise --response-head-timeout, or --send-idle-timeout while it takes a request."
    ),
}
"""By reason; the blanks are filled when a page is made (``proxy.answers``)."""
