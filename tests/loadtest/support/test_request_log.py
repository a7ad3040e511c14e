"""What is counted as lost, and which requests belong to a time."""

from __future__ import annotations

import msgspec
import pytest

from loadtest.support.request_log import (
    Loss,
    RequestLog,
    RequestRecord,
    losses,
    lost,
    slowest_percent_milliseconds,
)

ANSWERED = RequestRecord(10.0, 0.004, True, None, 200)
RECORDS = (
    ANSWERED,
    RequestRecord(10.5, 0.001, False, Loss.REFUSED),
    RequestRecord(11.0, 0.002, True, Loss.STATUS, 503),
    RequestRecord(11.5, 0.003, True, Loss.STATUS, 503),
)


def test_only_a_whole_expected_answer_is_not_lost() -> None:
    assert lost(RECORDS) == 3
    assert lost((ANSWERED,)) == 0


def test_losses_are_told_by_kind_and_by_connection() -> None:
    assert losses(RECORDS) == "2 unexpected status 503 (kept), 1 refused (new)"
    assert losses((ANSWERED,)) == ""


def test_a_request_belongs_to_the_time_at_which_it_was_due() -> None:
    log = RequestLog(RECORDS, 0.0)

    assert [record.at for record in log.between(10.5, 11.5)] == [10.5, 11.0]


def test_lost_requests_have_no_part_in_the_percentile() -> None:
    slow_and_lost = RequestRecord(12.0, 5.0, True, Loss.TIMEOUT)

    assert slowest_percent_milliseconds((*RECORDS, slow_and_lost)) == pytest.approx(4.0)


def test_a_log_survives_the_way_between_processes() -> None:
    log = RequestLog(RECORDS, 0.25)

    assert msgspec.json.decode(msgspec.json.encode(log), type=RequestLog) == log
