"""The program itself, as a process of its own: ``ingressd dev`` to talk to, and other commands to their end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from ingressd.compilation import PURE_VARIABLE
from tests.support.manifests import Manifest, save
from tests.support.running_proxy import PATIENCE_SECONDS, RunningProxy, eventually

PROGRAM = (sys.executable, "-m", "ingressd")

_LISTENS = {
    name: re.compile(rf"^  {name}\s+{scheme}://[^ ]*:(\d+)/", re.MULTILINE)
    for name, scheme in (("HTTP", "http"), ("HTTPS", "https"), ("admin", "http"))
}
_AUTHORITY = re.compile(r"\(local CA: (.*)\)")


def environment_of(folder: Path) -> dict[str, str]:
    """Return an environment in which nothing of this machine's user is read or written."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder / "home"),
        "XDG_DATA_HOME": str(folder / "data"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **data_plane_choice(),
    }


def data_plane_choice() -> dict[str, str]:
    """Return what makes another process take the data plane of this test run, compiled or not."""
    return {PURE_VARIABLE: os.environ.get(PURE_VARIABLE, "")}


class RunningDev(RunningProxy):
    """``ingressd dev`` while it serves. ``folder`` holds its manifests."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        super().__init__(process)
        self.folder = folder

    def wait_until_ready(self) -> None:
        text = self.output.wait_for(_LISTENS["admin"].pattern).string
        self.http_port, self.https_port, self.admin_port = (
            int(self.output.wait_for(_LISTENS[name].pattern)[1]) for name in ("HTTP", "HTTPS", "admin")
        )
        authority = _AUTHORITY.search(text)
        if authority is not None:
            self.authority_file = Path(authority[1])
        eventually(lambda: self.admin("/readyz").status == 200)

    def save(self, name: str, *manifests: Manifest | str) -> None:
        save(self.folder / name, *manifests)


@contextmanager
def serving(
    folder: Path,
    *manifests: Manifest | str,
    arguments: Sequence[str] = (),
    ports: Sequence[str] = ("--http-port", "0", "--https-port", "0", "--admin-port", "0"),
    paths: Sequence[str] = ("k8s",),
    standard_input: str = "",
    environment: Mapping[str, str] | None = None,
    ends_well: bool = True,
) -> Iterator[RunningDev]:
    """Run ``ingressd dev`` in ``folder`` with these manifests, in ``folder/k8s/all.yaml``, on ``paths``.

    ``environment`` is added to that of tests. At the end Ctrl-C must make it exit with 0, and it must have said
    nothing on standard error; without ``ends_well`` the test ends it and judges that itself.
    """
    save(folder / "k8s" / "all.yaml", *manifests)
    process = subprocess.Popen(
        [*PROGRAM, "dev", *paths, *ports, *arguments],
        cwd=folder,
        env={**environment_of(folder), **(environment or {})},
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


def ingressd(
    folder: Path, *arguments: str, standard_input: str = "", environment: Mapping[str, str] | None = None
) -> Finished:
    """Run a command to its end, in ``folder``; ``environment`` is added to that of tests."""
    ended = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env={**environment_of(folder), **(environment or {})},
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
