"""What the Ingress conformance suite asks of an answer that came from a pod."""

from __future__ import annotations

from tests.support.web_client import Answer

USER_AGENT = "Go-http-client/1.1"
PROMISED_FIELDS = ("Content-Length", "Content-Type", "Date", "Server")


def assert_proxied(answer: Answer, *, service: str, method: str, host: str, path: str) -> None:
    """The answer is 200 from the Service, with the fields that are promised, and the pod saw the request as it was."""
    assert answer.pod == service
    assert answer.protocol == "HTTP/1.1"
    for name in PROMISED_FIELDS:
        assert len(answer.values(name)) == 1, name
    seen = answer.seen
    assert (seen.method, seen.path, seen.protocol) == (method, path, "HTTP/1.1")
    assert seen.values("Host") == [host]
    assert seen.values("User-Agent") == [USER_AGENT]
