"""Asking the teacher once per item and stage: limits, attempts, and the journal's word first."""

from __future__ import annotations

import itertools
import logging
import random
import threading
import uuid

from r1_training.engine.config import EngineConfig
from r1_training.engine.errors import (
    FatalTeacherError,
    RetryableTeacherError,
    StopRequested,
    TeacherError,
)
from r1_training.engine.items import Item
from r1_training.engine.journal.journal import Journal
from r1_training.engine.teachers.budget import Budget, estimate_tokens
from r1_training.engine.teachers.ratelimit import RateLimiter
from r1_training.engine.teachers.teacher import Completion, Request, Stage, Teacher

_log = logging.getLogger(__name__)


class Asker:
    """Asks for all threads of a run. What is journaled as paid is never asked for again.

    Attributes:
        budget: what was spent, over all runs.
    """

    def __init__(
        self, teacher: Teacher, journal: Journal, config: EngineConfig, stop: threading.Event
    ) -> None:
        self.budget = Budget(config, journal.state.spending, stop)
        self._teacher = teacher
        self._journal = journal
        self._config = config
        self._stop = stop
        limits = config.limits
        self._limiter = RateLimiter(limits.requests_per_minute, limits.tokens_per_minute, stop)
        self._prefix = uuid.uuid4().hex[:12]
        self._counter = itertools.count()
        self._gave_up_in_a_row = 0
        self._gave_up_lock = threading.Lock()

    def ask(self, item: Item, stage: Stage, prompt: str, thinking: str = "") -> Completion:
        """The teacher's answer, from the journal where it is already paid.

        Raises:
            TeacherError: no answer after all attempts, blocked, or refused.
            FatalTeacherError: no request can succeed; also where many in a row did not.
            StopRequested: the run is stopping, or the budget is reached.
            JournalWriteError: the journal cannot be written.
        """
        paid = self._journal.state.paid.pop((item.key, stage), None)
        if paid is not None:
            return paid
        for attempt in range(1, self._config.limits.max_attempts + 1):
            try:
                completion = self._attempt(item, stage, prompt, thinking)
            except RetryableTeacherError as error:
                _log.debug("%s, %s, attempt %d: %s", item.key, stage, attempt, error)
                if attempt == self._config.limits.max_attempts:
                    self._gave_up(error)
                    raise
                self._back_off(attempt, error.retry_after)
            else:
                with self._gave_up_lock:
                    self._gave_up_in_a_row = 0
                return completion
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _attempt(self, item: Item, stage: Stage, prompt: str, thinking: str) -> Completion:
        request = Request(f"{self._prefix}-{next(self._counter)}", item, stage, prompt, thinking)
        if not self._teacher.billed:
            return self._teacher.complete(request)
        estimate = estimate_tokens(prompt)
        largest = self.budget.largest_cost(stage, prompt)
        permit = self._limiter.acquire(estimate)
        self._journal.require_free_disk()
        self.budget.reserve(largest)
        self._journal.append(
            {"e": "sent", "r": request.id, "k": item.key, "s": stage, "m": largest}
        )
        try:
            completion = self._teacher.complete(request)
        except TeacherError as error:
            usage = error.usage and [error.usage.input_tokens, error.usage.output_tokens]
            self._journal.append(
                {
                    "e": "fail",
                    "r": request.id,
                    "k": item.key,
                    "s": stage,
                    "o": error.outcome,
                    "x": str(error),
                    "u": usage,
                }
            )
            self.budget.settle(stage, largest, error.outcome, error.usage)
            if isinstance(error, RetryableTeacherError) and error.retry_after:
                self._limiter.pause(error.retry_after)
            raise
        usage = completion.usage
        self._journal.append(
            {
                "e": "got",
                "r": request.id,
                "k": item.key,
                "s": stage,
                "t": completion.text,
                "u": [usage.input_tokens, usage.output_tokens],
            }
        )
        self.budget.settle(stage, largest, "answered", usage)
        self._limiter.settle(permit, usage.input_tokens + usage.output_tokens)
        return completion

    def _back_off(self, attempt: int, retry_after: float) -> None:
        """Wait with full jitter, so that fifty threads do not come back together."""
        limits = self._config.limits
        longest = min(limits.max_backoff_seconds, limits.first_backoff_seconds * 2 ** (attempt - 1))
        if self._stop.wait(retry_after + random.uniform(0, longest)):
            raise StopRequested("the run is stopping")

    def _gave_up(self, error: TeacherError) -> None:
        with self._gave_up_lock:
            self._gave_up_in_a_row += 1
            count = self._gave_up_in_a_row
        if count >= self._config.limits.give_up_after:
            raise FatalTeacherError(
                f"{count} requests in a row failed, the last with: {error}", error.outcome
            ) from error
