"""Loading Python code: what is called, and what each mistake says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingressd.policies.program import Program
from ingressd.proxy.programs import ProgramError, Programs, load_programs
from ingressd.settings import ProgramSettings
from tests.support.code import write_module

MODULE = """
    from aiohttp import web

    made = []


    def factory():
        @web.middleware
        async def middleware(request, handler):
            return await handler(request)

        made.append(middleware)
        return middleware


    class Group:
        @staticmethod
        def factory():
            return factory()


    @web.middleware
    async def the_middleware(request, handler):
        return await handler(request)


    async def coroutine():
        return None


    def nothing():
        return None


    def needs(argument):
        return None


    def leaves():
        raise SystemExit(3)


    value = 1
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module with factories, which can be imported during the test."""
    write_module(tmp_path, "loaded_code", MODULE)
    write_module(tmp_path, "needs_another", "import no_such_module_at_all")
    write_module(tmp_path, "unreadable", "def f(:")
    monkeypatch.syspath_prepend(tmp_path / "code")
    yield "loaded_code"
    for name in ("loaded_code", "needs_another", "unreadable"):
        sys.modules.pop(name, None)


def test_each_factory_is_called_once_for_each_flag(module: str) -> None:
    settings = ProgramSettings(
        middleware=(f"{module}:factory",),
        allowed_middleware={"a": f"{module}:factory", "b": f"{module}:Group.factory"},
        allowed_handlers={"h": f"{module}:factory"},
    )
    programs = load_programs(settings)
    assert len(sys.modules[module].made) == 4
    code = programs.code_for(Program(("b", "a"), "h"))
    assert [link.name for link in code.links] == [f"{module}:factory", "b", "a"]
    assert code.handler is not None
    assert code.handler.name == "h"
    assert [link.name for link in programs.code_for(None).links] == [f"{module}:factory"]


@pytest.mark.parametrize("program", [Program(("x",)), Program((), "x")])
def test_a_name_without_code(program: Program) -> None:
    with pytest.raises(ProgramError, match="nothing is bound to the name x"):
        Programs().code_for(program)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("loaded_code:the_middleware", "the_middleware is a middleware: name a function without arguments"),
        ("loaded_code:coroutine", "coroutine is a coroutine function: name an ordinary function"),
        ("loaded_code:nothing", "nothing() returned None, and must return a middleware or handler"),
        ("loaded_code:needs", "calling needs() failed: TypeError: needs() missing 1 required positional argument"),
        ("loaded_code:leaves", "calling leaves() failed: SystemExit: 3, at "),
        ("loaded_code:value", "value is of type int, and must be a function without arguments"),
        ("loaded_code:missing", "loaded_code has no missing"),
        ("loaded_code:Group.missing", "loaded_code has no Group.missing"),
        ("no_such_module_at_all:f", "there is no module no_such_module_at_all: install it"),
        ("no_such_package.module:f", "there is no module no_such_package: install it"),
        ("needs_another:f", "importing needs_another failed: ModuleNotFoundError: No module named"),
        ("unreadable:f", "importing unreadable failed: SyntaxError: "),
    ],
)
def test_mistakes(module: str, reference: str, message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        load_programs(ProgramSettings(allowed_middleware={"name": reference}))
    assert str(caught.value).startswith(f"--allow-middleware name={reference}: {message}")


def test_what_is_loaded_is_what_the_factory_returned(module: str) -> None:
    programs = load_programs(ProgramSettings(middleware=(f"{module}:factory",)))
    [link] = programs.everywhere
    assert sys.modules[module].made == [link.call]
