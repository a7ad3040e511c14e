"""Where the API server is, and who we are to it.

kubernetes_asyncio reads kubeconfig files, runs their exec plugins and knows the files of a service account. It takes
half a second and 70 MB to import, so nothing imports it before a cluster is to be served.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import yaml

TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
CERTIFICATE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
HOST_VARIABLE = "KUBERNETES_SERVICE_HOST"
PORT_VARIABLE = "KUBERNETES_SERVICE_PORT"
KUBECONFIG_VARIABLE = "KUBECONFIG"

_LONGEST_LOAD_SECONDS = 30.0
_EXPIRY_MARGIN = timedelta(seconds=10)

# RFC 6750 section 2.1, and what else a header may carry: anything visible, in one line.
_AUTHORIZATION = re.compile(r"[!-~]+ [!-~]+")


class ClusterConfigurationError(Exception):
    """There is no usable configuration of a cluster. The text says what was looked for and what to do."""


class ClusterSettings(msgspec.Struct, frozen=True):
    """``kubeconfig`` is a path, or several as in the variable KUBECONFIG; ``context`` is one of its contexts.

    Without both, the places are looked at in this order: KUBECONFIG, the service account of this pod,
    ``~/.kube/config``. The other two fields are there for clusters that mount a service account elsewhere.
    """

    kubeconfig: str = ""
    context: str = ""
    token_file: str = TOKEN_FILE
    certificate_file: str = CERTIFICATE_FILE


class LoadedConfiguration:
    """A configuration as the library has it, with what it takes to notice that it is no longer true.

    ``origin`` is where it came from, for people; ``context`` what to load the next time, so that somebody who
    switches contexts does not move us to another cluster.
    """

    def __init__(
        self, library: Any, origin: str, *, context: str = "", token_file: str = "", expires: datetime | None = None
    ) -> None:
        self.library = library
        self.origin = origin
        self.context = context
        self._token_file = token_file
        self._expires = expires
        self._signatures = self._sign({})

    def __repr__(self) -> str:
        return f"<the configuration of {self.server} from {self.origin}>"

    @property
    def server(self) -> str:
        return str(self.library.host)

    def is_outdated(self, now: datetime) -> bool:
        """True when a file with a certificate has changed, or the credentials expire; ``now`` is an aware time."""
        if self._expires is not None and now >= self._expires - _EXPIRY_MARGIN:
            return True
        return self._sign(self._signatures) != self._signatures

    def read_token(self) -> None:
        """Take over the token of a service account, which the kubelet renews; keep the last one if there is none."""
        if self._token_file:
            with contextlib.suppress(OSError, ClusterConfigurationError):
                self.library.api_key["BearerToken"] = _authorization(f"Bearer {_text_of(self._token_file)}")

    def _sign(self, before: Mapping[str, tuple[int, int, int]]) -> Mapping[str, tuple[int, int, int]]:
        """What changes whenever a file does. One that cannot be looked at is unchanged: it is being replaced."""
        signatures = dict(before)
        for path in (self.library.ssl_ca_cert, self.library.cert_file, self.library.key_file):
            if path:
                with contextlib.suppress(OSError):
                    status = os.stat(path)
                    signatures[path] = (status.st_ino, status.st_size, status.st_mtime_ns)
        return signatures


async def load_configuration(settings: ClusterSettings) -> LoadedConfiguration:
    """Find and read a configuration, run its exec plugin. Raises ClusterConfigurationError."""
    files = _kubeconfig_files(settings)
    return await _load_kubeconfig(files, settings.context) if files else _load_service_account(settings)


def _kubeconfig_files(settings: ClusterSettings) -> str:
    """The kubeconfig files, as in KUBECONFIG; empty for the service account of this pod."""
    named = settings.kubeconfig or os.environ.get(KUBECONFIG_VARIABLE, "")
    if named:
        files = [os.path.expanduser(path) for path in named.split(os.pathsep) if path]
        if not any(map(os.path.exists, files)):
            variable = "" if settings.kubeconfig else f" (from {KUBECONFIG_VARIABLE})"
            raise ClusterConfigurationError(f"{named}{variable} does not exist. Name a kubeconfig file that does.")
        return os.pathsep.join(files)
    in_pod = bool(os.environ.get(HOST_VARIABLE))
    if in_pod and not settings.context and os.path.exists(settings.token_file):
        return ""
    default = os.path.expanduser("~/.kube/config")
    if os.path.exists(default):
        return default
    pod = (
        f"this is a pod, but it has no service account token at {settings.token_file}"
        if in_pod
        else f"this is no pod ({HOST_VARIABLE} is not set)"
    )
    raise ClusterConfigurationError(
        f"There is no cluster to connect to: {KUBECONFIG_VARIABLE} is not set, {pod}, and {default} does not exist. "
        "Name a kubeconfig file with --kubeconfig, or run in a pod whose service account token is mounted."
    )


def _load_service_account(settings: ClusterSettings) -> LoadedConfiguration:
    with _library_imported() as (library, config):
        configuration = library.Configuration()
        try:
            config.load_incluster_config(
                configuration,
                try_refresh_token=False,
                token_filename=settings.token_file,
                cert_filename=settings.certificate_file,
            )
            token = _text_of(settings.token_file)
        except (config.ConfigException, OSError, ValueError) as error:
            raise ClusterConfigurationError(
                f"The service account of this pod cannot be used: {error} "
                f"Check {HOST_VARIABLE}, {PORT_VARIABLE}, {settings.token_file} and {settings.certificate_file}."
            ) from None
    configuration.api_key["BearerToken"] = _authorization(f"Bearer {token}")
    return _ready(LoadedConfiguration(configuration, "the service account of this pod", token_file=settings.token_file))


async def _load_kubeconfig(files: str, context: str) -> LoadedConfiguration:
    with _library_imported() as (library, config):
        configuration = library.Configuration()
        try:
            async with asyncio.timeout(_LONGEST_LOAD_SECONDS):
                loader = await config.load_kube_config(
                    config_file=files,
                    context=context or None,
                    client_configuration=configuration,
                    persist_config=False,
                )
        except Exception as error:
            # The library lets through whatever the contents of a file make it raise, down to a KeyError.
            raise ClusterConfigurationError(
                f"{files} cannot be used: {_why(error)}. Check it with kubectl --kubeconfig."
            ) from None
    if "BearerToken" in configuration.api_key:
        configuration.api_key["BearerToken"] = _authorization(configuration.api_key["BearerToken"])
    return _ready(
        LoadedConfiguration(
            configuration,
            files,
            context=str(loader.current_context["name"]),
            expires=getattr(loader, "exec_plugin_expiry", None),
        )
    )


def _ready(loaded: LoadedConfiguration) -> LoadedConfiguration:
    # Go does not ask for what Python 3.13 calls strict; CAs of some clusters lack an extension, and kubectl works.
    loaded.library.disable_strict_ssl_verification = True
    # Every watch holds a connection, and there are as many as kinds and namespaces.
    loaded.library.connection_pool_maxsize = 0
    return loaded


@contextlib.contextmanager
def _library_imported() -> Iterator[tuple[Any, Any]]:
    """The modules ``client`` and ``config`` of the library, which cannot be imported without a home directory."""
    homeless = os.path.expanduser("~") == "~"
    if homeless:
        os.environ["HOME"] = "/"
    try:
        from kubernetes_asyncio import client, config
    except ImportError:
        raise ClusterConfigurationError(
            "The Kubernetes client is not installed. Install it with: pip install 'ingressd[cluster]'."
        ) from None
    finally:
        if homeless:
            del os.environ["HOME"]
    yield client, config


def _text_of(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(64 * 1024).strip()


def _authorization(value: str) -> str:
    """The header value without the white space around it. Raises ClusterConfigurationError, which does not show it."""
    value = value.strip()
    if not _AUTHORIZATION.fullmatch(value):
        raise ClusterConfigurationError("The token is empty, or holds characters that no token has. Renew it.")
    return value


def _why(error: Exception) -> str:
    """What is wrong, without what stands in the file: the library repeats whole users, with their tokens."""
    if isinstance(error, TimeoutError):
        return f"its exec plugin did not end in {_LONGEST_LOAD_SECONDS:g} seconds"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1} is no YAML"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    if type(error).__name__ == "ConfigException":
        return str(error).partition("{")[0].strip().rstrip(".,")[:500]
    return f"its content is not what it should be ({type(error).__name__})"


def utc_now() -> datetime:
    """The time that expiry is compared with."""
    return datetime.now(UTC)
