"""The program itself, as a process of its own: ``ingressd dev`` to talk to, and other commands to their end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from tests.support.manifests import Manifest, save
from tests.support.web_client import Answer, Connection, Fields, trusting

PROGRAM = (sys.executable, "-m", "ingressd")
PATIENCE_SECONDS = 60.0
"""How long something may take that takes a moment: only a test that fails waits for so long."""

_LISTENS = {
    name: re.compile(rf"^  {name}\s+{scheme}://[^ ]*:(\d+)/", re.MULTILINE)
    for name, scheme in (("HTTP", "http"), ("HTTPS", "https"), ("admin", "http"))
}
_AUTHORITY = re.compile(r"\(local CA: (.*)\)")
_Value = TypeVar("_Value")


def eventually(look: Callable[[], _Value]) -> _Value:
    """Call ``look`` until it returns something true, and return that."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def environment_of(folder: Path) -> dict[str, str]:
    """Return an environment in which nothing of this machine's user is read or written."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder / "home"),
        "XDG_DATA_HOME": str(folder / "data"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }


class Output:
    """The lines of a process, read as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="output")
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        self._stream.close()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def text(self) -> str:
        with self._changed:
            return "".join(self._lines)

    def wait_for(self, pattern: str, *, after: int = 0) -> re.Match[str]:
        """Wait until the regular expression is found behind the first ``after`` characters."""
        compiled = re.compile(pattern, re.MULTILINE)

        def found() -> re.Match[str] | None:
            return compiled.search("".join(self._lines), after)

        with self._changed:
            self._changed.wait_for(lambda: found() is not None or self._ended, PATIENCE_SECONDS)
            match = found()
            assert match is not None, f"{pattern!r} is not in:\n{''.join(self._lines)}"
            return match

    def changes(self, *, after: int = 0) -> list[str]:
        """Return the lines about the routing table behind the first ``after`` characters."""
        return [line for line in self.text[after:].splitlines() if line[:2] in ("+ ", "- ", "~ ")]

    def join(self) -> None:
        self._thread.join(PATIENCE_SECONDS)


class RunningDev:
    """``ingressd dev`` while it serves. ``folder`` holds its manifests, ``authority_file`` the local CA."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.folder = folder
        self.output = Output(process.stdout)
        self.errors = Output(process.stderr)
        self.http_port = self.https_port = self.admin_port = 0
        self.authority_file = Path()

    def wait_until_ready(self) -> None:
        text = self.output.wait_for(_LISTENS["admin"].pattern).string
        self.http_port, self.https_port, self.admin_port = (
            int(self.output.wait_for(_LISTENS[name].pattern)[1]) for name in ("HTTP", "HTTPS", "admin")
        )
        authority = _AUTHORITY.search(text)
        if authority is not None:
            self.authority_file = Path(authority[1])
        eventually(lambda: self.admin("/readyz").status == 200)

    def connect(self) -> Connection:
        return Connection(self.http_port)

    def connect_tls(self, server_name: str | None, authority: bytes | None = None) -> Connection:
        """Connect with TLS; the certificate must be for ``server_name`` and of the local CA, or of ``authority``."""
        trusted = trusting(authority if authority is not None else self.authority_file.read_bytes())
        return Connection(self.https_port, tls=trusted, server_name=server_name)

    def get(self, path: str, *, host: str | None, fields: Fields = ()) -> Answer:
        return self.request("GET", path, host=host, fields=fields)

    def request(
        self,
        method: str,
        path: str,
        *,
        host: str | None,
        fields: Fields = (),
        body: bytes | Iterable[bytes] | None = None,
    ) -> Answer:
        """Send one request over plain HTTP, on a connection of its own."""
        with self.connect() as connection:
            return connection.request(method, path, host=host, fields=fields, body=body)

    def admin(self, path: str, *, method: str = "GET", host: str = "localhost", fields: Fields = ()) -> Answer:
        with Connection(self.admin_port) as connection:
            return connection.request(method, path, host=host, fields=fields)

    def save(self, name: str, *manifests: Manifest | str) -> None:
        save(self.folder / name, *manifests)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        """Wait for the end of the process and return its exit code."""
        code = self.process.wait(PATIENCE_SECONDS)
        self.output.join()
        self.errors.join()
        return code


@contextmanager
def serving(
    folder: Path,
    *manifests: Manifest | str,
    arguments: Sequence[str] = (),
    ports: Sequence[str] = ("--http-port", "0", "--https-port", "0", "--admin-port", "0"),
    paths: Sequence[str] = ("k8s",),
    standard_input: str = "",
    ends_well: bool = True,
) -> Iterator[RunningDev]:
    """Run ``ingressd dev`` in ``folder`` with these manifests, in ``folder/k8s/all.yaml``, on ``paths``.

    At the end Ctrl-C must make it exit with 0, and it must have said nothing on standard error; without ``ends_well``
    the test ends it and judges that itself.
    """
    save(folder / "k8s" / "all.yaml", *manifests)
    process = subprocess.Popen(
        [*PROGRAM, "dev", *paths, *ports, *arguments],
        cwd=folder,
        env=environment_of(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    dev = RunningDev(process, folder / "k8s")
    assert process.stdin is not None
    process.stdin.write(standard_input)
    process.stdin.close()
    try:
        dev.wait_until_ready()
        yield dev
        if ends_well:
            if process.poll() is None:
                dev.interrupt()
            assert dev.wait() == 0
            assert dev.errors.text == ""
    except AssertionError as error:
        error.add_note(f"standard error of ingressd:\n{dev.errors.text}")
        raise
    finally:
        if process.poll() is None:
            process.kill()
        dev.wait()


class Finished(msgspec.Struct, frozen=True):
    """A command that has ended."""

    code: int
    output: str
    errors: str

    @property
    def document(self) -> Any:
        """What ``--json`` printed."""
        return msgspec.json.decode(self.output)


def ingressd(folder: Path, *arguments: str, standard_input: str = "") -> Finished:
    """Run a command to its end, in ``folder``."""
    ended = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment_of(folder),
        input=standard_input,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return Finished(ended.returncode, ended.stdout, ended.stderr)


def problem_codes(finished: Finished) -> dict[str, int]:
    """Return how often each code stands in what ``check --json`` printed."""
    codes = [problem["code"] for problem in finished.document["problems"]]
    return {code: codes.count(code) for code in sorted(set(codes))}
