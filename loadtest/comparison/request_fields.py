"""Header fields that clients send, few and many."""

from __future__ import annotations

_FEW = (
    ("User-Agent", "load-client"),
    ("Accept", "*/*"),
)
_BROWSER = (
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-GB,en;q=0.7,de;q=0.3"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Referer", "http://app-0.localhost/catalogue"),
    ("Cookie", "session=6f1d2c3b4a59687701f2e3d4c5b6a798; theme=dark"),
    ("Upgrade-Insecure-Requests", "1"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Priority", "u=0, i"),
)
HEADERS = {1 + len(fields): fields for fields in (_FEW, _BROWSER)}
"""The header fields beside Host, by how many there are with it."""
