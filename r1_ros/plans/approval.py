"""A plan waits until somebody says yes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from r1_ros.msg import ErrorCode
from r1_ros.plans.plan_outcome import PlanOutcome
from r1_ros.plans.robot import ShouldStop
from r1_ros.runtime.request_errors import RequestError

_POLL_S = 0.02
_TELL_S = 1.0  # who listens late hears it as well


class Approval:
    """The plan that waits, and what is decided about it; safe to use from several threads.

    Attributes:
        waiting: id of the plan that waits; empty: none.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decided = threading.Event()
        self._decision: tuple[bool, str] = (False, "")
        self.waiting = ""

    def wait(
        self, plan_id: str, timeout: float, should_stop: ShouldStop, tell: Callable[[], object]
    ) -> PlanOutcome | None:
        """Wait for the decision about a plan; None: it may start.

        Args:
            plan_id: of the plan.
            timeout: nobody's word is a no after this time [s].
            should_stop: True ends the wait.
            tell: called at once and every second: the plan waits.
        """
        with self._lock:
            self._decided.clear()
            self.waiting = plan_id
        end, next_tell = time.monotonic() + timeout, 0.0
        outcome = None
        while outcome is None and not self._decided.wait(_POLL_S):
            now = time.monotonic()
            if should_stop():
                outcome = PlanOutcome(code=ErrorCode.CANCELED, sentence="cancelled by the caller")
            elif now > end:
                sentence = f"nobody approved the plan within {timeout:g} s"
                outcome = PlanOutcome(code=ErrorCode.NOT_APPROVED, sentence=sentence)
            elif now >= next_tell:
                tell()
                next_tell = now + _TELL_S
        with self._lock:  # a word that was taken a moment ago holds
            self.waiting = ""
            if not self._decided.is_set():
                return outcome
        approved, reason = self._decision
        if approved:
            return None
        sentence = "the plan was not approved" + (f": {reason}" if reason else "")
        return PlanOutcome(code=ErrorCode.NOT_APPROVED, sentence=sentence)

    def decide(self, plan_id: str, approve: bool, reason: str) -> None:
        """Say yes or no; the first word counts.

        Raises:
            RequestError: no plan of this id waits.
        """
        with self._lock:
            if not self.waiting:
                sentence = "no plan waits for approval"
            elif plan_id != self.waiting:
                sentence = f"no plan {plan_id[:40]!r} waits for approval; {self.waiting!r} does"
            elif self._decided.is_set():
                sentence = f"the plan {plan_id!r} is decided already"
            else:
                self._decision = approve, " ".join(reason.split())[:500]
                self._decided.set()
                return
        raise RequestError(ErrorCode.INVALID_REQUEST, sentence)
