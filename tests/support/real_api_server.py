"""A real kube-apiserver on a real etcd, for tests that would otherwise believe what the fake one says.

``KUBEBUILDER_ASSETS`` names the folder of the two programs, as for controller-runtime's envtest: ``setup-envtest``
downloads them, ``build_api_server.sh`` builds them. There is no controller manager: no namespace ends its deletion,
nothing is garbage-collected, and no Service gets EndpointSlices.
"""

from __future__ import annotations

import http.client
import ssl
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec
import yaml

from ingressd.kube.api import JSON
from tests.support.api_server.kinds import BY_KIND
from tests.support.manifests import Manifest
from tests.support.real_api_credentials import Credentials, make_credentials
from tests.support.real_api_processes import ASSETS, PROGRAMS, ApiServerProcesses, assets

__all__ = ["ASSETS", "PROGRAMS", "ApiAnswer", "RealApiServer", "assets", "real_api_server"]

START_SECONDS = 180.0
"""A start takes a few seconds; a machine that does much else is given much more."""


class ApiAnswer(NamedTuple):
    status: int
    body: Any

    def check(self) -> Any:
        """Return the object; an answer that is an error is one of the test."""
        assert self.status < 300, self
        return self.body


class RealApiServer:
    """Get one with ``real_api_server``. Objects are plain values, as they stand in a manifest and in an answer."""

    def __init__(self, processes: ApiServerProcesses, credentials: Credentials) -> None:
        self._processes = processes
        self.url = processes.url
        self.certificate_authority = credentials.authority
        self.client_certificate = credentials.client_certificate
        self.client_key = credentials.client_key
        self.token = credentials.token
        self._trust = ssl.create_default_context(cafile=credentials.authority)
        self._resources: dict[str, dict[str, Any]] = {}

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = JSON,
        token: str | None = None,
    ) -> ApiAnswer:
        """Make one call as the administrator, or as whoever ``token`` says; an answer without JSON is its text."""
        place = urlsplit(self.url)
        assert place.hostname is not None
        connection = http.client.HTTPSConnection(place.hostname, place.port, context=self._trust, timeout=60)
        try:
            connection.request(
                method,
                f"{path}?{urlencode(query)}" if query else path,
                msgspec.json.encode(body) if body is not None else None,
                {"Authorization": f"Bearer {token or self.token}", "Content-Type": content_type},
            )
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        is_json = content and answer.headers.get_content_type() == JSON
        return ApiAnswer(answer.status, msgspec.json.decode(content) if is_json else content.decode())

    def path(self, kind: str, namespace: str = "", name: str = "", *, api_version: str = "") -> str:
        """Return where objects of a kind are, as the server itself lists its resources.

        Only kinds that the fake API server does not know need their ``api_version`` said.
        """
        api_version = api_version or BY_KIND[kind].api_version
        prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if prefix not in self._resources:
            resources = self.request("GET", prefix).check()["resources"]
            self._resources[prefix] = {found["kind"]: found for found in resources if "/" not in found["name"]}
        resource = self._resources[prefix][kind]
        place = f"namespaces/{namespace}" if namespace and resource["namespaced"] else ""
        parts = [prefix, place, resource["name"], name]
        return "/".join(part for part in parts if part)

    def _path_of(self, manifest: Manifest, *, named: bool) -> str:
        metadata = manifest["metadata"]
        return self.path(
            manifest["kind"],
            metadata.get("namespace", "default"),
            metadata["name"] if named else "",
            api_version=manifest["apiVersion"],
        )

    def create(self, manifest: Manifest) -> Any:
        return self.request("POST", self._path_of(manifest, named=False), manifest).check()

    def apply(self, manifest: Manifest) -> Any:
        """Create an object, or replace what is there."""
        created = self.request("POST", self._path_of(manifest, named=False), manifest)
        if created.status != 409:
            return created.check()
        path = self._path_of(manifest, named=True)
        version = self.request("GET", path).check()["metadata"]["resourceVersion"]
        metadata = {**manifest["metadata"], "resourceVersion": version}
        return self.request("PUT", path, {**manifest, "metadata": metadata}).check()

    def get(self, kind: str, namespace: str, name: str, *, api_version: str = "") -> Any:
        """Return the object, or None."""
        found = self.request("GET", self.path(kind, namespace, name, api_version=api_version))
        return None if found.status == 404 else found.check()

    def objects(self, kind: str, *, api_version: str = "") -> list[Any]:
        """Return all objects of a kind; as every list shows them, without ``kind`` and ``apiVersion``."""
        items = self.request("GET", self.path(kind, api_version=api_version)).check()["items"]
        assert isinstance(items, list)
        return items

    def delete(self, kind: str, namespace: str, name: str, *, api_version: str = "") -> None:
        self.request("DELETE", self.path(kind, namespace, name, api_version=api_version)).check()

    def compact(self) -> None:
        """Have etcd forget every version but the newest.

        A kind is still watched from older versions, and its pages go on, for as long as the API server's own cache
        remembers them, which is no fixed time. ConfigMaps are kept out of it: their versions are gone at once.
        """
        newest = self.request("GET", "/api/v1/namespaces", query={"limit": "1"}).check()["metadata"]["resourceVersion"]
        place = urlsplit(self._processes.etcd_url)
        assert place.hostname is not None
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        try:
            connection.request("POST", "/v3/kv/compaction", msgspec.json.encode({"revision": newest, "physical": True}))
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
        finally:
            connection.close()

    def start(self) -> None:
        """Start the server, and wait until it is ready, and has the namespace of all objects that name none."""
        self._processes.start()
        deadline = time.monotonic() + START_SECONDS
        while not all(self._is_there(path) for path in ("/readyz", "/api/v1/namespaces/default")):
            self._processes.check()
            assert time.monotonic() < deadline, f"not ready in time:\n{self._processes.logs()}"
            time.sleep(0.1)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Have no server, and then the same one again. It forgets nothing, but all watches start anew."""
        self._processes.stop()
        try:
            yield
        finally:
            self.start()

    def _is_there(self, path: str) -> bool:
        try:
            return self.request("GET", path).status == 200
        except OSError:
            return False

    def token_of(self, namespace: str, service_account: str, *, seconds: int = 3600) -> str:
        """Return a new token of a ServiceAccount, as a pod would be given it (TokenRequest API)."""
        path = self.path("ServiceAccount", namespace, service_account, api_version="v1")
        asked = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        }
        token = self.request("POST", f"{path}/token", asked).check()["status"]["token"]
        assert isinstance(token, str)
        return token

    def write_kubeconfig(self, path: Path, *, token: str | None = None, with_certificate: bool = False) -> Path:
        """Write a file as kubectl takes it: with the administrator's client certificate, or with a token."""
        user = (
            {"client-certificate": str(self.client_certificate), "client-key": str(self.client_key)}
            if with_certificate
            else {"token": token or self.token}
        )
        cluster = {"server": self.url, "certificate-authority": str(self.certificate_authority)}
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
                    "clusters": [{"name": "test", "cluster": cluster}],
                    "users": [{"name": "test", "user": user}],
                }
            )
        )
        return path


@contextmanager
def real_api_server(programs: Path) -> Iterator[RealApiServer]:
    """Run etcd and kube-apiserver on loopback until the block ends, with nothing in them but what they bring."""
    with tempfile.TemporaryDirectory(prefix="api-server-") as name:
        folder = Path(name)
        credentials = make_credentials(folder)
        with ApiServerProcesses(programs, folder, credentials) as processes:
            server = RealApiServer(processes, credentials)
            server.start()
            yield server
