"""Every example of docs/examples runs as it is printed."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from rclpy.parameter import Parameter

from r1_ros.nodes.plan_executor import PlanExecutor
from r1_ros.nodes.scene_reasoner import SceneReasoner
from tests.ros.background import background, eventually
from tests.ros.scripted import ScriptedReasoner, StubMapper, room

pytestmark = pytest.mark.ros

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
_SAYS = {
    "ask.py": "o1 desk lamp: (1.00, 1.51, 0.90) in map",
    "dialogue.py": "Planned, not carried out yet:",
    "plan_and_execute.py": "2: done",
    "coffee.py": "output/coffee.rrd shows them",
    "describe.py": "desk: A wooden desk.",
    "asynchronous.py": "done: 3 steps",
    "scene_and_views.py": "keyframe 3: utility 0.50, adds 40% of the scene",
}
_NOT_CLIENTS = {"own_robot.py"}  # held by test_plan_executor


@pytest.fixture(scope="module")
def robot() -> Iterator[None]:
    with background() as spinning:
        reasoner = SceneReasoner(lambda _: ScriptedReasoner(), context=spinning.context)
        parameters = {"robot": "simulated", "simulated_step_seconds": 0.05}
        executor = PlanExecutor(
            context=spinning.context,
            parameter_overrides=[Parameter(n, value=v) for n, v in parameters.items()],
        )
        mapper = StubMapper(room(), context=spinning.context)
        spinning.start(mapper, reasoner, executor)
        eventually(lambda: reasoner.is_active and executor.is_active)
        yield


def test_there_is_no_example_without_a_test() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == _SAYS.keys() | _NOT_CLIENTS


@pytest.mark.parametrize("name", _SAYS)
def test_example(robot: None, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    assert _SAYS[name] in capsys.readouterr().out
