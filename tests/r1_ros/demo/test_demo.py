"""The demo's questions, and what it makes of answers. The demo itself: tests/ros/test_demo.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("r1_ros.msg")

from r1_ros.msg import GroundedObject, PlanStep, SceneAnswer  # noqa: E402

from r1_model.scene.scene import Scene  # noqa: E402
from r1_model.text.answer import TASKS  # noqa: E402
from r1_model.text.tasks import detect_language  # noqa: E402
from r1_ros.demo.outcome import Outcome  # noqa: E402
from r1_ros.demo.pictures import write_pictures  # noqa: E402
from r1_ros.demo.questions import (  # noqa: E402
    GENERAL_QUESTIONS,
    ROOM_QUESTIONS,
    Question,
    QuestionsError,
    read_questions,
)


@pytest.mark.parametrize("questions", [ROOM_QUESTIONS, GENERAL_QUESTIONS])
def test_each_task_is_asked_in_both_languages(questions: tuple[Question, ...]) -> None:
    asked = {(question.task, detect_language(question.text)) for question in questions}
    assert asked == {(task, language) for task in TASKS for language in ("en", "zh-Hant")}
    assert len(questions) == 14


def test_dialogue_follows_what_it_speaks_of() -> None:
    for questions in (ROOM_QUESTIONS, GENERAL_QUESTIONS):
        for index, question in enumerate(questions):
            if question.task == "dialogue":
                earlier = [q for q in questions[:index] if q.session == question.session]
                assert earlier and question.session


def test_questions_of_the_kitchen(kitchen: Path) -> None:
    questions = read_questions(kitchen / "questions.json")
    assert len(questions) == 12
    assert questions[0] == Question(
        "qa", "How many chairs are around the table?", expected=("5", "five")
    )
    assert questions[-1].task == "dense_caption"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "Expecting"),
        ("{}", "expected a list"),
        ("[]", "expected a list"),
        ("[5]", "entry 0"),
        ('[{"task": "qa", "question": "a?"}, {"task": "sing", "question": "b"}]', "entry 1.*sing"),
        ('[{"task": "qa", "question": "  "}]', "question must be a text"),
        ('[{"task": "qa"}]', "question must be a text"),
    ],
)
def test_bad_questions_name_the_entry(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "q.json").write_text(content)
    with pytest.raises(QuestionsError, match=message):
        read_questions(tmp_path / "q.json")
    with pytest.raises(QuestionsError, match="nowhere"):
        read_questions(tmp_path / "nowhere.json")


def test_sessions_in_a_questions_file(tmp_path: Path) -> None:
    rows = [{"task": "dialogue", "question": "Is it on?", "session": "a"}]
    (tmp_path / "q.json").write_text(json.dumps(rows))
    assert read_questions(tmp_path / "q.json")[0].session == "a"


def grounded(label: str, x: float) -> GroundedObject:
    item = GroundedObject(label=label)
    item.pose.position.x = x
    item.size.x = item.size.y = item.size.z = 0.5
    return item


def test_pictures_show_answers_errors_and_plans(tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(0, 2, (500, 3)).astype(np.float32)
    scene = Scene(points, np.full((500, 3), 90, np.uint8))
    found = SceneAnswer(answer="馬克杯", language="zh-Hant", objects=[grounded("馬克杯", 1.0)])
    steps = [PlanStep(index=1, action="pick", arguments=["mug"])]
    plan = SceneAnswer(answer="", language="en", steps=steps, objects=[grounded("mug", 1.01)])
    outcomes = [
        Outcome(Question("grounding", "找到馬克杯。"), found, 0.5),
        Outcome(Question("planning", "Take the mug."), plan, 0.7, steps_done=1),
        Outcome(Question("qa", "Why?"), None, 60.0, error="no answer", is_fault=True),
    ]
    assert "1 of 1 steps" in outcomes[1].text
    assert outcomes[2].text == "no answer"
    picture, recording = write_pictures(scene, outcomes, tmp_path, title="t", note="n")
    assert picture.stat().st_size > 5000
    printed = subprocess.run(
        [Path(sys.executable).with_name("rerun"), "rrd", "print", "-vvv", recording],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for text in ("馬克杯", "pick(mug)", "no answer"):
        assert text in printed
