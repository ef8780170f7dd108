"""`r1 approve` and `r1 stop`: a person's word from the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from r1_ros.msg import ErrorCode, PlanStep
from rclpy.parameter import Parameter
from typer.testing import CliRunner, Result

from r1_ros.cli.main import app
from r1_ros.client import R1Client, RequestFailedError
from r1_ros.nodes.plan_executor import PlanExecutor
from tests.ros.background import background, eventually

pytestmark = pytest.mark.ros

NAMESPACE = "approved"


def steps(count: int) -> list[PlanStep]:
    return [
        PlanStep(index=n, action="look_at", object="kettle", arguments=["kettle"], text="Look.")
        for n in range(1, count + 1)
    ]


@dataclass
class Rig:
    """An executor that asks, and somebody's plan that waits there."""

    executor: PlanExecutor
    client: R1Client
    threads: ThreadPoolExecutor

    def set(self, **parameters: object) -> None:
        values = [Parameter(name, value=value) for name, value in parameters.items()]
        assert all(result.successful for result in self.executor.set_parameters(values))

    def hand_in(self, count: int = 3) -> Future:
        running = self.threads.submit(self.client.execute_plan, steps(count))
        eventually(lambda: self.executor._plan_lock.locked(), "the plan is there")
        return running


@pytest.fixture(scope="module")
def nodes() -> Iterator[Rig]:
    with background() as spinning:
        values = {"robot": "simulated", "simulated_step_seconds": 0.1, "scene_service": ""}
        executor = PlanExecutor(
            namespace=NAMESPACE,
            context=spinning.context,
            parameter_overrides=[Parameter(n, value=v) for n, v in values.items()],
        )
        spinning.start(executor)
        eventually(lambda: executor.is_active, "the executor is active")
        with R1Client(NAMESPACE) as client, ThreadPoolExecutor(1) as threads:
            yield Rig(executor, client, threads)


@pytest.fixture
def rig(nodes: Rig) -> Rig:
    nodes.set(require_approval=True)
    eventually(lambda: not nodes.executor._plan_lock.locked(), "no plan of before")
    return nodes


def r1(*arguments: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(app, [*arguments, "--namespace", NAMESPACE], input=answers)


def test_a_plan_is_shown_and_approved(rig: Rig) -> None:
    running = rig.hand_in()
    shown = r1("approve", "--list", "--json")
    (plan,) = json.loads(shown.stdout)
    assert "3 step(s): look_at(kettle), look_at(kettle), look_at(kettle)" in plan["status"]
    assert not running.done()
    result = r1("approve", plan["plan_id"], "--yes")
    assert result.exit_code == 0 and result.stdout.endswith("approved\n")
    assert running.result(30.0).steps_done == 3


def test_a_plan_is_rejected_for_a_reason(rig: Rig) -> None:
    running = rig.hand_in()
    assert r1("approve", "--reject", "not on Sundays").exit_code == 0
    with pytest.raises(RequestFailedError, match="not on Sundays") as caught:
        running.result(30.0)
    assert caught.value.code == ErrorCode.NOT_APPROVED


def test_the_terminal_is_asked(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    running = rig.hand_in()
    result = r1("approve", answers="n\n")
    assert "nobody can be asked here" in str(result.exception)  # a pipe is no person
    assert not running.done()
    monkeypatch.setattr("r1_ros.cli.approve.is_terminal", lambda: True)
    result = r1("approve", answers="n\n")
    assert result.exit_code == 1 and "rejected" in result.stdout
    with pytest.raises(RequestFailedError):
        running.result(30.0)


def test_nothing_waits(rig: Rig) -> None:
    result = r1("approve", "--list", "--wait", "0.2")
    assert "no plan waits for approval (looked for 0.2 s)" in str(result.exception)
    running = rig.hand_in()
    result = r1("approve", "0" * 32, "--yes", "--wait", "1.5")
    assert f"no plan {'0' * 32} waits" in str(result.exception)
    assert r1("approve", "--yes").exit_code == 0
    running.result(30.0)


def test_stop(rig: Rig) -> None:
    rig.set(require_approval=False)
    assert r1("stop").stdout == "0 plans stopped\n"
    running = rig.hand_in(count=100)  # ten seconds and more, so that it is under way still
    assert r1("stop").stdout == "1 plan stopped\n"
    with pytest.raises(RequestFailedError, match="CANCELED"):
        running.result(30.0)


def test_stop_says_when_there_is_nobody() -> None:
    result = CliRunner().invoke(app, ["stop", "--wait", "0.2", "--namespace", "nobody"])
    assert "no plan_executor within 0.2 s" in str(result.exception)


def test_two_words_are_one_too_many() -> None:
    assert "either --yes or --reject" in str(r1("approve", "--yes", "--reject", "no").exception)
