from __future__ import annotations

from r1_ros.client.calls import AGAIN_S
from r1_ros.runtime.goal_results import ANSWER_TIMEOUT_S, RESULT_TIMEOUT_S


def test_results_are_kept_until_a_client_has_asked_for_them_again():
    assert min(ANSWER_TIMEOUT_S, RESULT_TIMEOUT_S) >= 2 * AGAIN_S
