"""The fields of a line of the access log, as they are documented."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

import msgspec


def _described(description: str) -> msgspec.Meta:
    return msgspec.Meta(description=description)


class AccessLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields of the line, in their order. A text that does not apply is empty."""

    time: Annotated[str, _described("when its first byte came: ISO 8601, UTC, milliseconds")]
    duration_seconds: Annotated[
        float, _described("from then to the last byte of the answer; like all durations, to the microsecond")
    ]
    client: Annotated[str, _described("the client's IP address")]
    method: Annotated[str, _described("empty for a request that could not be read, as are `host` and `target`")]
    scheme: Annotated[str, _described("`http` or `https`")]
    host: Annotated[str, _described("the host that the client named")]
    target: Annotated[str, _described("path and query, as the client sent them")]
    protocol: Annotated[str, _described("such as `HTTP/1.1`")]
    status: Annotated[int, _described("of the answer; 0 when none began")]
    reason: Annotated[str, _described("why ingressd gave the answer itself (see Reasons); empty for an endpoint's")]
    detail: Annotated[str, _described("more about the reason, in words")]
    origin: Annotated[str, _described("the rule that matched: `namespace/name#rule/path`")]
    namespace: Annotated[str, _described("of the Ingress")]
    ingress: Annotated[str, _described("name of the Ingress")]
    service: Annotated[str, _described("name of the Service")]
    service_port: Annotated[str, _described("its port, as the Ingress names it")]
    endpoint: Annotated[str, _described("address and port of the last endpoint tried")]
    attempts: Annotated[int, _described("tries to get an answer from an endpoint")]
    bytes_received: Annotated[int, _described("body bytes from the client")]
    bytes_sent: Annotated[int, _described("body bytes to the client")]
    upstream_seconds: Annotated[
        float | None, _described("from the first try to the head of the endpoint's answer; null when none came")
    ]
    request_id: Annotated[str, _described("the `X-Request-ID` that the endpoint got")]
    upgraded: Annotated[bool, _described("whether the connection became a tunnel, such as a WebSocket")]


class FieldRow(NamedTuple):
    """One line of the documentation of a field; ``type`` is that of JSON."""

    name: str
    type: str
    meaning: str


def access_line_table() -> tuple[FieldRow, ...]:
    """Return every field of a line, in its order."""
    hints: dict[str, Any] = get_type_hints(AccessLine, include_extras=True)
    rows = []
    for name in AccessLine.__struct_fields__:
        type_, meta = get_args(hints[name])
        rows.append(FieldRow(name, _TYPES_OF_JSON[type_], meta.description))
    return tuple(rows)


_TYPES_OF_JSON: dict[Any, str] = {
    str: "text",
    int: "number",
    float: "number",
    float | None: "number or null",
    bool: "true or false",
}
