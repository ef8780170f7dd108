"""A plan that waits for a yes: who decides, and when nobody does."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("rclpy")

from r1_ros.msg import ErrorCode  # noqa: E402

from r1_ros.plans.approval import Approval  # noqa: E402
from r1_ros.runtime.request_errors import RequestError  # noqa: E402


def _wait(approval: Approval, told: threading.Event, timeout: float = 60.0, stop=lambda: False):
    return approval.wait("abc", timeout, stop, told.set)


def test_the_first_word_counts() -> None:
    approval, told = Approval(), threading.Event()
    for approve, reason, code, sentence in (
        (True, "", None, ""),
        (False, "", ErrorCode.NOT_APPROVED, "the plan was not approved"),
        (False, "the\ncat", ErrorCode.NOT_APPROVED, "the plan was not approved: the cat"),
    ):
        with ThreadPoolExecutor(1) as pool:
            told.clear()
            waiting = pool.submit(_wait, approval, told)
            assert told.wait(20.0) and approval.waiting == "abc"
            with pytest.raises(RequestError, match="no plan 'xyz' waits for approval; 'abc' does"):
                approval.decide("xyz", True, "")
            with pytest.raises(RequestError, match="no plan '' waits"):
                approval.decide("", True, "")
            approval.decide("abc", approve, reason)
            with pytest.raises(RequestError, match="decided already|no plan waits"):
                approval.decide("abc", not approve, "")
            outcome = waiting.result(20.0)
        assert (outcome and outcome.code, outcome.sentence if outcome else "") == (code, sentence)
        assert approval.waiting == ""


def test_nobody_says_anything() -> None:
    approval = Approval()
    outcome = _wait(approval, threading.Event(), timeout=0.1)
    assert outcome.code == ErrorCode.NOT_APPROVED and "within 0.1 s" in outcome.sentence
    with pytest.raises(RequestError, match="no plan waits for approval") as caught:
        approval.decide("abc", True, "")
    assert caught.value.code == ErrorCode.INVALID_REQUEST


def test_a_cancel_ends_the_wait() -> None:
    outcome = _wait(Approval(), threading.Event(), stop=lambda: True)
    assert outcome.code == ErrorCode.CANCELED


def test_a_word_about_the_plan_before_does_not_hold() -> None:
    approval, told = Approval(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_wait, approval, told)
        assert told.wait(20.0)
        approval.decide("abc", True, "")
        assert waiting.result(20.0) is None
    assert _wait(approval, told, timeout=0.05).code == ErrorCode.NOT_APPROVED
