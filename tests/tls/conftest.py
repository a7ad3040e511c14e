from __future__ import annotations

import pytest

from tls.authority import LocalAuthority


@pytest.fixture(scope="session")
def authority() -> LocalAuthority:
    return LocalAuthority.ephemeral()
