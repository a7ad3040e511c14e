"""aiohttp middlewares in front of routes: for all of them by ``--middleware``, or as an Ingress asks.

The code is an operator's: an Ingress can only name what a flag has allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.code import with_examples, write_module
from tests.support.manifests import Manifest, ingress, path, rule, save
from tests.support.pods import Pods
from tests.support.running import ingressd, problem_codes
from tests.support.running import serving as dev
from tests.support.running_controller import running_ingressd
from tests.support.running_proxy import RunningProxy

ANNOTATION = "ingressd.dev/middleware"
ALLOWED = ("--allow-middleware", "api-key=api_key:factory", "--allow-middleware", "variant=variant:factory")
MANIFESTS = (
    ingress("guarded", rule("guarded.test", path("/", "web")), annotations={ANNOTATION: "api-key, variant"}),
    ingress("open", rule("open.test", path("/", "web"))),
)

BROKEN = """
    import asyncio

    from aiohttp import web


    def raising():
        @web.middleware
        async def raise_(request, handler):
            raise ValueError("a secret detail")
        return raise_


    def marking():
        @web.middleware
        async def mark(request, handler):
            response = await handler(request)
            response.headers["X-Marked"] = "yes"
            return response
        return mark


    def bad_factory():
        raise RuntimeError("no database")
"""


@contextmanager
def through_dev(folder: Path, *arguments: str, environment: dict[str, str]) -> Iterator[RunningProxy]:
    with dev(folder, *MANIFESTS, arguments=arguments, environment=environment) as running:
        yield running


@contextmanager
def through_run(folder: Path, *arguments: str, environment: dict[str, str]) -> Iterator[RunningProxy]:
    save(folder / "site.yaml", *MANIFESTS)
    flags = ("--from", "site.yaml", "--workers", "2", *arguments)
    with running_ingressd(folder, *flags, environment=environment) as running:
        running.wait_until_ready()
        yield running


Through = Callable[..., AbstractContextManager[RunningProxy]]


@pytest.mark.parametrize("through", [through_dev, through_run])
def test_the_examples_guard_one_ingress_and_leave_the_other_alone(through: Through, tmp_path: Path, pods: Pods) -> None:
    with through(tmp_path, *pods.maps(), *ALLOWED, environment=with_examples(tmp_path)) as running:
        refused = running.get("/", host="guarded.test", fields={"X-API-Key": "wrong"})
        assert (refused.status, refused.values("WWW-Authenticate")) == (401, ["ApiKey"])

        answer = running.get(
            "/a?b=1", host="guarded.test", fields={"X-API-Key": "secret", "X-API-Client": "root", "Cookie": "variant=b"}
        )
        assert answer.seen.path == "/a?b=1"
        assert answer.seen.values("X-API-Client") == ["alice"]
        assert answer.seen.values("X-API-Key") == []
        assert answer.values("X-Variant") == answer.seen.values("X-Variant") == ["b"]
        assert answer.values("Set-Cookie") == []

        newcomer = running.get("/", host="guarded.test", fields={"X-API-Key": "secret"})
        [cookie] = newcomer.values("Set-Cookie")
        assert cookie.startswith(f"variant={newcomer.values('X-Variant')[0]};")

        posted = running.request("POST", "/", host="guarded.test", fields={"X-API-Key": "secret"}, body=b"hello")
        assert posted.seen.body == "hello"

        untouched = running.get("/", host="open.test", fields={"X-API-Key": "wrong"})
        assert untouched.seen.values("X-API-Key") == ["wrong"]
        assert untouched.values("X-Variant") == []
        metrics = running.admin("/metrics").text
        assert 'reason="middleware"' in metrics


@pytest.mark.parametrize("through", [through_dev, through_run])
def test_a_middleware_for_all_routes(through: Through, tmp_path: Path, pods: Pods) -> None:
    examples, own = with_examples(tmp_path), write_module(tmp_path, "own", BROKEN)
    environment = {**examples, "PYTHONPATH": f"{examples['PYTHONPATH']}:{own['PYTHONPATH']}"}
    with through(tmp_path, *pods.maps(), *ALLOWED, "--middleware", "own:marking", environment=environment) as running:
        assert running.get("/", host="open.test").values("X-Marked") == ["yes"]
        refused = running.get("/", host="guarded.test")
        assert refused.status == 401
        assert refused.values("X-Marked") == []  # It was raised, so nothing came back to the outer middleware.


def test_a_middleware_that_fails_answers_500_and_harms_nobody_else(tmp_path: Path, pods: Pods) -> None:
    environment = write_module(tmp_path, "own", BROKEN)
    broken = ingress("broken", rule("broken.test", path("/", "web")), annotations={ANNOTATION: "raising"})
    fine = ingress("fine", rule("fine.test", path("/", "web")))
    flags = (*pods.maps(), "--allow-middleware", "raising=own:raising")
    with dev(tmp_path, broken, fine, arguments=flags, environment=environment, ends_well=False) as running:
        with running.connect() as connection:
            failed = connection.request("GET", "/", host="broken.test")
            assert (failed.status, failed.reason) == (500, "middleware_failed")
            assert "a secret detail" not in failed.text
            assert connection.request("GET", "/", host="fine.test").pod == "web"
        running.interrupt()
        assert running.wait() == 0
        assert "the middleware raising of default/broken#0/0 failed" in running.errors.text
        assert "ValueError: a secret detail" in running.errors.text
        assert "500 middleware_failed (middleware raising: ValueError) default/broken#0/0" in running.output.text


def test_a_websocket_passes_through_a_middleware(tmp_path: Path, pods: Pods) -> None:
    """An upgrade is answered by the upstream; a middleware may refuse it before."""
    fields = {"Connection": "Upgrade", "Upgrade": "websocket"}
    with through_dev(tmp_path, *pods.maps(), *ALLOWED, environment=with_examples(tmp_path)) as running:
        assert running.get("/", host="guarded.test", fields=fields).status == 401
        passed = running.get("/", host="guarded.test", fields={**fields, "X-API-Key": "secret"})
        assert passed.seen.values("Upgrade") == ["websocket"]


# What is not allowed.


def named(value: str) -> Manifest:
    return ingress("web", rule("web.test", path("/", "web")), annotations={ANNOTATION: value})


def test_an_ingress_can_only_name_what_is_allowed(tmp_path: Path, pods: Pods) -> None:
    flags = (*pods.maps(), *ALLOWED)
    with dev(tmp_path, named("api-key, os:system"), arguments=flags, environment=with_examples(tmp_path)) as running:
        refused = running.get("/", host="web.test", fields={"X-API-Key": "secret"})
        assert (refused.status, refused.reason) == (503, "route_denied")
        assert "error: Ingress default/web metadata.annotations[ingressd.dev/middleware]" in running.output.text
        assert "Allowed here: api-key, variant." in running.output.text


@pytest.mark.parametrize(
    ("flags", "codes", "code"),
    [
        ((), {"unknown_middleware": 1}, 1),
        (("--allow-middleware", "other"), {"unknown_middleware": 1}, 1),
        (("--allow-middleware", "api-key"), {}, 0),
        (("--allow-middleware", "api-key=no.such:module"), {}, 0),
    ],
)
def test_check_needs_the_names_and_not_the_code(
    tmp_path: Path, flags: tuple[str, ...], codes: dict[str, int], code: int
) -> None:
    save(tmp_path / "k8s" / "all.yaml", named("api-key"))
    found = ingressd(tmp_path, "check", "--json", "k8s", "--map", "web=3000", *flags)
    assert problem_codes(found) == codes
    assert found.code == code


def test_explain_and_routes_show_what_a_request_passes(tmp_path: Path) -> None:
    save(tmp_path / "k8s" / "all.yaml", *MANIFESTS)
    flags = ("k8s", "--map", "web=3000", *ALLOWED, "--middleware", "everywhere:factory")
    found = ingressd(tmp_path, "explain", "--json", "GET", "http://guarded.test/", *flags).document
    assert found["winner"]["middleware"] == ["everywhere:factory", "api-key", "variant"]
    assert found["winner"]["annotations"] == {ANNOTATION: "api-key, variant"}
    text = ingressd(tmp_path, "explain", "GET", "http://guarded.test/", *flags).output
    assert "Python code\n  middleware everywhere:factory\n  middleware api-key\n  middleware variant\n" in text
    rows = ingressd(tmp_path, "routes", "--json", *flags).document["routes"]
    assert [row["middleware"] for row in rows] == [
        ["everywhere:factory", "api-key", "variant"],
        ["everywhere:factory"],
    ]


@pytest.mark.parametrize("command", [("dev", "site.yaml"), ("run", "--from", "site.yaml", "--workers", "2")])
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--middleware", "no.such:factory"), "--middleware no.such:factory: there is no module no"),
        (("--middleware", "own:bad_factory"), "calling bad_factory() failed: RuntimeError: no database, at "),
        (("--allow-handler", "x=own:nothing"), "--allow-handler x=own:nothing: own has no nothing"),
        (("--allow-middleware", "x=broken_module:f"), "importing broken_module failed: ZeroDivisionError"),
        (("--middleware", "own"), "--middleware own: 'own' is not package.module:factory"),
        (("--allow-middleware", "x"), "--allow-middleware x: say where the code is, as x=package.module:factory"),
    ],
)
def test_code_that_cannot_be_had_ends_the_start(
    tmp_path: Path, command: tuple[str, ...], flags: tuple[str, ...], message: str
) -> None:
    save(tmp_path / "site.yaml", *MANIFESTS)
    write_module(tmp_path, "broken_module", "1 / 0")
    environment = write_module(tmp_path, "own", BROKEN)
    ports = ("--http-port", "0", "--https-port", "0", "--admin-port", "0")
    found = ingressd(tmp_path, *command, *ports, *flags, environment=environment)
    assert found.code == 2
    assert message in found.errors.splitlines()[-1]
    assert found.errors.splitlines()[-1].startswith("ingressd: ")
    assert "Traceback" not in found.errors
