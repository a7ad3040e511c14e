"""The history of what is stored. This is of the fake server only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api_server.kinds import BY_KIND, ApiKind
from tests.support.api_server.status_error import StatusError
from tests.support.api_server.storage import Storage

CONFIG_MAP, SECRET = BY_KIND["ConfigMap"], BY_KIND["Secret"]
WRITES = st.lists(st.tuples(st.sampled_from([CONFIG_MAP, SECRET]), st.sampled_from("abcd"), st.booleans()), max_size=40)


@given(writes=WRITES)
def test_every_state_of_the_past_can_be_listed(writes: list[tuple[ApiKind, str, bool]]) -> None:
    storage = Storage(window=1000)
    states = {storage.resource_version: storage.all(CONFIG_MAP)}
    for kind, name, deleting in writes:
        current = storage.get(kind, "default", name)
        if not deleting:
            storage.put(kind, {"metadata": {"name": name, "namespace": "default"}})
        elif current is not None:
            storage.remove(kind, current)
        states[storage.resource_version] = storage.all(CONFIG_MAP)
    for version, state in states.items():
        assert storage.snapshot(CONFIG_MAP, version) == state


def test_history_of_before_the_window_is_forgotten() -> None:
    storage = Storage(window=5)
    first = storage.resource_version
    for number in range(20):
        storage.put(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "default"}, "data": {"n": str(number)}})
    with pytest.raises(StatusError) as caught:
        storage.snapshot(CONFIG_MAP, first)
    assert caught.value.code == 410
    assert len(storage.snapshot(CONFIG_MAP, storage.resource_version - 5)) == 1
    assert storage.oldest(SECRET) == first, "each kind has its own window"
