"""A running ingressd, asked through its admin port."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from ingressd.admin.error_document import encode_error
from ingressd.admin.explanation_document import explanation_document
from ingressd.admin.routes_document import routes_document
from ingressd.cli.admin_client import AdminClient
from ingressd.cli.admin_url import AdminUrl
from ingressd.cli.exit_code import CommandError, ExitCode
from ingressd.cli.replica import Replica
from ingressd.controller.controller import Controller
from ingressd.resources.change import Applied, Deleted, Synced
from ingressd.translate.settings import TranslationSettings
from tests.support.admin_ports import WEB, ControllerView, admin_port, http_answer, scripted_port

READY = http_answer(b'{"ready":true}')
SHOP_URL = "http://shop.localhost/cart/1?x=1&y=2#z"


@pytest.fixture
def view() -> ControllerView:
    found = ControllerView()
    found.ready = True
    return found


@pytest.fixture
def url(view: ControllerView) -> Iterator[AdminUrl]:
    with admin_port(view) as started:
        yield started


@contextmanager
def replica_at(url: AdminUrl) -> Iterator[Replica]:
    with AdminClient(url) as client:
        yield Replica(client)


def failure(
    answers: Mapping[str, bytes], ask: Callable[[Replica], object] = Replica.routes, default: bytes = b""
) -> str:
    """Ask a server that gives these answers, and return what the command would end with, without the URL."""
    with scripted_port(answers, default=default) as url:
        with pytest.raises(CommandError) as caught, replica_at(url) as replica:
            ask(replica)
        assert caught.value.exit_code is ExitCode.USAGE
        assert caught.value.message.startswith(f"{url} ")
        return caught.value.message.removeprefix(f"{url} ")


def test_it_answers_what_the_controller_does(view: ControllerView, url: AdminUrl) -> None:
    with replica_at(url) as replica:
        assert replica.routes() == view.routes() != ()
        assert replica.problems() == view.problems() != ()
        assert replica.explain("POST", SHOP_URL) == view.explain("POST", SHOP_URL)
        assert replica.mapping_problems() == ()
        assert replica.not_served() == view.not_served() == ()
        assert replica.serves_something
        replica.require_something()


@pytest.mark.parametrize("text", ["shop.localhost/a b/ü/%zz", "http://shop.localhost/\udcff", "shop.localhost/#\n"])
def test_any_url_arrives_as_it_was_written(view: ControllerView, url: AdminUrl, text: str) -> None:
    with replica_at(url) as replica:
        if "\udcff" in text:
            # No text in UTF-8 can hold it; it is asked about, and nothing breaks.
            assert not replica.explain("GET", text).answer.forwarded
        else:
            assert replica.explain("GET", text) == view.explain("GET", text)


@pytest.mark.parametrize("text", ["http://a b/", "http://a/" + "x" * 5000, "http://a/" + "\N{SNOWMAN}" * 3000])
def test_what_is_no_url_is_the_askers_mistake(url: AdminUrl, text: str) -> None:
    with replica_at(url) as replica, pytest.raises(ValueError, match=r"is no host|at most 32 characters|is too long"):
        replica.explain("GET", text)


def test_it_serves_nothing(view: ControllerView, url: AdminUrl, capsys: pytest.CaptureFixture[str]) -> None:
    view.controller.apply((Deleted(WEB.key),))
    view.controller.flush(view.now)
    with replica_at(url) as replica:
        assert not replica.serves_something
        with pytest.raises(CommandError, match="serves nothing: no Ingress of a class of its own"):
            replica.require_something()
        assert not replica.explain("GET", SHOP_URL).answer.forwarded


def test_it_serves_none_of_the_ingresses(view: ControllerView, url: AdminUrl) -> None:
    view.controller = Controller(TranslationSettings(), publish=lambda difference: None)
    view.controller.apply((Applied(WEB), Synced()))
    view.controller.flush(view.now)
    with replica_at(url) as replica:
        assert replica.not_served() == view.not_served() != ()
        with pytest.raises(
            CommandError, match=r"serves nothing: .*\n  not served: Ingress shop/web: It names no class"
        ):
            replica.require_something()


def test_it_has_not_read_everything(view: ControllerView, url: AdminUrl, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known already may be the cause, and is shown before what it waits for."""
    view.ready = False
    view.waits = ("Secrets are forbidden: add list and watch.", "\x1b[2JServices have not been listed.")
    with pytest.raises(CommandError) as caught, replica_at(url):
        pass
    assert caught.value.message == (
        f"{url} is not ready: it has not read everything yet\n"
        "  Secrets are forbidden: add list and watch.\n"
        "  \\x1b[2JServices have not been listed."
    )
    assert "Ingress shop/web spec.rules[0].http.paths[0].backend: " in capsys.readouterr().err


def test_it_drains(view: ControllerView, url: AdminUrl, capsys: pytest.CaptureFixture[str]) -> None:
    view.ready = False
    with replica_at(url) as replica:
        assert replica.routes() == view.routes()
    assert capsys.readouterr().err == f"ingressd: {url} is not ready: it starts or drains, and is to get no traffic\n"


def test_its_refusal_is_repeated() -> None:
    refusal = http_answer(encode_error("foreign_host", "Only\x07 localhost."), status="403 Forbidden")
    assert failure({"/readyz": refusal}) == "refuses: Only\\x07 localhost."
    assert failure({"/readyz": READY, "/api/routes": refusal}) == "refuses: Only\\x07 localhost."
    early = http_answer(encode_error("not_ready", "It is early."), status="503 Service Unavailable")
    assert failure({"/readyz": READY, "/api/explain": early}, lambda it: it.explain("GET", SHOP_URL)).endswith("early.")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (http_answer(b"<html>", status="404 Not Found"), "but is something else: it answers 404 Not Found to /readyz."),
        (http_answer(b"ok"), "but is something else: it answers 200 OK to /readyz."),
        (http_answer(b"{}"), "but is something else: it answers 200 OK to /readyz."),
        (
            http_answer(b"{}", status="308 Permanent Redirect", fields={"Location": "https://b.test/"}),
            "but redirects to https://b.test/, and redirects are not followed.",
        ),
        (
            http_answer(b"", status="404 Not Found", fields={"X-Ingressd-Reason": "no_host"}),
            "but is one on which it serves sites.",
        ),
    ],
)
def test_what_is_no_admin_port(answer: bytes, says: str) -> None:
    said = failure({"/readyz": answer})
    assert said == f"is no admin port of ingressd, {says} The admin port is 9090 unless --admin-port says otherwise."


def test_another_program_that_is_ready() -> None:
    missing = http_answer(b"404 page not found", status="404 Not Found")
    assert "it answers 404 Not Found to /api/routes." in failure({"/readyz": READY}, default=missing)


def without(document: Any, field: str) -> bytes:
    found = msgspec.to_builtins(document)
    del found[field]
    return http_answer(msgspec.json.encode(found))


def test_another_version(view: ControllerView) -> None:
    document = routes_document(view.routes(), view.problems(), view.not_served())
    routes = {"/readyz": READY, "/api/routes": without(document, "routes")}
    assert "does not know: Object missing required field `routes`. Use the version of ingressd that" in failure(routes)
    explained = without(explanation_document(view.explain("GET", SHOP_URL)), "answer")
    said = failure({"/readyz": READY, "/api/explain": explained}, lambda it: it.explain("GET", SHOP_URL))
    assert "does not know: Object missing required field `answer`. Use the version of ingressd that" in said
