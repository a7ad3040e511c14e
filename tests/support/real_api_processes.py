"""etcd and kube-apiserver as processes on loopback, of one test run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from tests.support.leash import leashed
from tests.support.ports import free_port
from tests.support.real_api_credentials import Credentials

ASSETS = "KUBEBUILDER_ASSETS"
PROGRAMS = ("etcd", "kube-apiserver")
_LAST_LINES = 30


def assets() -> Path | None:
    """Return the folder of the programs; None when the environment names none. One that lacks them is an error."""
    named = os.environ.get(ASSETS)
    if not named:
        return None
    folder = Path(named)
    missing = [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]
    assert not missing, f"{ASSETS}={named} has no program {' and no program '.join(missing)}"
    return folder


class ApiServerProcesses:
    """Runs etcd from the beginning to the end of the block, and kube-apiserver from ``start`` to ``stop``.

    ``folder`` is for data and logs. The ports stay the same, and so does what etcd has.
    """

    def __init__(self, programs: Path, folder: Path, credentials: Credentials) -> None:
        self.etcd_url = f"http://127.0.0.1:{free_port()}"
        port = free_port()
        self.url = f"https://127.0.0.1:{port}"
        self._etcd = [str(programs / "etcd"), *_etcd_flags(folder, self.etcd_url)]
        self._api_server = [
            str(programs / "kube-apiserver"),
            *_api_server_flags(folder, self.etcd_url, port, credentials),
        ]
        self._folder = folder
        self._always = ExitStack()
        self._between = ExitStack()
        self._running: dict[Path, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> ApiServerProcesses:
        self._run(self._always, self._etcd)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        self._always.close()

    def start(self) -> None:
        """Start kube-apiserver, which takes a few seconds to be ready."""
        self._run(self._between, self._api_server)

    def stop(self) -> None:
        """End kube-apiserver, if it runs: nobody listens to its port any more."""
        self._between.close()

    def check(self) -> None:
        """Raise AssertionError, with the end of the log, when a process has ended that should run."""
        for log, process in self._running.items():
            assert process.poll() is None, f"the process ended with {process.returncode}:\n{_end_of(log)}"

    def logs(self) -> str:
        """Return the ends of the logs."""
        return "\n\n".join(f"{log.name}:\n{_end_of(log)}" for log in self._running)

    def _run(self, until: ExitStack, command: Sequence[str]) -> None:
        log = self._folder / f"{Path(command[0]).name}.log"
        self._running[log] = until.enter_context(leashed(command, output=until.enter_context(log.open("ab"))))
        until.callback(self._running.pop, log)


def _etcd_flags(folder: Path, url: str) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        "--listen-peer-urls=http://127.0.0.1:0",
        "--unsafe-no-fsync",
    ]


def _api_server_flags(folder: Path, etcd_url: str, port: int, credentials: Credentials) -> list[str]:
    """Return the flags; the plugin ServiceAccount is off as in envtest, because nothing creates the accounts."""
    return [
        f"--etcd-servers={etcd_url}",
        # History ends when a test says so.
        "--etcd-compaction-interval=0",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={credentials.server_certificate}",
        f"--tls-private-key-file={credentials.server_key}",
        f"--cert-dir={folder}",
        f"--client-ca-file={credentials.authority}",
        f"--token-auth-file={credentials.token_file}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={credentials.service_account_key}",
        f"--service-account-key-file={credentials.service_account_key}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        "--service-cluster-ip-range=10.0.0.0/24",
        # Without the cache in front of etcd, a version is gone once etcd has forgotten it; see ``compact``.
        "--watch-cache-sizes=configmaps#0",
        # It would publish the loopback address as an endpoint, which is refused.
        "--endpoint-reconciler-type=none",
        "--allow-privileged=true",
        "--shutdown-delay-duration=0s",
    ]


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
