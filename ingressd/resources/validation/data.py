"""Secret and ConfigMap (``ValidateSecret`` and ``ValidateConfigMap`` of the API server)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ingressd.resources import field_path
from ingressd.resources.config_map import ConfigMap
from ingressd.resources.findings import Findings
from ingressd.resources.secret import TLS_TYPE, Secret
from ingressd.resources.validation.syntax import DATA_KEY

MOST_BYTES = 1024 * 1024
"""All values together (core/v1, ``MaxSecretSize``)."""

REQUIRED_KEYS: Mapping[str, tuple[str, ...]] = {TLS_TYPE: ("tls.crt", "tls.key")}
"""By type of Secret."""


def check_secret(secret: Secret, findings: Findings) -> None:
    _check_data(secret.data.keys(), sum(map(len, secret.data.values())), findings)
    for name in REQUIRED_KEYS.get(secret.type, ()):
        if name not in secret.data:
            message = f"A Secret of type {secret.type} needs the key {name}."
            findings.error("missing_field", field_path.child("data", name), message, f'Add "{name}".')


def check_config_map(config_map: ConfigMap, findings: Findings) -> None:
    size = sum(len(value.encode("utf-8", "surrogatepass")) for value in config_map.data.values())
    _check_data(config_map.data.keys(), size, findings)


def _check_data(names: Iterable[str], size: int, findings: Findings) -> None:
    for name in names:
        DATA_KEY.check(name, "invalid_key", field_path.child("data", name), findings)
    if size > MOST_BYTES:
        message = f"The values take {size} bytes; at most {MOST_BYTES} are allowed."
        findings.error("too_large", "data", message, "Split the object.")
