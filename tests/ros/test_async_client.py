"""AsyncR1Client: the calls of R1Client for asyncio; who cancels a task stops the robot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import pytest
from r1_ros.action import Ask
from r1_ros.msg import ErrorCode
from rclpy.parameter import Parameter

from r1_ros import AsyncR1Client, R1Client
from r1_ros.client import ClientClosedError, NoResponseError, RequestFailedError, ServerMissingError
from r1_ros.nodes.plan_executor import PlanExecutor
from tests.ros.background import background, eventually
from tests.ros.reasoner_rig import Robot, start_robot
from tests.ros.scripted import LAMP, ScriptedReasoner

pytestmark = pytest.mark.ros

T = TypeVar("T")
NAMESPACE = "asynchronous"
GOAL = "Put the desk lamp on the desk."


@dataclass
class Rig:
    """A robot that answers and carries out."""

    robot: Robot
    executor: PlanExecutor

    @property
    def model(self) -> ScriptedReasoner:
        return self.robot.model

    def set(self, **parameters: object) -> None:
        values = [Parameter(name, value=value) for name, value in parameters.items()]
        assert all(result.successful for result in self.executor.set_parameters(values))

    def stands(self) -> bool:
        return not self.executor._plan_lock.locked()


@pytest.fixture(scope="module")
def nodes() -> Iterator[Rig]:
    with background() as spinning:
        values = {"robot": "simulated", "simulated_step_seconds": 0.3}
        executor = PlanExecutor(
            namespace=NAMESPACE,
            context=spinning.context,
            parameter_overrides=[Parameter(n, value=v) for n, v in values.items()],
        )
        robot = start_robot(spinning, NAMESPACE)
        spinning.start(executor)
        eventually(lambda: executor.is_active, "the executor is active")
        yield Rig(robot, executor)
        robot.client.close()


@pytest.fixture
def rig(nodes: Rig) -> Rig:
    nodes.model.__init__()
    nodes.set(require_approval=False)
    return nodes


def run(use: Callable[[AsyncR1Client], Awaitable[T]], namespace: str = NAMESPACE) -> T:
    """`use` with a client, in a loop of its own that ends in any case."""

    async def main() -> T:
        async with asyncio.timeout(60), AsyncR1Client(namespace, discovery_timeout=5.0) as robot:
            return await use(robot)

    return asyncio.run(main())


def test_ask_locate_list_plan_execute(rig: Rig) -> None:
    rig.model.found = [replace(LAMP, score=0.9)]

    async def use(robot: AsyncR1Client) -> None:
        assert (await robot.ask("How many chairs?")).answer == "There are four."
        (lamp,) = (await robot.locate("the desk lamp")).objects
        assert lamp.label == "desk lamp"
        plan = await robot.plan(GOAL, session_id="s")
        assert [step.action for step in plan.steps] == ["navigate_to", "pick", "place"]
        assert (await robot.execute_plan(plan)).steps_done == 3
        known = await robot.list_objects()
        assert [item.label for item in known.objects] == ["desk lamp"]
        assert len((await robot.get_scene()).points) == 500
        assert list((await robot.select_views("Where?")).view_ids) == [3, 7]
        assert (await robot.scene_graph())["objects"]
        assert not await robot.requires_approval()
        described = await robot.describe(max_objects=1)
        assert len(described.objects) == 1

    run(use)


def test_a_plan_knows_its_frame_and_its_dialogue(rig: Rig) -> None:
    """Sync as async: `execute_plan(plan)` needs no more words."""
    with R1Client(NAMESPACE) as client:
        plan = client.plan(GOAL, session_id="kitchen talk")
        assert plan.answer.header.frame_id == "map"
        assert client.execute_plan(plan).steps_done == 3
        client.ask("And now?", session_id="kitchen talk")
        assert [item.label for item in client.locate("the desk lamp").objects] == ["desk lamp"]
    history = rig.model.asked[-2][1]
    assert "done" in str(history[-1]).lower()  # its dialogue was told


def test_feedback_comes_in_the_loop_before_the_answer(rig: Rig) -> None:
    rig.model.token_seconds = 0.02
    heard: list[str] = []

    async def use(robot: AsyncR1Client) -> None:
        loop = asyncio.get_running_loop()

        def hear(feedback: Ask.Feedback) -> None:
            assert asyncio.get_running_loop() is loop
            heard.append(feedback.text)

        await robot.ask("How many?", on_feedback=hear)

    run(use)
    texts = [text for text in heard if text]
    assert len(texts) > 3 and all(b.startswith(a) for a, b in zip(texts, texts[1:], strict=False))


def test_several_at_once(rig: Rig) -> None:
    rig.model.token_seconds = 0.005

    async def use(robot: AsyncR1Client) -> list[str]:
        answers = await asyncio.gather(*(robot.ask(f"How many, {n}?") for n in range(4)))
        return [answer.question for answer in answers]

    assert run(use) == [f"How many, {n}?" for n in range(4)]


def test_a_task_that_is_cancelled_stops_the_robot_and_nothing_else(rig: Rig) -> None:
    rig.set(require_approval=True)

    async def use(robot: AsyncR1Client) -> str:
        plan = await robot.plan(GOAL)
        waits = asyncio.Event()
        running = asyncio.create_task(
            robot.execute_plan(plan, on_feedback=lambda f: f.plan_id and waits.set())
        )
        await waits.wait()
        rig.model.token_seconds = 0.02
        asking = asyncio.create_task(robot.ask("How many?"))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return (await asking).answer

    assert run(use) == "There are four."
    eventually(rig.stands, "the plan is given up")
    assert rig.executor._counts["CANCELED"] >= 1


def test_a_timeout_of_the_loop_stops_the_model(rig: Rig) -> None:
    rig.model.token_seconds, rig.model.say = 0.02, f"<answer>{'so ' * 5000}</answer>"

    async def use(robot: AsyncR1Client) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await robot.ask("Why?")
        rig.model.__init__()
        assert (await robot.ask("How many?")).answer == "There are four."  # it is free again

    run(use)


def test_an_error_of_the_listener_cancels_the_goal(rig: Rig) -> None:
    def refuse(_: object) -> None:
        raise KeyError("mine")

    async def use(robot: AsyncR1Client) -> None:
        plan = await robot.plan(GOAL)
        with pytest.raises(KeyError, match="mine"):
            await robot.execute_plan(plan, on_feedback=refuse)

    run(use)
    eventually(rig.stands, "the robot stands")


def test_approval_from_beside(rig: Rig) -> None:
    rig.set(require_approval=True)

    async def use(robot: AsyncR1Client) -> int:
        assert await robot.requires_approval()
        plan = await robot.plan(GOAL)
        names: asyncio.Queue[str] = asyncio.Queue()
        running = asyncio.create_task(
            robot.execute_plan(plan, on_feedback=lambda f: names.put_nowait(f.plan_id))
        )
        await robot.approve_plan(await names.get())
        return (await running).steps_done

    assert run(use) == 3


def test_errors_are_those_of_the_other_client(rig: Rig) -> None:
    async def use(robot: AsyncR1Client) -> None:
        with pytest.raises(RequestFailedError) as caught:
            await robot.ask(" ")
        assert caught.value.code == ErrorCode.EMPTY_QUESTION
        with pytest.raises(ValueError, match="three coordinates"):
            await robot.ask("What?", target=(1.0, 2.0))

    run(use)

    async def nobody(robot: AsyncR1Client) -> None:
        with pytest.raises(ServerMissingError):
            await robot.ask("Anybody?", timeout=1.0)

    run(nobody, "nobody")


def test_close_ends_what_waits(rig: Rig) -> None:
    rig.model.token_seconds, rig.model.say = 0.02, f"<answer>{'so ' * 5000}</answer>"

    async def main() -> None:
        robot = AsyncR1Client(NAMESPACE)
        asking = asyncio.create_task(robot.ask("Why?"))
        await asyncio.to_thread(rig.model.encoding.wait, 20.0)
        await robot.close()
        with pytest.raises(ClientClosedError):
            await asking
        with pytest.raises(ClientClosedError):
            await robot.locate("the lamp")

    asyncio.run(main())


def test_a_node_that_is_silent(rig: Rig) -> None:
    rig.model.encode_seconds = 3.0

    async def use(robot: AsyncR1Client) -> None:
        with pytest.raises(NoResponseError):
            await robot.select_views("Where?", timeout=0.0001)

    run(use)
