"""The simulated robot obeys a symbolic world; plans run on it to their end or first failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy")

from r1_ros.msg import ErrorCode

from r1_model.plans.simulator import unknown_thing
from r1_model.text.answer import Box, Step
from r1_ros.plans.assumptions import Assumptions
from r1_ros.plans.plan_outcome import PlanOutcome
from r1_ros.plans.robot import SkillError, SkillStoppedError
from r1_ros.plans.runner import PlanRunner, refuse_plan
from r1_ros.plans.sight import pretended
from r1_ros.plans.simulated_robot import SimulatedRobot

_PLACES = {
    "cupboard": Box(np.array([0.0, 0, 1]), np.array([1.0, 0.6, 2]), "cupboard"),
    "mug": Box(np.array([0.1, 0, 1.2]), np.array([0.1, 0.1, 0.1]), "mug"),
    "table": Box(np.array([4.0, 0, 0.4]), np.array([1.0, 1, 0.8]), "table"),
    "cup": Box(np.array([4.0, 0, 0.85]), np.array([0.1, 0.1, 0.1]), "cup"),
    "櫥櫃": Box(np.array([0.0, 0, 1]), np.array([1.0, 0.6, 2]), "櫥櫃"),
    "杯子": Box(np.array([0.1, 0, 1.2]), np.array([0.1, 0.1, 0.1]), "杯子"),
}


def _steps(*calls: str) -> list[Step]:
    """`"place mug table"` -> a step with its boxes, where they are known."""
    steps = []
    for index, call in enumerate(calls, 1):
        action, *labels = call.split()
        boxes = tuple(_PLACES[label] for label in labels if label in _PLACES)
        steps.append(Step(index, action, tuple(labels), boxes))
    return steps


def _assumptions(steps: Sequence[Step] = ()) -> Assumptions:
    return Assumptions(steps, lambda label, place, stop: pretended(label, place), 0.0)


def _run(
    robot, steps: list[Step], log: list | None = None, lines: list | None = None, **changes: object
) -> PlanOutcome:
    runner = PlanRunner(robot, lambda trace: None, (lines if lines is not None else []).append)
    values = {
        "assumptions": _assumptions(steps),
        "skill_timeout": 5.0,
        "stop_timeout": 1.0,
        "should_stop": lambda: False,
        "on_step": lambda step, status, done: (log if log is not None else []).append(
            (step.index, status, done)
        ),
    }
    try:
        return runner.run(steps, "map", **(values | changes))
    finally:
        runner.close()


_COFFEE = (
    "navigate_to cupboard", "open cupboard", "pick mug", "close cupboard",
    "navigate_to machine", "place mug machine", "make_coffee machine", "wait machine",
    "pick mug", "navigate_to table", "place mug table",
)  # fmt: skip


def test_a_coffee_is_made_and_served() -> None:
    log: list[tuple[int, str, int]] = []
    robot = SimulatedRobot(0.0)
    assert _run(robot, _steps(*_COFFEE), log) == PlanOutcome(steps_done=11)
    assert [entry for entry in log if entry[1] == "done"] == [
        (number, "done", number) for number in range(1, 12)
    ]
    assert (3, "Take mug with the gripper; the gripper must be empty.", 2) in log
    mug = next(thing for thing in robot.world.things.values() if thing.name == "mug")
    assert mug.states["content"] == "coffee" and mug.parent.startswith("table")


@pytest.mark.parametrize(
    ("calls", "failed", "reason"),
    [
        (("navigate_to cupboard", "pick mug"), 2, "closed"),
        (("navigate_to 櫥櫃", "pick 杯子"), 2, "closed"),
        (("pick mug",), 1, "not at"),
        (("navigate_to table", "open cupboard"), 2, "m away"),
        (("navigate_to table", "place cup table"), 2, "does not hold"),
        (("navigate_to table", "pick cup", "pick plate"), 3, "not empty"),
        (("navigate_to table", "wait table"), 2, "not running"),
        (("navigate_to machine", "make_coffee machine"), 2, "no mug"),
        (("navigate_to cupboard", "open cupboard", "open cupboard"), 3, "open already"),
        (("navigate_to table", "pick cup", "place cup"), 3, "takes 2"),
    ],
)
def test_what_the_world_does_not_allow_fails(
    calls: tuple[str, ...], failed: int, reason: str
) -> None:
    outcome = _run(SimulatedRobot(0.0), _steps(*calls))
    assert (outcome.code, outcome.failed_step) == (ErrorCode.SKILL_FAILED, failed)
    assert outcome.steps_done == failed - 1 and reason in outcome.sentence


def test_the_world_lasts_from_plan_to_plan() -> None:
    robot = SimulatedRobot(0.0)
    assert _run(robot, _steps("navigate_to table", "pick cup")).code == ErrorCode.NONE
    assert "not empty" in _run(robot, _steps("pick plate")).sentence


def test_skills_take_their_time_and_stop_when_told() -> None:
    robot = SimulatedRobot(0.3)
    start = time.monotonic()
    assert _run(robot, _steps("navigate_to table")).code == ErrorCode.NONE
    assert time.monotonic() - start >= 0.3
    stop = threading.Event()
    robot.step_seconds = 30.0
    outcome: list[PlanOutcome] = []
    thread = threading.Thread(
        target=lambda: outcome.append(
            _run(robot, _steps("navigate_to table", "pick cup"), should_stop=stop.is_set)
        )
    )
    thread.start()
    time.sleep(0.1)
    stop.set()
    thread.join(5.0)
    assert outcome[0].code == ErrorCode.CANCELED and outcome[0].failed_step == 0
    assert not outcome[0].stuck


class _Robot:
    """Does what its function does."""

    def __init__(self, execute) -> None:
        self.execute = execute

    def skills(self) -> frozenset[str]:
        return frozenset({"wait"})

    def start_plan(self, frame_id: str) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_skill_that_is_late_has_failed() -> None:
    def execute(step, should_stop, on_status) -> None:
        while not should_stop():
            time.sleep(0.01)
        raise SkillStoppedError

    outcome = _run(_Robot(execute), _steps("wait x"), skill_timeout=0.1)
    assert (outcome.code, outcome.failed_step) == (ErrorCode.SKILL_TIMEOUT, 1)
    assert "0.1 s" in outcome.sentence and not outcome.stuck


def test_a_skill_that_does_not_stop_is_given_up_and_said_so() -> None:
    release = threading.Event()
    runner = PlanRunner(_Robot(lambda *_: release.wait(20.0)), print)
    start = time.monotonic()
    outcome = runner.run(
        _steps("wait x"), "map", assumptions=_assumptions(), skill_timeout=0.1, stop_timeout=0.2,
        should_stop=lambda: False, on_step=lambda *_: None,
    )  # fmt: skip
    assert outcome.code == ErrorCode.SKILL_TIMEOUT and outcome.stuck and runner.stuck
    assert "still runs" in outcome.sentence and time.monotonic() - start < 5.0
    release.set()


def test_a_defect_of_a_skill_is_a_failure_with_a_trace() -> None:
    traces: list[str] = []

    def execute(step, should_stop, on_status) -> None:
        raise ZeroDivisionError("oops")

    runner = PlanRunner(_Robot(execute), traces.append)
    outcome = runner.run(
        _steps("wait x"), "map", assumptions=_assumptions(), skill_timeout=1.0, stop_timeout=0.2,
        should_stop=lambda: False, on_step=lambda *_: None,
    )  # fmt: skip
    runner.close()
    assert outcome.code == ErrorCode.SKILL_FAILED and "oops" in outcome.sentence
    assert "ZeroDivisionError" in traces[0]


@pytest.mark.parametrize(
    ("does", "sentence"),
    [
        (lambda: False, "wait returned False"),
        (lambda: True, "wait returned True"),
        (lambda: _raise(SkillError("")), "wait failed and did not say why"),
        (lambda: _raise(SkillError("the arm is stuck")), "the arm is stuck"),
    ],
)
def test_a_step_is_done_only_where_its_skill_returns_nothing(does, sentence: str) -> None:
    lines: list[str] = []
    robot = _Robot(lambda step, *_: does() if step.action == "wait" else None)
    steps = _steps("navigate_to table", "wait x", "look_at table")
    outcome = _run(robot, steps, lines=lines)
    assert (outcome.code, outcome.steps_done, outcome.failed_step) == (
        ErrorCode.SKILL_FAILED, 1, 2,
    )  # fmt: skip
    assert sentence in outcome.sentence
    assert lines[0] == "step 1 of 3 navigate_to(table): done"
    assert lines[1].startswith("step 2 of 3 wait(x): failed: ") and sentence in lines[1]
    assert len(lines) == 2


def _raise(error: Exception) -> None:
    raise error


def test_labels_cannot_forge_the_log() -> None:
    lines: list[str] = []
    label = "x\nstep 2 of 2 open(safe): done " + "y" * 1000
    assert _run(_Robot(lambda *_: None), [Step(1, "wait", (label,))], lines=lines).steps_done == 1
    (line,) = lines
    assert "\n" not in line and len(line) < 150 and line.startswith("step 1 of 1 wait(x step 2")


def test_an_assumed_thing_is_pretended_to_be_there_and_said_so() -> None:
    log: list[tuple[int, str, int]] = []
    robot = SimulatedRobot(0.0)
    steps = _steps("navigate_to cupboard", "open cupboard", "pick glass", "navigate_to table")
    steps[2] = replace(steps[2], assumed=True)
    assert _run(robot, steps, log).steps_done == 4
    said = [status for index, status, _ in log if index == 3]
    assert "looking for the glass in the cupboard" in said
    assert "the glass is there, at (0.00, 0.00, 1.00)" in said
    assert robot.world.things[robot.world.held].name == "glass"
    # without opening the cupboard the symbolic world does not give it away
    outcome = _run(SimulatedRobot(0.0), [steps[0], replace(steps[2], index=2)])
    assert outcome.code == ErrorCode.SKILL_FAILED and "closed" in outcome.sentence


def test_stopping_without_being_told_is_a_failure() -> None:
    def execute(step, should_stop, on_status) -> None:
        raise SkillStoppedError("emergency stop pressed")

    outcome = _run(_Robot(execute), _steps("wait x"))
    assert outcome.code == ErrorCode.SKILL_FAILED and "emergency" in outcome.sentence


def test_plans_that_are_not_even_started() -> None:
    robot = _Robot(None)
    assert refuse_plan(robot, []).code == ErrorCode.EMPTY_PLAN
    refused = refuse_plan(robot, _steps("wait x", "fly y"))
    assert (refused.code, refused.failed_step) == (ErrorCode.UNKNOWN_SKILL, 2)
    assert "'fly'" in refused.sentence and refuse_plan(robot, _steps("wait x")) is None


def test_a_step_that_names_things_it_never_saw() -> None:
    with pytest.raises(SkillError, match="takes 1"):
        SimulatedRobot(0.0).execute(Step(1, "pick"), lambda: False, lambda status: None)


def test_what_is_known_to_be_there_is_meant_before_what_may_be_anywhere() -> None:
    """Two tables, and the first one that it heard of has no place."""
    robot = SimulatedRobot(0.0)
    table = unknown_thing("table")
    robot.know("lost", table)
    robot.know("seen", table, _PLACES["table"])
    robot.execute(_steps("navigate_to table")[0], lambda: False, lambda _: None)
    assert robot.world.robot_at == "seen"
    elsewhere = Box(np.array([9.0, 9, 0.4]), np.array([1.0, 1, 0.8]), "table")
    step = Step(1, "navigate_to", ("table",), (elsewhere,))
    robot.execute(step, lambda: False, lambda _: None)
    assert robot.world.robot_at == "lost"
