"""What one reflector has said so far, and so what it says next."""

from __future__ import annotations

from collections.abc import Iterable

from ingressd.kube.decode import DecodedObject
from ingressd.kube.selection import Selection
from ingressd.resources.change import Applied, Change, Deleted, Reported
from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem


class KnownObjects:
    """Turns decoded objects into changes. Holds keys and problems, not objects; bounded by what exists.

    An object with an error keeps its last good version: only its problems are said. Reporters are named
    ``api Ingress shop/web``, so problems go when their object is good again or gone.
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._keys: set[ObjectKey] = set()
        self._reported: dict[str, tuple[Problem, ...]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def replace(self, listed: Iterable[DecodedObject]) -> tuple[Change, ...]:
        """Everything that exists: the deletions of what vanished, and all the rest applied again."""
        applied: list[Applied] = []
        seen: set[ObjectKey] = set()
        reported: dict[str, tuple[Problem, ...]] = {}
        anonymous = False
        for decoded in listed:
            key = decoded.key
            if key is not None:
                seen.add(key)
            else:
                anonymous = True
            if decoded.object is not None:
                applied.append(Applied(decoded.object))
            if decoded.problems:
                reported[self._reporter(key)] = decoded.problems
        # What nobody could tell the name of may be any of those that are missing.
        vanished = [] if anonymous else sorted(self._keys - seen)
        good = {change.object.key for change in applied}
        self._keys = (self._keys - set(vanished)) | good
        changes: list[Change] = [*(Deleted(key) for key in vanished), *applied]
        changes += [Reported(reporter, ()) for reporter in sorted(self._reported.keys() - reported.keys())]
        changes += [Reported(*report) for report in reported.items() if self._reported.get(report[0]) != report[1]]
        self._reported = reported
        return tuple(changes)

    def update(self, decoded: DecodedObject) -> tuple[Change, ...]:
        """One object was added or modified."""
        report = self.report(decoded.key, decoded.problems)
        if decoded.object is None or decoded.key is None:
            return report
        self._keys.add(decoded.key)
        return (Applied(decoded.object), *report)

    def remove(self, decoded: DecodedObject) -> tuple[Change, ...]:
        """One object was deleted, or does not fit the selectors any more."""
        key = decoded.key
        if key is None:
            return self.report(None, decoded.problems)
        report = self.report(key, ())
        if key not in self._keys:
            return report
        self._keys.discard(key)
        return (Deleted(key), *report)

    def report(self, key: ObjectKey | None, problems: tuple[Problem, ...]) -> tuple[Change, ...]:
        """All that is wrong with the object now; without a key, with objects that nobody can tell the name of."""
        reporter = self._reporter(key)
        if self._reported.get(reporter, ()) == problems:
            return ()
        if problems:
            self._reported[reporter] = problems
        else:
            del self._reported[reporter]
        return (Reported(reporter, problems),)

    def _reporter(self, key: ObjectKey | None) -> str:
        return f"api {key if key is not None else self._selection}"
