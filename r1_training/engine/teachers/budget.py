"""What was asked, what it cost, and the budget that stops the run."""

from __future__ import annotations

import math
import threading
from collections import Counter
from dataclasses import dataclass, field

from r1_training.engine.config import EngineConfig
from r1_training.engine.errors import BudgetReachedError, StopRequested
from r1_training.engine.teachers.teacher import STAGES, Stage, Usage


@dataclass
class Spending:
    """Counts over all runs of one output.

    Attributes:
        requests: outcome -> requests. `answered`, `blocked` and `failed` were certainly received by
            the server, `unsent` certainly not; `unsure` (no readable answer came back) and `lost`
            (in flight when a run was killed) may or may not have been received and billed.
        usage: stage -> tokens that the server reported.
        unsure_usd: upper bound of what `unsure` and `lost` requests cost beyond that.
    """

    requests: Counter[str] = field(default_factory=Counter)
    usage: dict[Stage, Usage] = field(default_factory=lambda: dict.fromkeys(STAGES, Usage()))
    unsure_usd: float = 0.0

    def cost(self, config: EngineConfig) -> float:
        """What the server is known to bill, US dollars."""
        return sum(config.teacher.model(stage).cost(self.usage[stage]) for stage in STAGES)


def estimate_tokens(text: str) -> int:
    """Tokens of a text, rather too many: English has about 4.5 bytes a token, Chinese about 4."""
    return math.ceil(len(text.encode("utf-8", "replace")) / 3) + 8


class Budget:
    """Reserves the largest possible cost of a request before it is sent.

    So the budget holds even with fifty requests in flight. Requests that may have been billed
    without an answer count with their largest cost.
    """

    def __init__(self, config: EngineConfig, spending: Spending, stop: threading.Event) -> None:
        self.spending = spending
        self._config = config
        self._limit = config.limits.budget_usd
        self._stop = stop
        self._reserved = 0.0
        self._changed = threading.Condition()

    def largest_cost(self, stage: Stage, prompt: str) -> float:
        """Upper bound of a request's cost, US dollars."""
        teacher = self._config.teacher
        return teacher.model(stage).cost(Usage(estimate_tokens(prompt), teacher.max_output_tokens))

    def reserve(self, cost: float) -> None:
        """Set `cost` aside, waiting for requests in flight where the rest does not suffice yet.

        Raises:
            BudgetReachedError: with nothing in flight the rest does not suffice.
            StopRequested: the run is stopping.
        """
        with self._changed:
            while self._limit and self._spent() + self._reserved + cost > self._limit:
                if self._reserved <= 0:
                    raise BudgetReachedError(
                        f"the budget of ${self._limit:.2f} is reached: ${self._spent():.4f} spent, "
                        f"the next request may cost ${cost:.4f}"
                    )
                if self._stop.is_set():
                    raise StopRequested("the run is stopping")
                self._changed.wait(0.2)
            self._reserved += cost

    def settle(
        self, stage: Stage, reserved: float, outcome: str, usage: Usage | None = None
    ) -> None:
        """Replace a reservation by what happened."""
        with self._changed:
            # Sums of floats do not return to zero exactly, which `reserve` relies on.
            self._reserved = max(0.0, self._reserved - reserved)
            if self._reserved < 1e-9:
                self._reserved = 0.0
            self.spending.requests[outcome] += 1
            if usage is not None:
                self.spending.usage[stage] += usage
            elif outcome in ("unsure", "lost"):
                self.spending.unsure_usd += reserved
            self._changed.notify_all()

    def _spent(self) -> float:
        return self.spending.cost(self._config) + self.spending.unsure_usd
