"""A list, a page at a time (Kubernetes documentation, "API Concepts", "Retrieving large results sets in chunks")."""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from .kinds import ApiKind
from .list_options import Continuation, ListOptions, read_continuation
from .selectors import Selection
from .status_error import StatusError, too_large
from .storage import Storage, Stored

_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


def listed(storage: Storage, kind: ApiKind, selection: Selection, options: ListOptions) -> bytes:
    """Return the encoded list.

    All pages of one list show the state of the first. Raises StatusError: 410 for a continue token or an exact resource
    version that is older than the history, 504 for a resource version in the future.
    """
    wanted = options.resource_version
    if wanted is not None and wanted > storage.resource_version:
        raise too_large(wanted, storage.resource_version)
    if options.continuation:
        continuation = read_continuation(options.continuation)
        version = continuation.rv if continuation.rv > 0 else storage.resource_version
        if version < storage.oldest(kind):
            fresh = Continuation(rv=-1, start=continuation.start).token()
            raise StatusError(410, _EXPIRED, continuation=fresh)
        candidates = storage.snapshot(kind, version)
        candidates = candidates[bisect_left(candidates, continuation.start, key=lambda each: each.key) :]
    else:
        # With a limit, a version without a match has always meant exactly that version.
        exact = options.exact or (bool(wanted) and bool(options.limit) and not options.not_older_than)
        version = wanted if exact and wanted is not None else storage.resource_version
        candidates = storage.snapshot(kind, version)
    # The watch cache, which answers "any version", gives everything at once.
    limit = 0 if wanted == 0 and not options.continuation else options.limit
    return _encoded(kind, selection, candidates, version, limit)


def _encoded(kind: ApiKind, selection: Selection, candidates: list[Stored], version: int, limit: int) -> bytes:
    matching = [each for each in candidates if selection.matches(each)]
    metadata: dict[str, object] = {"resourceVersion": str(version)}
    if limit and len(matching) > limit:
        # A NUL is the smallest character: the token is for what comes next, whatever that is by then.
        metadata["continue"] = Continuation(rv=version, start=matching[limit - 1].key + "\0").token()
        if not selection.selects:
            metadata["remainingItemCount"] = len(matching) - limit
        matching = matching[:limit]
    opening = b'{"kind":"%bList","apiVersion":"%b","metadata":' % (kind.kind.encode(), kind.api_version.encode())
    return b"".join(
        (opening, msgspec.json.encode(metadata), b',"items":[', b",".join(each.encoded for each in matching), b"]}\n")
    )
