from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvloop
import yaml

from ingressd import __version__
from ingressd.kube.api import MERGE_PATCH, Api
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.client import Client, open_client
from ingressd.kube.configuration import ClusterSettings, load_configuration
from tests.kube.raw_server import raw_server
from tests.support.api_server import ApiServer

SERVICES = "/api/v1/services"
QUERY = {"watch": "true", "timeoutSeconds": "300"}
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def kubeconfig(folder: Path, server: str, **user: object) -> str:
    path = folder / "config"
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
                "clusters": [{"name": "here", "cluster": {"server": server}}],
                "users": [{"name": "me", "user": user}],
            }
        )
    )
    return str(path)


@asynccontextmanager
async def client_of(folder: Path, server: str, most_body_bytes: int = 10_000, **user: object) -> AsyncIterator[Client]:
    settings = ClusterSettings(kubeconfig=kubeconfig(folder, server, **user))
    client = Client(settings, await load_configuration(settings), most_body_bytes=most_body_bytes)
    try:
        yield client
    finally:
        await client.close()


async def failure(client: Api, timeout_seconds: float = 30.0) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await client.request("GET", SERVICES, timeout_seconds=timeout_seconds)
    return caught.value


async def failure_of_watch(client: Api, silence_seconds: float = 10.0) -> tuple[bytes, ApiError]:
    read = b""
    with pytest.raises(ApiError) as caught:
        async with client.watch(SERVICES, query=QUERY, silence_seconds=silence_seconds) as pieces:
            async for piece in pieces:
                read += piece
    return read, caught.value


def service(name: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"ports": [{"port": 80}]},
    }


async def test_lists_writes_and_watches_over_tls_with_a_token(tmp_path: Path) -> None:
    async with ApiServer(tls=True, tokens_required=True) as server:
        path = tmp_path / "config"
        server.write_kubeconfig(path)
        server.apply(service("web"))
        async with open_client(ClusterSettings(kubeconfig=str(path))) as client:
            assert client.server == server.url
            listed = json.loads(await client.request("GET", SERVICES, query={"limit": "5", "labelSelector": ""}))
            assert [item["metadata"]["name"] for item in listed["items"]] == ["web"]
            written = await client.request(
                "PATCH",
                "/api/v1/namespaces/shop/services/web",
                body=b'{"metadata": {"labels": {"a": "b"}}}',
                content_type=MERGE_PATCH,
            )
            assert json.loads(written)["metadata"]["labels"] == {"a": "b"}
            query = {**QUERY, "resourceVersion": listed["metadata"]["resourceVersion"]}
            async with client.watch(SERVICES, query=query, silence_seconds=10) as pieces:
                event = json.loads(await anext(pieces))
            assert (event["type"], event["object"]["metadata"]["labels"]) == ("MODIFIED", {"a": "b"})


async def test_what_is_sent(tmp_path: Path) -> None:
    async with raw_server(OK + b"Content-Length: 2\r\n\r\n{}") as server:
        async with client_of(tmp_path, server.url, token="abc") as client:
            assert await client.request("GET", SERVICES, query={"labelSelector": "a in (b,c)"}) == b"{}"
    lines = server.heads[0].split("\r\n")
    assert lines[0] == "GET /api/v1/services?labelSelector=a+in+(b,c) HTTP/1.1"
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    assert headers["user-agent"] == f"ingressd/{__version__}"
    assert headers["authorization"] == "Bearer abc"
    assert headers["accept-encoding"] == "identity"
    assert "content-type" not in headers


@pytest.mark.parametrize(
    ("status", "fault"),
    [(403, ApiFault.FORBIDDEN), (404, ApiFault.NOT_FOUND), (410, ApiFault.EXPIRED), (429, ApiFault.THROTTLED)],
)
async def test_an_answer_that_is_no_success_is_its_fault(tmp_path: Path, status: int, fault: ApiFault) -> None:
    said = json.dumps({"kind": "Status", "message": "Because.", "code": status}).encode()
    answer = b"HTTP/1.1 %d Reason\r\nRetry-After: 3\r\nContent-Length: %d\r\n\r\n%s" % (status, len(said), said)
    async with raw_server(answer) as server, client_of(tmp_path, server.url) as client:
        error = await failure(client)
        assert (error.fault, error.status, error.retry_after_seconds) == (fault, status, 3.0)
        assert str(error) == f"The API server answered {status} to GET {SERVICES}: Because."
        _, error = await failure_of_watch(client)
        assert error.fault is fault


@pytest.mark.parametrize(
    ("answer", "fault", "word"),
    [
        (b"", ApiFault.UNREACHABLE, "cut"),
        (b"garbage\r\n\r\n", ApiFault.MALFORMED, "not HTTP"),
        (OK + b"Content-Length: 10\r\n\r\n{", ApiFault.UNREACHABLE, "cut"),
        (CHUNKED + b"5\r\n{", ApiFault.UNREACHABLE, "cut"),
        (OK + b"Content-Length: 20000\r\n\r\n" + b" " * 20000, ApiFault.MALFORMED, "more than 10000 bytes"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", ApiFault.REFUSED, "302"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\nx", ApiFault.SERVER, "500"),
    ],
)
async def test_what_else_can_come_back(tmp_path: Path, answer: bytes, fault: ApiFault, word: str) -> None:
    async with raw_server(answer) as server, client_of(tmp_path, server.url) as client:
        error = await failure(client)
        assert error.fault is fault
        assert word in str(error)


async def test_nobody_listens(tmp_path: Path) -> None:
    async with raw_server(b"") as server:
        url = server.url
    async with client_of(tmp_path, url) as client:
        error = await failure(client)
    assert error.fault is ApiFault.UNREACHABLE
    assert str(error).startswith(f"The API server at {url} cannot be connected to: ")


async def test_a_name_that_does_not_resolve(tmp_path: Path) -> None:
    async with client_of(tmp_path, "http://no-such-host.invalid") as client:
        error = await failure(client)
    assert error.fault is ApiFault.UNREACHABLE
    assert "does not resolve" in str(error)


@pytest.mark.parametrize("answer", [b"", OK + b"Content-Length: 10\r\n\r\n{"])
async def test_silence_is_an_error(tmp_path: Path, answer: bytes) -> None:
    async with raw_server(answer, stays=True) as server, client_of(tmp_path, server.url) as client:
        error = await failure(client, timeout_seconds=0.05)
        assert error.fault is ApiFault.UNREACHABLE
        assert "stopped answering" in str(error)


async def test_a_watch_that_falls_silent_gives_what_came_before(tmp_path: Path) -> None:
    async with raw_server(CHUNKED + b"3\r\nabc\r\n", stays=True) as server, client_of(tmp_path, server.url) as client:
        read, error = await failure_of_watch(client, silence_seconds=0.05)
    assert read == b"abc"
    assert error.fault is ApiFault.UNREACHABLE


async def test_a_watch_that_is_cut_is_no_clean_end(tmp_path: Path) -> None:
    async with raw_server(CHUNKED + b"3\r\nabc\r\n") as server, client_of(tmp_path, server.url) as client:
        read, error = await failure_of_watch(client)
    assert read == b"abc"
    assert error.fault is ApiFault.UNREACHABLE


@pytest.mark.parametrize("wrong", [b"no size of a chunk\r\n", b"3\r\nabc, and no end of line", b"0\r\n\x00\r\n\r\n"])
async def test_framing_that_turns_wrong_ends_a_watch(tmp_path: Path, wrong: bytes) -> None:
    async with raw_server(CHUNKED + b"3\r\nabc\r\n", stays=True) as server, client_of(tmp_path, server.url) as client:
        with pytest.raises(ApiError) as caught:
            async with asyncio.timeout(30), client.watch(SERVICES, query=QUERY, silence_seconds=600) as pieces:
                assert await anext(pieces) == b"abc"
                server.say(wrong)
                async for _ in pieces:
                    pass
    assert caught.value.fault is ApiFault.UNREACHABLE


async def test_a_clean_end_ends_the_iteration(tmp_path: Path) -> None:
    async with raw_server(CHUNKED + b"3\r\nabc\r\n0\r\n\r\n") as server, client_of(tmp_path, server.url) as client:
        async with client.watch(SERVICES, query=QUERY, silence_seconds=10) as pieces:
            assert [piece async for piece in pieces] == [b"abc"]


async def test_what_the_block_of_a_watch_raises_passes_through(tmp_path: Path) -> None:
    async with raw_server(CHUNKED, stays=True) as server, client_of(tmp_path, server.url) as client:
        with pytest.raises(OSError, match="mine"):
            async with client.watch(SERVICES, query=QUERY, silence_seconds=10):
                raise OSError("mine")


async def test_a_rotated_token_of_a_service_account_is_read_at_the_next_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ApiServer(tls=True, tokens_required=True) as server:
        settings = service_account(server, tmp_path, monkeypatch)
        async with open_client(settings) as client:
            assert client.origin == "the service account of this pod"
            await client.request("GET", SERVICES)
            # The kubelet is late: this one answer is 401.
            token = server.rotate_token()
            assert (await failure(client)).fault is ApiFault.UNAUTHORIZED
            (tmp_path / "token").write_text(f"\n{token}\n")
            await client.request("GET", SERVICES)
            # In the middle of being replaced.
            (tmp_path / "token").unlink()
            await client.request("GET", SERVICES)


def service_account(server: ApiServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterSettings:
    server.write_service_account(folder)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
    return ClusterSettings(token_file=str(folder / "token"), certificate_file=str(folder / "ca.crt"))


async def test_a_new_certificate_authority_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ApiServer(tls=True) as first:
        settings = service_account(first, tmp_path, monkeypatch)
        async with open_client(settings) as client:
            await client.request("GET", SERVICES)
            await first.stop()
            (tmp_path / "next").mkdir()
            async with ApiServer(tls=True, port=first.port) as second:
                error = await failure(client)
                assert error.fault is ApiFault.UNREACHABLE
                assert "certificate" in str(error)
                second.write_service_account(tmp_path / "next")
                shutil.copytree(tmp_path / "next", tmp_path, dirs_exist_ok=True)
                await client.request("GET", SERVICES)


async def test_calls_under_way_survive_new_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ApiServer(tls=True, tokens_required=True) as server:
        settings = service_account(server, tmp_path, monkeypatch)
        async with open_client(settings) as client:
            async with client.watch(SERVICES, query=QUERY, silence_seconds=10) as pieces:
                (tmp_path / "ca.crt").touch()
                await client.request("GET", SERVICES)
                server.apply(service("web"))
                assert json.loads(await anext(pieces))["type"] == "ADDED"


PLUGIN = """
import json, pathlib, sys
calls = pathlib.Path(sys.argv[1])
calls.write_text(calls.read_text() + "x")
status = {"token": pathlib.Path(sys.argv[2]).read_text()}
if len(sys.argv) > 3:
    status["expirationTimestamp"] = sys.argv[3]
print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}))
"""


class Plugin:
    def __init__(self, folder: Path, token: str, *expires: str) -> None:
        self._calls, self._token = folder / "calls", folder / "plugin-token"
        self._calls.write_text("")
        self._token.write_text(token)
        arguments = ["-c", PLUGIN, str(self._calls), str(self._token), *expires]
        self.user = {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": sys.executable,
                "args": arguments,
                "interactiveMode": "Never",
            }
        }

    @property
    def calls(self) -> int:
        return len(self._calls.read_text())

    def renew(self, token: str) -> None:
        self._token.write_text(token)


async def test_an_exec_plugin_runs_again_after_a_401_and_only_then(tmp_path: Path) -> None:
    async with ApiServer(tokens_required=True) as server:
        plugin = Plugin(tmp_path, server.token)
        async with client_of(tmp_path, server.url, 10_000, **plugin.user) as client:
            await client.request("GET", SERVICES)
            await client.request("GET", SERVICES)
            assert plugin.calls == 1
            plugin.renew(server.rotate_token())
            assert (await failure(client)).fault is ApiFault.UNAUTHORIZED
            await client.request("GET", SERVICES)
            assert plugin.calls == 2


async def test_an_exec_plugin_runs_again_before_its_credentials_expire(tmp_path: Path) -> None:
    now = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    async with ApiServer(tokens_required=True) as server:
        plugin = Plugin(tmp_path, server.token, "2126-11-20T10:00:00Z")
        settings = ClusterSettings(kubeconfig=kubeconfig(tmp_path, server.url, **plugin.user))
        client = Client(settings, await load_configuration(settings), clock=lambda: now)
        try:
            await client.request("GET", SERVICES)
            assert plugin.calls == 1
            now = datetime(2126, 11, 20, 10, 0, tzinfo=UTC) - timedelta(seconds=5)
            await client.request("GET", SERVICES)
            assert plugin.calls == 2
        finally:
            await client.close()


async def test_an_exec_plugin_whose_credentials_have_always_expired_does_not_run_at_every_call(tmp_path: Path) -> None:
    now = 0.0
    async with ApiServer(tokens_required=True) as server:
        plugin = Plugin(tmp_path, server.token, "2000-01-01T00:00:00Z")
        settings = ClusterSettings(kubeconfig=kubeconfig(tmp_path, server.url, **plugin.user))
        client = Client(settings, await load_configuration(settings), monotonic=lambda: now)
        try:
            for _ in range(3):
                await client.request("GET", SERVICES)
            assert plugin.calls == 2
            now = 10.0
            await client.request("GET", SERVICES)
            assert plugin.calls == 3
        finally:
            await client.close()


async def test_credentials_that_cannot_be_read_again_are_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    async with ApiServer(tokens_required=True) as server:
        plugin = Plugin(tmp_path, server.token, "2000-01-01T00:00:00Z")
        settings = ClusterSettings(kubeconfig=kubeconfig(tmp_path, server.url, **plugin.user))
        client = Client(settings, await load_configuration(settings), monotonic=lambda: now)
        content = (tmp_path / "config").read_bytes()
        try:
            (tmp_path / "config").unlink()
            with caplog.at_level("INFO", "ingressd.kube"):
                for moment in (0.0, 1.0, 20.0, 40.0):
                    now = moment
                    await client.request("GET", SERVICES)
                (tmp_path / "config").write_bytes(content)
                now = 60.0
                await client.request("GET", SERVICES)
        finally:
            await client.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "the old ones stay" in caplog.text


async def test_credentials_that_cannot_be_renewed_are_an_error_of_the_call(tmp_path: Path) -> None:
    async with ApiServer(tokens_required=True) as server:
        async with client_of(tmp_path, server.url, token=server.token) as client:
            server.rotate_token()
            assert (await failure(client)).fault is ApiFault.UNAUTHORIZED
            (tmp_path / "config").unlink()
            error = await failure(client)
    assert error.fault is ApiFault.UNAUTHORIZED
    assert "cannot be renewed" in str(error)


async def test_who_switches_contexts_does_not_move_a_running_client(tmp_path: Path) -> None:
    async with ApiServer(tokens_required=True) as server, raw_server(OK + b"Content-Length: 2\r\n\r\n{}") as other:
        async with client_of(tmp_path, server.url, token=server.token) as client:
            content = yaml.safe_load((tmp_path / "config").read_text())
            content["contexts"].append({"name": "there", "context": {"cluster": "there", "user": "me"}})
            content["clusters"].append({"name": "there", "cluster": {"server": other.url}})
            content["users"][0]["user"]["token"] = server.rotate_token()
            content["current-context"] = "there"
            (tmp_path / "config").write_text(yaml.safe_dump(content))
            assert (await failure(client)).fault is ApiFault.UNAUTHORIZED
            await client.request("GET", SERVICES)
    assert other.heads == []


def test_it_works_on_uvloop(tmp_path: Path) -> None:
    async def use() -> None:
        async with ApiServer(tls=True, tokens_required=True) as server:
            path = tmp_path / "config"
            server.write_kubeconfig(path)
            async with open_client(ClusterSettings(kubeconfig=str(path))) as client:
                await client.request("GET", SERVICES)
                async with client.watch(SERVICES, query=QUERY, silence_seconds=10) as pieces:
                    server.apply(service("web"))
                    async with aclosing(pieces):  # type: ignore[type-var]  # a generator, in fact
                        assert b"ADDED" in await anext(pieces)
            plugin = Plugin(tmp_path, server.token)
            async with client_of(tmp_path, "http://127.0.0.1:1", 1000, **plugin.user):
                assert plugin.calls == 1

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(use())
