"""``ingressd run`` and the manifests with a real API server; the program has no more rights than they give it.

The tests of this folder exist only where ``KUBEBUILDER_ASSETS`` names the folder of kube-apiserver and etcd. What they
show of the program, tests elsewhere show with the fake API server; here the other side is real.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from manifests.renderings import NAMESPACE
from tests.support.real_api_server import RealApiServer, assets, real_api_server
from tests.support.rendered_manifests import of_kind, rendered_objects

PROGRAMS = assets()
collect_ignore_glob = ["test_*.py"] if PROGRAMS is None else []

INSTALLED = ("Namespace", "ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "IngressClass")


@pytest.fixture(scope="module")
def cluster() -> Iterator[RealApiServer]:
    """A cluster into which ingressd is installed, but for its pods."""
    assert PROGRAMS is not None
    with real_api_server(PROGRAMS) as server:
        for kind in INSTALLED:
            for found in of_kind(rendered_objects("cluster-ip"), kind):
                server.apply(found)
        yield server


@pytest.fixture
def arguments(cluster: RealApiServer, tmp_path: Path) -> tuple[str, ...]:
    """The flags with which ``run`` is what it would be in a pod: its ServiceAccount, and its namespace."""
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig", token=cluster.token_of(NAMESPACE, "ingressd"))
    return ("--kubeconfig", str(kubeconfig), "--election-namespace", NAMESPACE)
