"""scene_reasoner as its clients see it. The model is scripted; everything else is real."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Point, Vector3
from r1_ros.action import Ask, DescribeScene, Plan
from r1_ros.msg import ErrorCode, SceneAnswer
from r1_ros.srv import Ask as AskService
from rclpy.qos import DurabilityPolicy, QoSProfile
from visualization_msgs.msg import Marker, MarkerArray

from r1_model.scene.scene import Scene
from r1_model.text.answer import TASKS
from tests.ros.background import eventually
from tests.ros.reasoner_rig import Robot, refused
from tests.ros.scripted import DESK, LAMP

pytestmark = pytest.mark.ros


# What is asked is answered.


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("chinese", [False, True])
def test_every_task_is_answered(robot: Robot, task: str, chinese: bool) -> None:
    question = "幫我整理這個房間" if chinese else "Tidy this room for me."
    answer = robot.client.ask(question, task=task)
    assert (answer.task, answer.question) == (task, question)
    assert answer.language == ("zh-Hant" if chinese else "en")
    assert answer.answer and "<" not in answer.answer and answer.raw.startswith("<think>")
    assert (answer.header.frame_id, answer.header.stamp.nanosec) == ("map", 34)
    assert (answer.model, answer.trained, list(answer.view_ids)) == ("scripted", False, [3, 7])
    if task == "grounding":
        (lamp,) = answer.objects
        assert lamp.label == ("檯燈" if chinese else "desk lamp")
        assert lamp.id and math.isnan(lamp.score)
        assert lamp.pose.position.x == pytest.approx(LAMP.center[0], abs=0.01)
        assert lamp.size.z == pytest.approx(LAMP.size[2], abs=0.01)


def test_diagnostics_say_that_a_map_is_larger_than_what_the_model_knows(robot: Robot) -> None:
    robot.client.ask("How many chairs?")
    status = robot.node._status()
    assert ("map_longest_m", "4.0") in {(pair.key, pair.value) for pair in status.values}
    assert "rooms" not in status.message
    robot.model.max_extent = 3.5
    status = robot.node._status()
    assert status.level == DiagnosticStatus.WARN
    assert "the map is 4.0 m long" in status.message and "up to 3.5 m" in status.message


def test_the_service_gives_the_same_answer(robot: Robot) -> None:
    node = robot.client._node
    service = node.create_client(AskService, "ask")
    assert service.wait_for_service(10.0)
    future = service.call_async(AskService.Request(question="How many chairs?", task="qa"))
    eventually(future.done)
    response = future.result()
    assert response.error_code == ErrorCode.NONE and response.answer.answer == "There are four."


def test_feedback_tells_stage_and_text_at_10_hz_at_most(robot: Robot) -> None:
    robot.model.token_seconds = 0.01
    heard: list[tuple[float, Ask.Feedback]] = []
    answer = robot.client.ask(
        "Why is the floor wet?", on_feedback=lambda f: heard.append((f.elapsed_seconds, f))
    )
    stages = [feedback.stage for _, feedback in heard]
    order = ["queued", "scene", "views", "encode", "think", "answer"]
    assert [order.index(stage) for stage in stages] == sorted(map(order.index, stages))
    assert len(set(stages)) >= 3 and stages[-1] in ("think", "answer")
    assert answer.raw.startswith(heard[-1][1].text) and heard[-1][1].text
    gaps = np.diff([elapsed for elapsed, _ in heard])
    assert len(gaps) and gaps.min() >= 0.099


def _hear(robot: Robot, kind, name: str, listen) -> None:
    """Listen to the feedback of an action; the client alone may miss what comes at its end."""
    node = robot.client._node
    node.create_subscription(
        kind.Impl.FeedbackMessage, f"{name}/_action/feedback", lambda m: listen(m.feedback), 10
    )
    # the client's own subscription and this one
    eventually(lambda: robot.node.count_subscribers(f"{name}/_action/feedback") >= 2)


def test_a_plan_streams_its_steps(robot: Robot) -> None:
    robot.model.token_seconds = 0.004
    heard: list[int] = []
    _hear(robot, Plan, "plan", lambda feedback: heard.append(len(feedback.steps)))
    result = robot.client.plan("Prepare the desk.")
    assert [step.action for step in result.steps] == ["navigate_to", "pick", "place"]
    eventually(lambda: heard[-1:] == [3], "all steps come as feedback")
    assert heard == sorted(heard) and len(set(heard)) > 1
    place = result.steps[2]
    assert (place.index, place.object, list(place.arguments)) == (
        3, "desk lamp", ["desk lamp", "desk"],
    )  # fmt: skip
    lamp, desk = place.targets
    assert result.steps[1].targets[0].id == lamp.id != desk.id == result.steps[0].targets[0].id
    assert result.answer.task == "planning" and "not carried out yet" in result.answer.answer


def test_descriptions_stream_object_by_object(robot: Robot) -> None:
    robot.model.token_seconds = 0.004
    heard: list[str] = []
    _hear(robot, DescribeScene, "describe", lambda f: heard.extend(i.label for i in f.objects))
    result = robot.client.describe()
    eventually(lambda: len(heard) == 2, "all objects come as feedback")
    assert heard == [item.label for item in result.objects] == ["desk lamp", "desk"]
    assert result.objects[1].description == "A wooden desk."
    first = robot.client.describe(max_objects=1)
    eventually(lambda: len(heard) == 3)
    assert [item.id for item in first.objects] == [result.objects[0].id]


def test_views_come_with_their_scores(robot: Robot) -> None:
    response = robot.client.select_views("Where is the lamp?", count=1)
    assert list(response.view_ids) == [3] and response.coverage[0] == pytest.approx(0.4)
    assert robot.client.select_views("Where is the lamp?").utility[1] == pytest.approx(0.5)


def test_the_map_is_fetched_again_only_when_it_has_changed(robot: Robot) -> None:
    for _ in range(2):
        robot.client.ask("How many chairs?", task="qa")
    robot.mapper.revision += 1
    robot.client.ask("How many chairs?", task="qa")
    first, second, third = robot.model.scenes  # of points that are too few to be compared
    assert first is second and third is not second
    assert robot.mapper.requests[-2:] == [robot.mapper.revision - 1] * 2


def test_a_map_that_was_measured_again_is_looked_through_again_when_it_shows_more(
    robot: Robot,
) -> None:
    before = robot.mapper.scene
    rng = np.random.default_rng(0)

    def measured(extra: np.ndarray, stamp: int) -> Scene:
        floor = np.stack(np.meshgrid(np.arange(0, 4, 0.02), np.arange(0, 3, 0.02), [0.0]), -1)
        points = np.concatenate([before.points, floor.reshape(-1, 3), extra])
        points = (points + rng.normal(0, 0.003, points.shape)).astype(np.float32)
        colors = np.full(points.shape, 90, np.uint8)
        return replace(before, points=points, colors=colors, normals=None, stamp=stamp)

    cup = rng.uniform((1.0, 1.0, 0.0), (1.1, 1.1, 0.12), (400, 3))
    nothing = np.empty((0, 3))
    stamps = []
    for stamp, extra in ((5, nothing), (6, nothing), (7, cup)):
        robot.mapper.scene = measured(extra, 1_000_000_000 * stamp)
        robot.mapper.revision += 1
        stamps.append(robot.client.ask("How many chairs?", task="qa").header.stamp.sec)
    first, second, third = robot.model.scenes[-3:]
    assert first is second and third is not second
    assert stamps == [5, 6, 7]


@pytest.mark.parametrize(("age", "fetched"), [(60.0, 1), (0.0, 2)])
def test_a_request_that_waited_may_be_about_the_map_of_before(
    robot: Robot, age: float, fetched: int
) -> None:
    """Where the map always changes, looking through it would leave no time for answers."""
    robot.set(busy_scene_age=age)
    robot.model.token_seconds = 0.02
    before = len(robot.mapper.requests)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(robot.client.ask, "Why?", task="reasoning")
        eventually(lambda: robot.model.scenes, "the first request runs")
        robot.mapper.revision += 1
        second = pool.submit(robot.client.ask, "How many chairs?", task="qa")
        eventually(lambda: robot.node._answering.worker.requests == 2, "the second one waits")
        robot.model.token_seconds = 0.0
        assert first.result(30.0).answer and second.result(30.0).answer
    assert len(robot.mapper.requests) - before == fetched
    assert (robot.model.scenes[0] is robot.model.scenes[-1]) == (fetched == 1)
    robot.client.ask("How many chairs?", task="qa")  # nothing waits: the newest map
    assert len(robot.mapper.requests) - before == fetched + 1


def test_answers_and_markers_are_published(robot: Robot) -> None:
    answers: list[SceneAnswer] = []
    markers: list[MarkerArray] = []
    node = robot.client._node
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node.create_subscription(SceneAnswer, "scene_reasoner/answers", answers.append, 10)
    eventually(lambda: node.count_publishers("scene_reasoner/answers"))
    robot.client.ask("Find the lamp.", task="grounding")
    eventually(lambda: answers)
    # RViz that starts later still gets the boxes
    node.create_subscription(MarkerArray, "scene_reasoner/markers", markers.append, latched)
    eventually(lambda: markers)
    assert answers[0].objects[0].label == "desk lamp"
    assert [marker.action for marker in markers[0].markers] == [
        Marker.DELETEALL, Marker.ADD, Marker.ADD,
    ]  # fmt: skip


# Dialogues.


def test_a_dialogue_remembers_and_ids_last(robot: Robot) -> None:
    ask, session = robot.client.ask, "desk"
    first = ask("Find the desk lamp.", task="grounding", session_id=session)
    ask("Is it on?", task="qa", session_id=session)
    question, history, _ = robot.model.asked[-1]
    assert [turn.question for turn in history] == ["Find the desk lamp."]
    assert history[0].raw == first.raw
    again = ask("Find the desk lamp.", task="grounding", session_id=session)
    assert again.objects[0].id == first.objects[0].id
    ask("What is this?", session_id=session, target=first.objects[0].id)
    assert np.allclose(robot.model.asked[-1][2].center, LAMP.center, atol=0.01)
    ask("Something else", session_id="other")
    assert robot.model.asked[-1][1] == []


def test_a_map_that_is_started_anew_ends_its_dialogues(robot: Robot) -> None:
    ask, session = robot.client.ask, "moved"
    (lamp,) = ask("Find the desk lamp.", task="grounding", session_id=session).objects
    robot.mapper.map_id += 1
    robot.mapper.revision += 1
    # Asked before the reasoner has heard of it: the object is resolved, then found to be gone.
    refused(
        lambda: ask("What is this?", session_id=session, target=lamp.id), ErrorCode.UNKNOWN_OBJECT
    )
    ask("Is it on?", task="qa", session_id=session)
    assert robot.model.asked[-1][1] == []
    (new,) = ask("Find the desk lamp.", task="grounding", session_id=session).objects
    assert new.id != lamp.id
    robot.mapper.map_id += 1
    robot.mapper.revision += 1
    ask("Is it off?", task="qa", session_id=session)
    assert robot.model.asked[-1][1] == []


def test_a_session_forgets_its_oldest_turns(robot: Robot) -> None:
    robot.set(max_turns=2)
    for number in range(4):
        robot.client.ask(f"Question {number}?", task="qa", session_id="long")
    assert [t.question for t in robot.model.asked[-1][1]] == ["Question 1?", "Question 2?"]
    robot.set(max_turns=20)


def test_points_and_boxes_reach_the_model(robot: Robot) -> None:
    robot.client.ask("What is this?", target=(1.0, 1.5, 0.9))
    assert robot.model.asked[-1][2].size.tolist() == [0, 0, 0]
    robot.client.ask("What is this?", target=DESK)
    assert np.allclose(robot.model.asked[-1][2].size, DESK.size)


def test_a_user_s_words_reach_the_model_as_labels(robot: Robot) -> None:
    robot.set(object_synonyms="sofa: couch", object_classes="dock: filing cabinet")
    try:
        answer = robot.client.ask("Is the couch by the dock?", task="qa")
        assert robot.model.asked[-1][0] == "Is the sofa by the filing cabinet?"
        assert answer.question == "Is the couch by the dock?"
    finally:
        robot.set(object_synonyms="", object_classes="")


# What cannot be answered is refused with a code and a sentence, and the node lives on.


def _goal(**fields: object) -> Ask.Goal:
    return Ask.Goal(**({"question": "What is this?"} | fields))


_BAD = [
    (_goal(question=""), ErrorCode.EMPTY_QUESTION),
    (_goal(question=" \n\t"), ErrorCode.EMPTY_QUESTION),
    (_goal(question="x" * 4001), ErrorCode.QUESTION_TOO_LONG),
    (_goal(question="x" * 1_000_000), ErrorCode.QUESTION_TOO_LONG),
    (_goal(task="sing"), ErrorCode.UNKNOWN_TASK),
    (_goal(task="y" * 100_000), ErrorCode.UNKNOWN_TASK),
    (_goal(session_id="s" * 10_000), ErrorCode.INVALID_REQUEST),
    (_goal(timeout_seconds=-1.0), ErrorCode.INVALID_REQUEST),
    (_goal(timeout_seconds=float("nan")), ErrorCode.INVALID_REQUEST),
    (_goal(timeout_seconds=1e30), ErrorCode.INVALID_REQUEST),
    (_goal(timeout_seconds=float("inf")), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=9), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=1, target_id="o77"), ErrorCode.UNKNOWN_OBJECT),
    (_goal(target_kind=1, target_id="o1", session_id="never"), ErrorCode.UNKNOWN_OBJECT),
    (_goal(target_kind=2, target_point=Point(x=float("nan"))), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=2, target_point=Point(x=float("inf"))), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=2, target_point=Point(x=500.0)), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=2, target_point=Point(x=1e300, y=1e300)), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=3), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=3, target_size=Vector3(x=1.0, y=-1.0, z=1.0)), ErrorCode.INVALID_REQUEST),
]


@pytest.mark.parametrize(("goal", "code"), _BAD, ids=range(len(_BAD)))
def test_bad_requests(robot: Robot, goal: Ask.Goal, code: int) -> None:
    error = refused(lambda: robot.client._run(robot.client._ask, goal, 10.0, None), code)
    assert len(str(error)) < 500
    assert robot.client.ask("How many chairs?", task="qa").answer


def test_bad_goals_of_the_other_actions(robot: Robot) -> None:
    refused(lambda: robot.client.plan(""), ErrorCode.EMPTY_QUESTION)
    refused(lambda: robot.client.plan("x" * 1_000_000), ErrorCode.QUESTION_TOO_LONG)
    refused(lambda: robot.client.describe("x" * 1_000_000), ErrorCode.QUESTION_TOO_LONG)
    refused(lambda: robot.client.select_views(""), ErrorCode.EMPTY_QUESTION)


def test_an_empty_map(robot: Robot) -> None:
    robot.mapper.scene = Scene(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))
    for call in (robot.client.ask, robot.client.plan, robot.client.describe):
        refused(lambda call=call: call("What is here?"), ErrorCode.EMPTY_SCENE)
    refused(lambda: robot.client.select_views("What is here?"), ErrorCode.EMPTY_SCENE)


def test_a_mapper_that_is_not_active(robot: Robot) -> None:
    robot.mapper.error = (ErrorCode.INACTIVE, "scene_mapper is not active")
    error = refused(lambda: robot.client.ask("Where?"), ErrorCode.SCENE_UNAVAILABLE)
    assert "not active" in str(error)


def test_garbage_from_the_model_is_said_to_be_garbage(robot: Robot) -> None:
    robot.model.say = "</obj><obj>300, 1</think> \x1b[31m"
    error = refused(
        lambda: robot.client.ask("Find it.", task="grounding"), ErrorCode.UNREADABLE_OUTPUT
    )
    assert "random" in str(error) and error.result.answer.raw.startswith("</obj>")
    error = refused(lambda: robot.client.plan("Do it."), ErrorCode.NO_PLAN)
    assert not error.result.steps


def test_an_answer_in_another_language_does_not_pass(robot: Robot) -> None:
    for say, question in (("fridge", "那冰箱呢？"), ("移动到椅子旁边。", "How many are there?")):
        robot.model.say = f"<think>t</think><answer>{say}</answer>"
        error = refused(lambda q=question: robot.client.ask(q), ErrorCode.UNREADABLE_OUTPUT)
        assert "another language" in str(error) and error.result.answer.answer == say


def test_half_a_plan_is_no_plan(robot: Robot) -> None:
    robot.model.say = (
        "<think>t</think><answer>1. open(door <obj>9, 9, 9, 9, 9, 9</obj>): Open it.</answer>"
    )
    assert len(robot.client.plan("Leave the room.").steps) == 1
    robot.model.cut_off = True
    error = refused(lambda: robot.client.plan("Leave the room."), ErrorCode.UNREADABLE_OUTPUT)
    assert "cut off" in str(error)


def test_defects_and_memory(robot: Robot) -> None:
    robot.model.fail = ZeroDivisionError("division by zero")
    error = refused(lambda: robot.client.ask("Why?"), ErrorCode.INTERNAL)
    assert "ZeroDivisionError" in str(error)
    robot.model.fail = MemoryError("4 GB")
    refused(lambda: robot.client.ask("Why?"), ErrorCode.OUT_OF_MEMORY)
    robot.model.fail = None
    assert robot.client.ask("Why?").answer


def test_a_point_needs_three_coordinates(robot: Robot) -> None:
    with pytest.raises(ValueError, match="three"):
        robot.client.ask("What is this?", target=(1.0, 2.0))


def test_a_plan_of_what_its_request_forbids_is_empty(robot: Robot) -> None:
    error = refused(
        lambda: robot.client.plan("Tidy up, but don't go to the desk."), ErrorCode.FORBIDDEN
    )
    assert "go to the desk" in str(error)
    # in a dialogue it holds for what is asked later
    robot.client.ask("Never touch the lamp.", session_id="s")
    later = "Put the lamp on the desk."
    refused(lambda: robot.client.plan(later, session_id="s"), ErrorCode.FORBIDDEN)
    assert len(robot.client.plan(later).steps) == 3


def test_what_nobody_has_seen_is_not_acted_on(robot: Robot) -> None:
    robot.model.say = "<think>t</think><answer>1. pick(mug): Take the mug.</answer>"
    error = refused(lambda: robot.client.plan("Take the mug."), ErrorCode.NOT_SEEN)
    assert "mug" in str(error)


def test_a_question_has_no_plan(robot: Robot) -> None:
    refused(lambda: robot.client.plan("Is the lamp on?"), ErrorCode.NO_PLAN)
