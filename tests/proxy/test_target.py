from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.target import ASTERISK, Target, parse_target


@pytest.mark.parametrize(
    ("text", "target", "authority"),
    [
        (b"/", Target("/", None), None),
        (b"/a?", Target("/a", ""), None),
        (b"/a?b?c", Target("/a", "b?c"), None),
        (b"/a/./b/../c", Target("/a/c", None), None),
        (b"/%61%2f", Target("/a%2F", None), None),
        (b"/a?x=\\|^{}%zz", Target("/a", "x=\\|^{}%zz"), None),
        (b"http://h:1/p?q", Target("/p", "q"), b"h:1"),
        (b"https://h", Target("/", None), b"h"),
        (b"http://h?q", Target("/", "q"), b"h"),
        (b"/a;x=1/b", Target("/a;x=1/b", None), None),
    ],
)
def test_forms_of_a_target(text: bytes, target: Target, authority: bytes | None) -> None:
    assert parse_target("GET", text) == (target, authority)


def test_the_asterisk_is_for_options() -> None:
    assert parse_target("OPTIONS", b"*") == (ASTERISK, None)
    with pytest.raises(Failure):
        parse_target("GET", b"*")


@pytest.mark.parametrize("text", [b"a", b"/a#b", b"/a\\b", b"/\x7f", b"/a?\xe9", b"/%", b"/..", b"host:80"])
def test_what_is_no_target(text: bytes) -> None:
    with pytest.raises(Failure) as caught:
        parse_target("GET", text)
    assert caught.value.reason is Reason.MALFORMED_REQUEST


@given(st.binary(max_size=30))
def test_the_canonical_target_is_its_own_canonical_target(text: bytes) -> None:
    try:
        target, _ = parse_target("GET", b"/" + text)
    except Failure:
        return
    assert parse_target("GET", str(target).encode("ascii")) == (target, None)


def outcome(text: bytes) -> Target | str:
    try:
        return parse_target("GET", text)[0]
    except Failure as failure:
        return failure.detail


@given(
    st.lists(
        st.sampled_from([b"/", b".", b"..", b"a", b"%41", b"%", b"?", b"#", b"\\", b"~", b"[", b"|"])
        | st.binary(max_size=2)
    )
)
def test_a_plain_target_is_read_as_any_other(pieces: list[bytes]) -> None:
    """In absolute form, which the shortcut for plain targets does not take."""
    text = b"/" + b"".join(pieces)
    assert outcome(text) == outcome(b"http://a" + text)
