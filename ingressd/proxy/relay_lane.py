"""The lane that passes requests on without a task, and writes answers to the client's transport itself."""

from __future__ import annotations

import logging
from typing import Protocol

from ingressd.proxy.admission import Admission
from ingressd.proxy.answering import Lane
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.decision import Decision
from ingressd.proxy.failures import Failure
from ingressd.proxy.progress import Progress
from ingressd.proxy.relay_client_side import RelayClientSide
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.request_sketch import RequestSketch

_log = logging.getLogger(__name__)


class ProgrammedLane(Protocol):
    """Answers the requests whose route has Python code."""

    def take_over(
        self, connection: ClientConnection, head: RequestHead, progress: Progress, decision: Decision
    ) -> None: ...


class RelayLane(Lane):
    """``programmed`` is to be set before the first request."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.programmed: ProgrammedLane | None = None

    def answer(self, connection: ClientConnection, head: RequestHead) -> None:
        progress = self._admission.begin(connection, head)
        side = RelayClientSide(self._admission, connection, head, progress)
        connection.answer_with(side)
        try:
            programmed = side.begin()
            if programmed is not None and self.programmed is not None:
                self.programmed.take_over(connection, head, progress, programmed)
        except Exception:
            _log.exception("request %s failed", progress.request_id.decode())
            side.break_off()

    def refuse(self, connection: ClientConnection, failure: Failure, sketch: RequestSketch) -> None:
        progress = self._admission.begin(connection, None, sketch)
        side = RelayClientSide(self._admission, connection, None, progress)
        connection.answer_with(side)
        side.fail(failure)
