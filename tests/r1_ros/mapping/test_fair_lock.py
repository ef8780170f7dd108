"""FairLock: one at a time, in the order of asking."""

from __future__ import annotations

import threading
import time

from r1_ros.mapping.fair_lock import FairLock

DEADLINE_S = 30.0


def test_one_at_a_time() -> None:
    lock, inside, most = FairLock(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with lock:
                inside += 1
                most = max(most, inside)
                time.sleep(0)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert not any(thread.is_alive() for thread in threads)
    assert (inside, most) == (0, 1)


def test_who_waits_is_next_however_busy_the_holder_is() -> None:
    lock, waiting, rounds = FairLock(), threading.Event(), 0
    got: list[int] = []

    def ask() -> None:
        waiting.set()
        with lock:
            got.append(rounds)

    with lock:
        thread = threading.Thread(target=ask)
        thread.start()
        assert waiting.wait(DEADLINE_S)
        deadline = time.monotonic() + DEADLINE_S
        while not lock._turns:
            assert time.monotonic() < deadline
    for rounds in range(1, 100):  # noqa: B007  # read by the other thread
        with lock:
            pass
    thread.join(DEADLINE_S)
    assert got == [0] or got == [1]  # before this thread got it again, or while it waited


def test_an_error_lets_go() -> None:
    lock = FairLock()
    for _ in range(2):
        try:
            with lock:
                raise ValueError
        except ValueError:
            pass
    with lock:
        assert lock._held
    assert not lock._held
