"""A small client of the Kubernetes API, for tests of what an API server does: the fake one, or a real one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec

from tests.support.api_server.kinds import BY_KIND, KINDS, Json

PATIENCE_SECONDS = 60.0
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"


class Reply(msgspec.Struct, frozen=True):
    """``body`` is decoded JSON, or text."""

    status: int
    body: Any
    fields: Mapping[str, str]

    @property
    def version(self) -> str:
        version: str = self.body["metadata"]["resourceVersion"]
        return version

    @property
    def names(self) -> list[str]:
        """Return the names in a list."""
        return [item["metadata"]["name"] for item in self.body["items"]]


class WatchEvent(msgspec.Struct, frozen=True):
    type: str
    object: Json

    @property
    def name(self) -> str:
        name: str = self.object["metadata"]["name"]
        return name

    @property
    def version(self) -> str:
        version: str = self.object["metadata"]["resourceVersion"]
        return version


class OpenWatch:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status

    async def line(self) -> bytes:
        """Return the next line, and nothing at the end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._response.content.readuntil(b"\n")

    async def event(self) -> WatchEvent:
        """Return the next event; bookmarks are events, too."""
        line = await self.line()
        assert line, "the watch has ended"
        return msgspec.json.decode(line, type=WatchEvent)

    async def end(self) -> None:
        """Wait for the end, before which no event may come."""
        assert not await self.line()


class ApiClient:
    """Talks to one API server.

    ``forget`` makes the server forget all versions but the newest: a real one those of ConfigMaps at least.
    ``namespace`` is for the test alone. Objects outside of namespaces get their names from ``unique``, and are
    deleted at the end.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.forget: Callable[[], None] = lambda: None
        self._session = session
        self._suffix = uuid4().hex[:8]
        self._cluster_wide: list[str] = []
        self.namespace = f"test-{self._suffix}"

    def unique(self, name: str) -> str:
        return f"{name}-{self._suffix}"

    def path(self, kind: str, name: str = "", subresource: str = "") -> str:
        """Return the path of a kind, or of one object, in the test's namespace."""
        return BY_KIND[kind].path(self.namespace, name, subresource)

    def everywhere(self, kind: str) -> str:
        return BY_KIND[kind].path()

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        **query: str,
    ) -> Reply:
        """``body`` is encoded unless it is bytes."""
        data = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"Content-Type": content_type}
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            self._session.request(method, path, data=data, headers=headers, params=query) as response,
        ):
            content = await response.read()
            is_json = response.content_type == "application/json" and content
            shown = msgspec.json.decode(content) if is_json else content.decode()
            return Reply(response.status, shown, dict(response.headers))

    async def get(self, path: str, **query: str) -> Reply:
        return await self.request("GET", path, **query)

    async def create(self, manifest: Json) -> Reply:
        """Create an object, in the test's namespace if its kind has one; its name must be free."""
        kind = BY_KIND[manifest["kind"]]
        if not kind.namespaced:
            self._cluster_wide.append(kind.path("", manifest["metadata"]["name"]))
        return await self.request("POST", kind.path(self.namespace), self._placed(manifest))

    async def created(self, manifest: Json) -> Json:
        """Create an object, which must succeed, and return it."""
        reply = await self.create(manifest)
        assert reply.status == 201, reply.body
        found: Json = reply.body
        return found

    async def replace(self, manifest: Json, subresource: str = "") -> Reply:
        path = self.path(manifest["kind"], manifest["metadata"]["name"], subresource)
        return await self.request("PUT", path, self._placed(manifest))

    async def patch(self, path: str, patch: Any, content_type: str = MERGE_PATCH) -> Reply:
        return await self.request("PATCH", path, patch, content_type=content_type)

    async def delete(self, path: str, body: Any = None) -> Reply:
        return await self.request("DELETE", path, body)

    @asynccontextmanager
    async def watch(self, path: str, **query: str) -> AsyncIterator[OpenWatch]:
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(path, params={"watch": "true", **query}, timeout=timeout) as response:
            yield OpenWatch(response)

    async def open(self) -> None:
        made = await self.request("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        assert made.status == 201, made.body

    async def close(self) -> None:
        """Delete what the test has made; finalizers are taken away."""
        for kind in KINDS:
            if kind.namespaced:
                await self.delete(kind.path(self.namespace))
                for name in (await self.get(kind.path(self.namespace))).names:
                    await self.patch(kind.path(self.namespace, name), {"metadata": {"finalizers": None}})
        for path in self._cluster_wide:
            await self.delete(path)
        await self.delete(f"/api/v1/namespaces/{self.namespace}")

    def _placed(self, manifest: Json) -> Json:
        place = {"namespace": self.namespace} if BY_KIND[manifest["kind"]].namespaced else {}
        return {**manifest, "metadata": {**manifest["metadata"], **place}}


@asynccontextmanager
async def speaking(url: str, *, token: str = "", tls: ssl.SSLContext | None = None) -> AsyncIterator[ApiClient]:
    """Talk to an API server."""
    fields = {"Authorization": f"Bearer {token}"} if token else {}
    connector = aiohttp.TCPConnector(ssl=tls if tls is not None else True)
    # An event may be larger than a megabyte.
    async with aiohttp.ClientSession(url, headers=fields, connector=connector, read_bufsize=1 << 24) as session:
        yield ApiClient(session)


@asynccontextmanager
async def connected(
    url: str, *, forget: Callable[[], None], token: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[ApiClient]:
    """Talk to an API server as a user who may do everything, in a namespace for this test."""
    async with speaking(url, token=token, tls=tls) as client:
        client.forget = forget
        await client.open()
        try:
            yield client
        finally:
            await client.close()
