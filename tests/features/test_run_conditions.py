"""Where the image runs it: as nobody, in a folder that cannot be written, without a home or a place for files."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.api_server import running_api_server
from tests.support.cluster_sites import CLASS, backed_by, site
from tests.support.manifests import Manifest, ingress_class, save, tls_secret
from tests.support.objects import pem_pair
from tests.support.pods import Pods
from tests.support.running import data_plane_choice
from tests.support.running_controller import ANY_PORTS, FOR_TESTS, TO_CLUSTER, RunningController
from tests.support.running_proxy import eventually

IMAGE_USER = 65532
CERTIFICATE, KEY = pem_pair("shop.test")
SECURE: list[Manifest] = [{"hosts": ["shop.test"], "secretName": "shop"}]
HERE = Path(__file__).parents[2]


@functools.cache
def as_image_user() -> tuple[str, ...]:
    """What to put before a command: the image's user where the system lets us become it, without root's powers.

    Where it does not, whoever runs the tests must be somebody without them.
    """
    prefix = ("unshare", "--user", f"--map-user={IMAGE_USER}", f"--map-group={IMAGE_USER}")
    try:
        works = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        works = False
    return prefix if works else ()


def without_writing(folder: Path) -> None:
    for place in (*folder.rglob("*"), folder):
        place.chmod(0o555 if place.is_dir() else 0o444)


@contextmanager
def in_the_image(folder: Path, *flags: str) -> Iterator[RunningController]:
    """Run it with nearly no environment, and see it end well. ``folder`` is its working directory."""
    without_writing(folder)
    process = subprocess.Popen(
        [*as_image_user(), sys.executable, "-m", "ingressd", "run", *ANY_PORTS, *FOR_TESTS, *flags],
        cwd=folder,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": str(HERE),
            "TMPDIR": "/absent",
            "PYTHONDONTWRITEBYTECODE": "1",
            **data_plane_choice(),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        running = RunningController(process)
        running.wait_until_ready()
        yield running
        assert running.terminate() == 0
        assert "Traceback" not in running.errors.text
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for place in (folder, *folder.rglob("*/")):
            place.chmod(0o755)


def assert_serves(running: RunningController) -> None:
    assert running.get("/", host="shop.test").pod == "web"
    with running.connect_tls("shop.test", CERTIFICATE) as connection:
        assert connection.request("GET", "/", host="shop.test").pod == "web"


def objects(pods: Pods) -> tuple[Manifest, ...]:
    return ingress_class(CLASS), site("shop", tls=SECURE), tls_secret("shop", CERTIFICATE, KEY), *backed_by(pods)


def test_a_cluster_is_served(tmp_path: Path, pods: Pods) -> None:
    with running_api_server() as server:
        for manifest in objects(pods):
            server.apply(manifest)
        server.write_kubeconfig(tmp_path / "kubeconfig")
        with in_the_image(tmp_path, "--kubeconfig", "kubeconfig", *TO_CLUSTER) as running:
            assert_serves(running)


def test_files_are_served(tmp_path: Path, pods: Pods) -> None:
    save(tmp_path / "sites" / "all.yaml", *objects(pods))
    with in_the_image(tmp_path, "--from", "sites", "--workers", "2") as running:
        assert_serves(running)
        running.roll()
        assert_serves(running)


def test_workers_are_replaced(tmp_path: Path, pods: Pods) -> None:
    save(tmp_path / "sites" / "all.yaml", *objects(pods))
    with in_the_image(tmp_path, "--from", "sites") as running:
        pid = int(running.errors.wait_for(r"worker process (\d+) started")[1])
        os.kill(pid, signal.SIGKILL)
        running.errors.wait_for(rf"worker process (?!{pid} )\d+ started")
        eventually(lambda: "ingressd_worker_respawns_total 1.0" in running.admin("/metrics").text)
        assert_serves(running)


def test_the_user_can_write_nowhere_near(tmp_path: Path) -> None:
    """What the other tests of this file rest on."""
    without_writing(tmp_path)
    attempt = subprocess.run(
        [*as_image_user(), sys.executable, "-c", "open('file', 'w')"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    tmp_path.chmod(0o755)
    assert "PermissionError" in attempt.stderr
