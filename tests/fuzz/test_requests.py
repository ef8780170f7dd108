"""Nothing that a client can ask takes a node down: it is served, or refused with a code."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

from hypothesis import given
from hypothesis import strategies as st
from r1_ros.msg import ErrorCode

from r1_model.asking.question import Question
from r1_model.errors import R1Error
from r1_model.text.answer import TASKS
from r1_model.text.grammar import parse_answer
from r1_ros.configuration.parameters import ReasonerConfig
from r1_ros.mapping.snapshots import InvalidNameError, Snapshots
from r1_ros.messages.answers import steps_from_messages
from r1_ros.reasoning.requests import read_ask
from r1_ros.reasoning.sessions import Sessions
from r1_ros.runtime.errors import BadMessageError
from r1_ros.runtime.request_errors import RequestError
from tests.fuzz import messages as any_message
from tests.fuzz.conftest import TIMES

pytestmark = pytest.mark.ros
CONFIG = ReasonerConfig()
PIECES = (
    "<think>", "</think>", "<answer>", "</answer>", "<obj>", "</obj>", "1, 2, 3, 4, 5, 6", "300",
    "1. pick(mug): x\n", "2．open（門", "：", "\n", "mug", "一張椅子", "there is a ", "🙂", "\x00",
    ",", " ", "(", "1.2 m", "and ", "\u202e",
)  # fmt: skip
pieces = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@given(any_message.ask_requests())
def test_any_question_is_read_or_refused(request) -> None:  # noqa: ANN001
    try:
        found = read_ask(request, CONFIG, Sessions(10, 5))
    except RequestError as error:
        assert error.code != ErrorCode.NONE and str(error) and len(str(error)) < 2000
        return
    assert found.question.strip() and found.timeout > 0
    question = Question(None, found.question, found.task, target=found.target)
    try:
        assert question.known_task() in TASKS
    except R1Error as error:
        assert str(error)
        return
    assert question.asked is not None and 1 <= len(question.parts) <= 4


@given(any_message.goals())
def test_any_plan_is_read_or_refused(goal) -> None:  # noqa: ANN001
    try:
        steps = steps_from_messages(goal.steps)
    except BadMessageError as error:
        assert str(error)
        return
    for step in steps:
        for box in step.boxes:
            assert np.isfinite(box.center).all() and (box.size >= 0).all()


@given(any_message.name)
def test_no_name_leaves_the_folder_of_snapshots(tmp_path_factory, name: str) -> None:  # noqa: ANN001
    folder = tmp_path_factory.getbasetemp()
    try:
        path = Snapshots(folder).path(name)
    except InvalidNameError:
        return
    assert path.parent == folder and path.name == name and not name.startswith(".")


@given(st.one_of(pieces, st.text()), st.sampled_from(TASKS))
def test_any_text_of_the_model_is_read(text: str, task: str) -> None:
    parsed = parse_answer(text, (np.zeros(3), np.full(3, 5.0)), task)
    assert "<obj>" not in parsed.answer
    for box in parsed.boxes:
        assert np.isfinite(box.center).all() and len(box.label) <= 80


def test_very_many_texts_of_the_model_are_read() -> None:
    """R1_FUZZ=50 makes a million of them."""
    rng = np.random.default_rng(TIMES)
    bounds = (np.zeros(3), np.full(3, 5.0))
    for _ in range(20_000 * TIMES if TIMES > 1 else 2_000):
        picked = rng.integers(0, len(PIECES), rng.integers(0, 20))
        text = "".join(PIECES[k] for k in picked)
        parse_answer(text, bounds, TASKS[rng.integers(len(TASKS))])
