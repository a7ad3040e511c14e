"""The Python code that requests pass: middlewares and handlers of aiohttp, loaded once when a process starts."""

from __future__ import annotations

import importlib
import inspect
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from aiohttp import web

from ingressd.policies.program import Program
from ingressd.settings import ProgramSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Middleware = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]


class ProgramError(Exception):
    """Code that a flag names cannot be had; the text names the flag, the code, and what went wrong."""


class Link(NamedTuple):
    """A middleware, with what it is called in the log."""

    name: str
    call: Middleware


class HandlerLink(NamedTuple):
    name: str
    call: Handler


class Code(NamedTuple):
    """What the requests of one route pass: ``links`` from the outermost on, then ``handler``, or else the upstream."""

    links: tuple[Link, ...]
    handler: HandlerLink | None


class Programs:
    """Everything that is loaded. ``everywhere`` is for every route, outside of what its Ingress asks for."""

    def __init__(
        self,
        everywhere: tuple[Link, ...] = (),
        middleware: Mapping[str, Middleware] | None = None,
        handlers: Mapping[str, Handler] | None = None,
    ) -> None:
        self.everywhere = everywhere
        self._middleware = dict(middleware or {})
        self._handlers = dict(handlers or {})

    def code_for(self, program: Program | None) -> Code:
        """Return the code for a route. Raises ProgramError for a name that is not bound: the route is not served."""
        if program is None:
            return Code(self.everywhere, None)
        try:
            links = tuple(Link(name, self._middleware[name]) for name in program.middleware)
            name = program.handler
            handler = HandlerLink(name, self._handlers[name]) if name else None
        except KeyError as error:
            raise ProgramError(f"nothing is bound to the name {error.args[0]}") from None
        return Code(self.everywhere + links, handler)


def load_programs(settings: ProgramSettings) -> Programs:
    """Import every module and call every factory, once for each flag. Raises ProgramError.

    A factory takes no arguments and returns an aiohttp middleware (``async def m(request, handler)``) or handler
    (``async def h(request)``).
    """
    everywhere = tuple(
        Link(reference, _made(f"--middleware {reference}", reference)) for reference in settings.middleware
    )
    return Programs(
        everywhere,
        {
            name: _made(f"--allow-middleware {name}={reference}", reference)
            for name, reference in settings.allowed_middleware.items()
        },
        {
            name: _made(f"--allow-handler {name}={reference}", reference)
            for name, reference in settings.allowed_handlers.items()
        },
    )


def _made(flag: str, reference: str) -> Any:
    module_name, _, path = reference.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module_name != missing and not module_name.startswith(f"{missing}."):
            raise ProgramError(f"{flag}: importing {module_name} failed: {_told(error)}") from error
        raise ProgramError(
            f"{flag}: there is no module {missing}: install it where ingressd is installed, or name the folder that "
            "holds it in the environment variable PYTHONPATH"
        ) from error
    except (Exception, SystemExit) as error:
        raise ProgramError(f"{flag}: importing {module_name} failed: {_told(error)}") from error
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            raise ProgramError(f"{flag}: {module_name} has no {path}") from error
    return _called(flag, path, found)


def _called(flag: str, name: str, factory: Any) -> Any:
    if not callable(factory):
        raise ProgramError(
            f"{flag}: {name} is of type {type(factory).__name__}, and must be a function without arguments"
        )
    if getattr(factory, "__middleware_version__", None) is not None:
        raise ProgramError(
            f"{flag}: {name} is a middleware: name a function without arguments that returns it, such as "
            f"def factory(): return {name}"
        )
    if inspect.iscoroutinefunction(factory):
        raise ProgramError(
            f"{flag}: {name} is a coroutine function: name an ordinary function without arguments that returns the "
            "middleware or handler"
        )
    try:
        made = factory()
    except (Exception, SystemExit) as error:
        raise ProgramError(f"{flag}: calling {name}() failed: {_told(error)}") from error
    if not callable(made):
        raise ProgramError(f"{flag}: {name}() returned {made!r}, and must return a middleware or handler of aiohttp")
    return made


def _told(error: BaseException) -> str:
    """The error, and the line that it comes from."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError):
        return text
    frames = traceback.extract_tb(error.__traceback__)
    # The innermost line that somebody wrote: not Python's own frozen modules, and not this one.
    written = [frame for frame in frames if not frame.filename.startswith("<") and frame.filename != __file__]
    return f"{text}, at {written[-1].filename}:{written[-1].lineno}" if written else text
