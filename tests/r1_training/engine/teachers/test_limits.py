from __future__ import annotations

import random
import threading

import pytest

from r1_training.engine.errors import BudgetReachedError, StopRequested
from r1_training.engine.teachers.budget import Budget, Spending, estimate_tokens
from r1_training.engine.teachers.ratelimit import RateLimiter
from r1_training.engine.teachers.teacher import Usage
from tests.r1_training.engine.engine_fixtures import config


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stopped = False

    def __call__(self) -> float:
        return self.now

    def is_set(self) -> bool:
        return self.stopped

    def wait(self, seconds: float) -> bool:
        self.now += max(seconds, 1e-3)
        return False


def limiter(requests: int, tokens: int) -> tuple[RateLimiter, Clock]:
    clock = Clock()
    return RateLimiter(requests, tokens, clock, clock), clock  # type: ignore[arg-type]


@pytest.mark.parametrize("requests, tokens, size", [(60, 0, 1), (0, 6000, 100), (60, 6000, 50)])
def test_quota_a_minute(requests: int, tokens: int, size: int) -> None:
    rate, clock = limiter(requests, tokens)
    times = []
    for _ in range(200):
        rate.acquire(size)
        times.append(clock.now)
    per_minute = min(requests or 10**9, tokens // size if tokens else 10**9)
    assert most_in_a_minute(times) <= per_minute
    assert clock.now == pytest.approx(200 / per_minute * 60, rel=0.15)


def most_in_a_minute(times: list[float], sizes: list[int] | None = None) -> int:
    """The largest sum of sizes (1 each) over all windows of 60 s."""
    pairs = list(zip(times, sizes or [1] * len(times), strict=True))
    return max(sum(n for t, n in pairs if start <= t < start + 60) for start in times)


@pytest.mark.parametrize("stall", [6.0, 60.0, 600.0])
def test_a_stall_saves_nothing_up(stall: float) -> None:
    # As when the server answers nothing for a while: 150 a minute, then quiet, then all at once.
    rate, clock = limiter(150, 0)
    times = []
    for number in range(600):
        if number == 100:
            clock.now += stall
        rate.acquire(1)
        times.append(clock.now)
    assert most_in_a_minute(times) <= 150
    assert clock.now - stall == pytest.approx(600 / 150 * 60, rel=0.15)


@pytest.mark.parametrize("seed", range(8))
def test_no_minute_holds_more_than_the_quotas(seed: int) -> None:
    dice = random.Random(seed)
    requests, tokens = dice.choice([(0, 5_000), (40, 0), (40, 5_000), (7, 900)])
    rate, clock = limiter(requests, tokens)
    times, sizes = [], []
    for _ in range(300):
        if dice.random() < 0.05:
            clock.now += dice.uniform(0, 150)
        size = dice.randint(1, 1_200 if tokens == 5_000 else 300)
        permit = rate.acquire(size)
        if dice.random() < 0.5:  # smaller than estimated, and known at once
            size = dice.randint(0, size)
            rate.settle(permit, size)
        times.append(clock.now)
        sizes.append(size)
    assert most_in_a_minute(times) <= (requests or 300)
    assert most_in_a_minute(times, sizes) <= (tokens or sum(sizes))


def test_a_request_that_turns_out_larger_holds_the_next_back() -> None:
    rate, clock = limiter(0, 1_000)
    rate.settle(rate.acquire(10), 990)
    rate.acquire(50)
    assert clock.now == pytest.approx(60, abs=0.5)


def test_no_limit_never_waits() -> None:
    rate, clock = limiter(0, 0)
    for _ in range(1000):
        rate.acquire(10**6)
    assert clock.now == 0


def test_a_request_larger_than_the_quota_still_goes() -> None:
    rate, clock = limiter(0, 100)
    rate.acquire(10)
    rate.acquire(1000)
    assert clock.now == pytest.approx(60, abs=0.5)


def test_settle_and_pause() -> None:
    rate, clock = limiter(0, 6000)
    permit = rate.acquire(600)
    rate.settle(permit, 0)
    rate.acquire(600)
    assert clock.now == 0
    rate, clock = limiter(0, 0)
    rate.pause(7)
    rate.acquire(1)
    assert clock.now == pytest.approx(7, abs=0.1)


def test_stop_ends_waiting() -> None:
    rate, clock = limiter(1, 0)
    clock.stopped = True
    with pytest.raises(StopRequested):
        rate.acquire(1)


def test_budget_counts_what_is_in_flight() -> None:
    budget = Budget(config(budget_usd=10.0), Spending(), threading.Event())
    budget.reserve(6.0)
    waiting = threading.Thread(target=budget.reserve, args=(6.0,))
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    budget.settle("reasoning", 6.0, "answered", Usage(1, 2))  # a dollar a token
    waiting.join(5)
    assert not waiting.is_alive()
    budget.settle("reasoning", 6.0, "unsure")
    with pytest.raises(BudgetReachedError, match=r"\$10.00 is reached"):
        budget.reserve(1.5)
    assert budget.spending.unsure_usd == 6.0
    assert budget.spending.requests == {"answered": 1, "unsure": 1}


def test_budget_wait_ends_with_the_run() -> None:
    stop = threading.Event()
    budget = Budget(config(budget_usd=10.0), Spending(), stop)
    budget.reserve(6.0)
    stop.set()
    with pytest.raises(StopRequested):
        budget.reserve(6.0)


def test_reservations_return_to_zero() -> None:
    budget = Budget(config(budget_usd=1.0), Spending(), threading.Event())
    for _ in range(1000):
        budget.reserve(0.1)
        budget.reserve(0.2)
        budget.settle("reasoning", 0.2, "failed")
        budget.settle("reasoning", 0.1, "failed")
    with pytest.raises(BudgetReachedError):  # would wait for ever on a rest of 1e-17
        budget.reserve(2.0)


def test_estimates_are_rather_too_high() -> None:
    english = "The chair is in the corner of the room beside a brown wooden table. " * 10
    assert estimate_tokens(english) > len(english.split()) * 1.3
    assert estimate_tokens("椅" * 100) >= 100
    assert estimate_tokens("\ud800") > 0
