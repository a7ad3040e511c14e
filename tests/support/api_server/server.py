"""The server itself: what listens, what a test talks to, and what acts out the faults."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from aiohttp import web

from ingressd.event_loop import stop_accepting
from ingressd.tasks import OwnedTasks

from . import configuration_files
from .authentication import Authentication, User
from .faults import BAD_GATEWAY_PAGE, Action, Before, EndAtOnce, Fail, Faults, Hang, Refuse, Restart
from .handlers import LARGEST_BODY, Answer, WatchAnswer, answered, failed, plain
from .kinds import BY_KIND, Json, kind_of
from .rbac import Authorization, Grant
from .request_path import ApiRequest, Target, target_of
from .sending import cut, response_of, sender, sent
from .status_error import StatusError
from .storage import Storage, Stored
from .tls_files import Authority
from .watch import Ending, Watch
from .writes import Writes

REMEMBERED_REQUESTS = 100_000


class _Connections(web.Server):
    """What aiohttp knows of the connections. One that shakes hands while the server stops is cut when it is done."""

    stopped = False

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if self.stopped:
            transport.abort()


class ApiServer:
    """See the package. It begins to listen with ``start`` or ``async with``; objects can be applied before that.

    ``window`` is how many events of a kind are kept at least; ``bookmark_seconds`` the time between bookmarks.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        tls: bool = False,
        tokens_required: bool = False,
        bookmark_seconds: float = 60.0,
        window: int = 10_000,
    ) -> None:
        self.requests: deque[ApiRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        self.authority = Authority() if tls else None
        self._bookmark_seconds = bookmark_seconds
        self._storage = Storage(window=window)
        self._writes = Writes(self._storage)
        self._watches: set[Watch] = set()
        self.faults = Faults(self._storage, self._watches)
        self._authentication = Authentication(required=tokens_required)
        self._authorization = Authorization()
        self._tls_context = self.authority.server_context() if self.authority is not None else None
        # Bound for the server's whole life and never listening: the port stays ours during an outage.
        self._reservation = _bound(port)
        self.port: int = self._reservation.getsockname()[1]
        self._listening: asyncio.Server | None = None
        self._web: _Connections | None = None
        self._tasks = OwnedTasks()

    @property
    def url(self) -> str:
        return f"{'http' if self.authority is None else 'https'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen; after ``stop`` on the same port, with all state."""
        self._web = _Connections(self._handle, handler_cancellation=True, access_log=None)
        listener = _bound(self.port)
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._web, sock=listener, ssl=self._tls_context)

    async def stop(self) -> None:
        """Refuse connections from now on, and cut those that are open."""
        if self._listening is None or self._web is None:
            return
        listening, server = self._listening, self._web
        self._listening = self._web = None
        await stop_accepting(listening)
        server.stopped = True
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await server.shutdown(1.0)
        await listening.wait_closed()

    async def close(self) -> None:
        await self._tasks.close()
        await self.stop()
        self._reservation.close()

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        await self.stop()
        try:
            yield
        finally:
            await self.start()

    def apply(self, manifest: Json, *, validate: bool = True) -> Json:
        """Create or replace an object, as its owner: the status and a given creation time count, too."""
        kind = kind_of(manifest)
        namespace = _namespace(manifest) if kind.namespaced else ""
        if kind.namespaced:
            self._writes.ensure_namespace(namespace)
        name = manifest["metadata"].get("name", "")
        if self._storage.get(kind, namespace, name) is None:
            written = self._writes.create(kind, namespace, manifest, trusted=True, validate=validate)
        else:
            written = self._writes.update(kind, namespace, name, manifest, trusted=True, validate=validate)
        return _shown(kind.kind, written)

    def create(self, manifest: Json) -> Json:
        """Create an object. Raises StatusError (409) when it exists."""
        kind = kind_of(manifest)
        namespace = _namespace(manifest) if kind.namespaced else ""
        if kind.namespaced:
            self._writes.ensure_namespace(namespace)
        return _shown(kind.kind, self._writes.create(kind, namespace, manifest, trusted=True))

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """Return a copy; cluster-wide objects have the namespace ""."""
        found = self._storage.get(BY_KIND[kind], namespace, name)
        return None if found is None else _shown(kind, found)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Raises StatusError (404) when there is no such object."""
        self._writes.delete(BY_KIND[kind], namespace, name)

    def objects(self, kind: str) -> list[Json]:
        """Return copies of all objects of a kind, by namespace and name."""
        return [_shown(kind, each) for each in self._storage.all(BY_KIND[kind])]

    @property
    def resource_version(self) -> str:
        return str(self._storage.resource_version)

    def compact(self) -> None:
        """Forget the history: older resource versions and continue tokens are answered 410 from now on."""
        self._storage.compact()

    def open_watches(self, resource: str = "") -> int:
        return sum(resource in ("", watch.kind.plural) for watch in self._watches)

    @property
    def token(self) -> str:
        return self._authentication.token

    def rotate_token(self) -> str:
        return self._authentication.rotate()

    def add_user(self, name: str, groups: Sequence[str] = ()) -> str:
        """Return a token for a user; "system:masters" is the group that may do everything."""
        return self._authentication.add(User(name, (*groups, "system:authenticated")))

    def load_rbac(self, manifests: Iterable[Json]) -> None:
        self._authorization.load(manifests)

    def unused_grants(self) -> set[Grant]:
        return self._authorization.unused()

    def client_certificate(self, name: str, groups: Sequence[str] = ()) -> tuple[bytes, bytes]:
        """Return certificate and key of a user, PEM; at most one group."""
        assert self.authority is not None, "only with tls=True"
        return self.authority.client_certificate(name, groups)

    def write_kubeconfig(self, file: Path, *, certificate: tuple[bytes, bytes] | None = None) -> None:
        """Write a kubeconfig with the token, or with a client certificate instead."""
        user = {"token": self.token}
        if certificate is not None:
            names = ("client-certificate-data", "client-key-data")
            user = dict(zip(names, map(configuration_files.encoded, certificate), strict=True))
        configuration_files.write_kubeconfig(file, self.url, user, self.certificate_authority)

    def write_service_account(self, folder: Path) -> None:
        configuration_files.write_service_account(folder, self.token, self.certificate_authority)

    @property
    def certificate_authority(self) -> bytes | None:
        return None if self.authority is None else self.authority.certificate

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        target = target_of(request.method, request.path, request.query)
        if target is None:
            return response_of(plain(request.method, request.path))
        self.requests.append(target.request)
        action = self.faults.action(target.request)
        match action:
            case Fail(code=code, html=html):
                answer = Answer(code, BAD_GATEWAY_PAGE, content_type="text/html") if html else failed(action.failure())
                return response_of(answer)
            case Hang():
                await asyncio.Event().wait()
            case Refuse(reset=reset):
                return cut(request, reset=reset)
            case Restart(seconds=seconds):
                self._tasks.start(self._restart(seconds), "restart")
                await asyncio.Event().wait()
            case Before(call=call):
                call()
            case _:
                pass
        try:
            answer_or_watch = await self._answer(request, target)
        except StatusError as failure:
            return response_of(failed(failure))
        if isinstance(answer_or_watch, WatchAnswer):
            return await self._watch(request, target, answer_or_watch, action)
        return await sent(request, answer_or_watch, action)

    async def _answer(self, request: web.BaseRequest, target: Target) -> Answer | WatchAnswer:
        certificate = request.transport.get_extra_info("peercert") if request.transport is not None else None
        user = self._authentication.user(request.headers.get("Authorization", ""), certificate)
        self._authorization.check(user, target.request, target.kind)
        body = bytearray()
        while len(body) <= LARGEST_BODY and (piece := await request.content.readany()):
            body += piece
        return answered(
            self._storage,
            self._writes,
            target,
            query=request.query,
            body=bytes(body),
            content_type=request.content_type,
        )

    async def _watch(
        self, request: web.BaseRequest, target: Target, opened: WatchAnswer, action: Action | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
        )
        response.enable_chunked_encoding()
        await response.prepare(request)
        if isinstance(action, EndAtOnce):
            return response
        watch = Watch(self._storage, opened.kind, opened.selection, opened.options)
        if self.faults.silences(target.request):
            watch.silence()
        self._watches.add(watch)
        try:
            ending = await watch.run(sender(response, action), self._bookmark_seconds)
        finally:
            self._watches.discard(watch)
        if ending is not Ending.CLEAN:
            return cut(request, response, reset=ending is Ending.RESET)
        return response

    async def _restart(self, seconds: float) -> None:
        async with self.outage():
            await asyncio.sleep(seconds)


def _bound(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind(("127.0.0.1", port))
    return found


def _namespace(manifest: Json) -> str:
    return manifest["metadata"].get("namespace") or "default"


def _shown(kind: str, found: Stored) -> Json:
    value: Json = msgspec.json.decode(found.whole(BY_KIND[kind]))
    return value
