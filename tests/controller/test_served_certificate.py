from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingressd.controller.explanation import LOCAL_AUTHORITY
from ingressd.controller.served_certificate import served_certificate
from ingressd.resources.change import Change
from ingressd.translate.settings import TranslationSettings
from tests.controller import worlds
from tests.controller.worlds import Published

patient = hypothesis_settings(deadline=None)
"""A slow machine is no failure."""


@patient
@given(
    st.booleans(),
    st.lists(worlds.applied_or_deleted(worlds.bad_or_good), max_size=10),
    st.sampled_from(("a.test", "b.test", "x.y", "")),
)
def test_it_is_what_the_proxy_chooses(local_authority: bool, changes: list[Change], host: str) -> None:
    settings = msgspec.structs.replace(TranslationSettings.development(), local_authority=local_authority)
    published = Published(settings, changes)
    found = served_certificate(published.controller, host)
    name = published.table.certificate_name(host)
    if name in published.table.certificates:
        assert found.secret == name
        assert found.step in ("listed", "covering")
    else:
        assert found.secret == ""
        assert found.step == (LOCAL_AUTHORITY if local_authority else "default")
    assert found.why.endswith(".")
