"""What a candidate for leadership decides, without a clock or a connection of its own.

The semantics are those of client-go (``k8s.io/client-go/tools/leaderelection``), on one Lease object
(coordination.k8s.io/v1). Every candidate measures by its own monotonic clock how long the record has stayed the same,
and takes it over when that is longer than the record's own duration. The times in the record are for people to read:
they are written, and never compared with a clock.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.resource import LEASES

LONGEST_LEASE_SECONDS = 3600
"""A record that says more, or nothing that can be read, must not keep everyone out for good."""

_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_INT32_MAX = 2**31 - 1


class ElectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds; the defaults are client-go's.

    ``lease``: how long the others wait for a sign of the leader. ``renew_deadline``: how long a leader goes on without
    having renewed; it must be shorter than ``lease``, and by as much as clocks of two machines may differ in speed.
    ``retry``: between two attempts. ``jitter``: the share of ``retry`` that a candidate waits longer at most.
    """

    lease: int = 15
    renew_deadline: float = 10.0
    retry: float = 2.0
    jitter: float = 1.2

    def __post_init__(self) -> None:
        if not (0 < self.retry < self.renew_deadline < self.lease <= LONGEST_LEASE_SECONDS and self.jitter >= 0):
            raise ValueError(
                "an election needs retry < renew_deadline < lease, all above 0, and a lease of at most "
                f"{LONGEST_LEASE_SECONDS} seconds"
            )


class Lease(msgspec.Struct, frozen=True):
    """A Lease as the API server holds it, as plain values: ``metadata`` goes back unchanged, and ``spec`` may be
    anything that somebody wrote there."""

    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The ``resourceVersion``; empty for a Lease that does not exist yet."""
        return str(self.metadata.get("resourceVersion", ""))

    @property
    def holder(self) -> str:
        """Empty when nobody holds it."""
        found = self.spec.get("holderIdentity")
        return found if isinstance(found, str) else ""

    def seconds(self, otherwise: int) -> int:
        """For how long the holder counts as alive after each renewal."""
        found = self.spec.get("leaseDurationSeconds")
        return min(found, LONGEST_LEASE_SECONDS) if type(found) is int and found > 0 else otherwise

    @property
    def transitions(self) -> int:
        found = self.spec.get("leaseTransitions")
        return found if type(found) is int and 0 <= found <= _INT32_MAX else 0

    @property
    def acquired(self) -> str:
        """Empty when it is no time that an API server would accept."""
        found = self.spec.get("acquireTime")
        return found if isinstance(found, str) and _MICRO_TIME.fullmatch(found) else ""


def read_lease(body: bytes) -> Lease:
    """Read what the API server answered. A damaged ``spec`` is read as an empty one.

    Raises ApiError when it is no object with a ``resourceVersion``: without one, a write would not notice that another
    candidate was faster.
    """
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    metadata = found.get("metadata") if isinstance(found, dict) else None
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    if not isinstance(found, dict) or not isinstance(metadata, dict) or not isinstance(version, str) or not version:
        raise ApiError(ApiFault.MALFORMED, "The API server's answer for the Lease is not a Lease.")
    spec = found.get("spec")
    return Lease(metadata, spec if isinstance(spec, dict) else {})


def write_lease(lease: Lease) -> bytes:
    return msgspec.json.encode(
        {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": lease.metadata, "spec": lease.spec}
    )


def micro_time(moment: datetime) -> str:
    """As the API server reads a MicroTime: six fractional digits, no more and no fewer, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Candidacy:
    """One candidate: what it has seen of the Lease, since when, and until when it leads.

    ``now`` is the candidate's monotonic time in seconds, ``moment`` an aware wall clock time. ``lease`` is the Lease as
    far as it is known to be the current one; None makes the next attempt read it.
    """

    def __init__(self, identity: str, *, namespace: str, name: str, settings: ElectionSettings) -> None:
        self.identity = identity
        self.lease: Lease | None = None
        self.leading_until = -math.inf
        self._settings = settings
        self._fresh = {"namespace": namespace, "name": name}
        self._seen: Lease | None = None
        self._seen_at = -math.inf

    def leads(self, now: float) -> bool:
        """True for as long as no other candidate can have taken the Lease over."""
        return now < self.leading_until

    def observe(self, lease: Lease, now: float) -> None:
        """``lease`` was read, and the answer had come at ``now``.

        Who finds another's name in it leads no longer, whatever the deadline says.
        """
        self.lease = lease
        # The version counts too: a wall clock that is set back can make a holder write the same times twice.
        if self._seen is None or lease.version != self._seen.version or lease.spec != self._seen.spec:
            self._seen, self._seen_at = lease, now
        if lease.holder != self.identity:
            self.leading_until = -math.inf

    def forget(self) -> None:
        """What was known of the Lease may be out of date: it changed, or a write came to an unknown end."""
        self.lease = None

    def vanish(self) -> None:
        """There is no Lease (any more): whoever creates it leads."""
        self.lease = None
        self.leading_until = -math.inf

    def first(self, moment: datetime) -> Lease:
        """The Lease to create where there is none."""
        return Lease(self._fresh, self._spec(micro_time(moment), moment, 0))

    def bid(self, now: float, moment: datetime) -> Lease | None:
        """The Lease to write over the one observed last; None while another candidate holds it."""
        lease = self.lease
        if lease is None:
            return None
        if micro_time(moment) == lease.spec.get("renewTime"):
            # To write what is there already is no write to the API server, and no sign of life to the others.
            moment += timedelta(microseconds=1)
        if lease.holder == self.identity:
            return Lease(lease.metadata, self._spec(lease.acquired or micro_time(moment), moment, lease.transitions))
        if lease.holder and now < self._seen_at + lease.seconds(self._settings.lease):
            return None
        transitions = min(lease.transitions + 1, _INT32_MAX)
        return Lease(lease.metadata, self._spec(micro_time(moment), moment, transitions))

    def won(self, lease: Lease, asked: float, now: float) -> None:
        """A bid was accepted as ``lease``. It was sent at ``asked``: the others count from then on at the earliest."""
        self.observe(lease, now)
        if lease.holder == self.identity:
            self.leading_until = asked + self._settings.renew_deadline

    def resign(self, moment: datetime) -> Lease | None:
        """Stop leading; return the Lease to write so that nobody waits, or None when another holds it."""
        self.leading_until = -math.inf
        lease = self.lease
        if lease is None or lease.holder != self.identity:
            return None
        time = micro_time(moment)
        spec = self._spec(time, moment, lease.transitions)
        # One second is the shortest duration that the API server accepts.
        return Lease(lease.metadata, {**spec, "holderIdentity": "", "leaseDurationSeconds": 1})

    def _spec(self, acquired: str, moment: datetime, transitions: int) -> dict[str, Any]:
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": self._settings.lease,
            "acquireTime": acquired,
            "renewTime": micro_time(moment),
            "leaseTransitions": transitions,
        }
