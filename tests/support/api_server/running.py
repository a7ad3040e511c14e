"""The server in a thread of its own, for tests without an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from .faults import Faults
from .server import ApiServer

PATIENCE_SECONDS = 60.0

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_Subject = TypeVar("_Subject")


class _InItsLoop(Generic[_Subject]):
    """Calls what belongs to an event loop from other threads."""

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: threading.Thread, subject: _Subject) -> None:
        self._loop = loop
        self._thread = thread
        self._subject = subject

    def call(self, action: Callable[[_Subject], _Result]) -> _Result:
        """Call anything with the server, or with its faults, in its loop, where a fault may call it, too."""
        if threading.current_thread() is self._thread:
            return action(self._subject)

        async def called() -> _Result:
            return action(self._subject)

        return self._wait(called())

    def _wait(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)


def _server(
    method: Callable[Concatenate[ApiServer, _Arguments], _Result],
) -> Callable[Concatenate[RunningApiServer, _Arguments], _Result]:
    def call(self: RunningApiServer, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        return self.call(lambda server: method(server, *args, **kwargs))

    return call


def _faults(
    method: Callable[Concatenate[Faults, _Arguments], _Result],
) -> Callable[Concatenate[RunningFaults, _Arguments], _Result]:
    def call(self: RunningFaults, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        return self.call(lambda faults: method(faults, *args, **kwargs))

    return call


class RunningFaults(_InItsLoop[Faults]):
    clear = _faults(Faults.clear)
    fail = _faults(Faults.fail)
    hang = _faults(Faults.hang)
    refuse = _faults(Faults.refuse)
    end_watches_at_once = _faults(Faults.end_watches_at_once)
    drip = _faults(Faults.drip)
    truncate = _faults(Faults.truncate)
    before = _faults(Faults.before)
    restart = _faults(Faults.restart)
    drop_watches = _faults(Faults.drop_watches)
    cut_watches = _faults(Faults.cut_watches)
    expire_watches = _faults(Faults.expire_watches)
    fail_watches = _faults(Faults.fail_watches)
    garble_watches = _faults(Faults.garble_watches)
    repeat_last_events = _faults(Faults.repeat_last_events)
    silence_watches = _faults(Faults.silence_watches)
    unsilence_watches = _faults(Faults.unsilence_watches)
    send_bookmarks = _faults(Faults.send_bookmarks)
    delay_events = _faults(Faults.delay_events)


class RunningApiServer(_InItsLoop[ApiServer]):
    """``ApiServer``, synchronously and from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: threading.Thread, server: ApiServer) -> None:
        super().__init__(loop, thread, server)
        self.faults = RunningFaults(loop, thread, server.faults)
        self.url = server.url
        self.port = server.port
        self.certificate_authority = server.certificate_authority

    apply = _server(ApiServer.apply)
    create = _server(ApiServer.create)
    get = _server(ApiServer.get)
    delete = _server(ApiServer.delete)
    objects = _server(ApiServer.objects)
    compact = _server(ApiServer.compact)
    open_watches = _server(ApiServer.open_watches)
    rotate_token = _server(ApiServer.rotate_token)
    add_user = _server(ApiServer.add_user)
    load_rbac = _server(ApiServer.load_rbac)
    unused_grants = _server(ApiServer.unused_grants)
    client_certificate = _server(ApiServer.client_certificate)
    write_kubeconfig = _server(ApiServer.write_kubeconfig)
    write_service_account = _server(ApiServer.write_service_account)
    token = property(_server(lambda server: server.token))
    requests = property(_server(lambda server: tuple(server.requests)))
    resource_version = property(_server(lambda server: server.resource_version))

    def start(self) -> None:
        self._wait(self._subject.start())

    def stop(self) -> None:
        self._wait(self._subject.stop())

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()


@contextmanager
def running_api_server(**settings: Any) -> Iterator[RunningApiServer]:
    """Run an ``ApiServer(**settings)`` in a thread with its own event loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="api server")
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(_started(settings), loop).result(PATIENCE_SECONDS)
        try:
            yield RunningApiServer(loop, thread, server)
        finally:
            asyncio.run_coroutine_threadsafe(server.close(), loop).result(PATIENCE_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_SECONDS)
        loop.close()


async def _started(settings: dict[str, Any]) -> ApiServer:
    server = ApiServer(**settings)
    await server.start()
    return server
