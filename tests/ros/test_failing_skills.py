"""Skills that fail, in processes of their own: the plan stops there, with code and sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from r1_ros.action import ExecutePlan
from r1_ros.msg import ErrorCode, PlanStep
from rclpy.action import ActionServer
from rclpy.node import Node
from rclpy.parameter import Parameter

from r1_ros.client import R1Client, RequestFailedError
from r1_ros.nodes.plan_executor import PlanExecutor
from tests.ros.background import background, eventually
from tests.ros.failing_skills import KINDS

pytestmark = pytest.mark.ros

_SHORT_S = 4.0  # for the two kinds that must be given up; a good skill needs some milliseconds


@dataclass(frozen=True)
class _Case:
    kind: str
    action: str
    sentence: str
    code: int = ErrorCode.SKILL_FAILED


_SERVER = "the skill server of"
_CASES = [
    _Case("aborts", "pick", "the mug slipped"),
    _Case("aborts_mute", "wipe", f"the goal of {_SERVER} wipe was aborted; its result does not"),
    _Case("is_cancelled", "open", f"{_SERVER} open was cancelled, and not by this plan"),
    _Case("raises", "close", f"the goal of {_SERVER} close was aborted; its result does not say"),
    _Case("forgets", "push", f"the goal of {_SERVER} push was aborted; its result does not say"),
    _Case("rejects", "turn_on", f"{_SERVER} turn_on refused the goal"),
    _Case("dies", "turn_off", f"{_SERVER} turn_off has gone"),
    _Case("reports_an_error", "clean", "nothing in the gripper"),
    _Case("reports_a_code", "make_bed", "make_bed succeeded with error 403 (SKILL_TIMEOUT)"),
    _Case(
        "never_ends", "wait", f"wait did not finish within {_SHORT_S:g} s", ErrorCode.SKILL_TIMEOUT
    ),
    _Case(
        "never_answers",
        "make_coffee",
        f"within {_SHORT_S:g} s; {_SERVER} make_coffee has not said whether it takes the goal",
        ErrorCode.SKILL_TIMEOUT,
    ),
]


class _GoodSkill(Node):
    """Does what it is told, and counts."""

    def __init__(self, name: str, context) -> None:
        super().__init__(f"{name}_server", context=context)
        self.goals = 0
        self.server = ActionServer(self, ExecutePlan, f"skills/{name}", self._execute)

    def _execute(self, handle) -> ExecutePlan.Result:
        self.goals += 1
        handle.succeed()
        return ExecutePlan.Result()


@dataclass
class _Robot:
    node: PlanExecutor
    client: R1Client
    first: _GoodSkill
    last: _GoodSkill


@pytest.fixture(scope="module")
def robot() -> Iterator[_Robot]:
    """plan_executor, two good skills, and all that fail in two processes: one of them will die."""
    processes = [
        subprocess.Popen([sys.executable, "-m", "tests.ros.failing_skills", *pairs])
        for pairs in (
            [f"{case.action}={case.kind}" for case in _CASES if case.kind != "dies"],
            [f"{case.action}={case.kind}" for case in _CASES if case.kind == "dies"],
        )
    ]
    try:
        with background() as spinning:
            first = _GoodSkill("navigate_to", spinning.context)
            last = _GoodSkill("look_at", spinning.context)
            node = PlanExecutor(
                context=spinning.context,
                parameter_overrides=[
                    Parameter("server_timeout", value=60.0), Parameter("scene_service", value="")
                ],
            )  # fmt: skip
            spinning.start(first, last, node)
            eventually(lambda: node.is_active)
            with R1Client() as client:
                yield _Robot(node, client, first, last)
    finally:
        for process in processes:
            process.kill()
            process.wait(10.0)


def test_every_kind_has_a_case() -> None:
    assert {case.kind for case in _CASES} == KINDS.keys()


@pytest.mark.parametrize("case", _CASES, ids=[case.kind for case in _CASES])
def test_the_plan_stops_where_a_skill_fails(robot: _Robot, case: _Case) -> None:
    timeout = _SHORT_S if case.code == ErrorCode.SKILL_TIMEOUT else 120.0
    robot.node.set_parameters([Parameter("skill_timeout", value=timeout)])
    before = robot.first.goals
    steps = [PlanStep(action=name) for name in ("navigate_to", case.action, "look_at")]
    with pytest.raises(RequestFailedError) as caught:
        robot.client.execute_plan(steps)
    assert caught.value.code == case.code, caught.value
    assert case.sentence in str(caught.value)
    result = caught.value.result
    assert (result.steps_done, result.failed_step) == (1, 2)
    assert (robot.first.goals, robot.last.goals) == (before + 1, 0)
    assert not robot.node._runner.stuck
