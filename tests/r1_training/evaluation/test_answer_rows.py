"""Answers as rows of JSON, and back."""

from __future__ import annotations

import json

import numpy as np

from r1_model.text.answer import Answer, Box, Step, TextFrame, Withheld
from r1_training.evaluation.answer_rows import answer_of_row, answer_row


def test_an_answer_comes_back_as_it_was():
    box = Box(
        *(np.array([1.0, 2.5, 0.1]), np.array([0.5, 0.5, 0.25]), "椅子", "a red one", 0.75, 0.5),
        names=(("chair", 0.75), ("stool", 0.25)),
    )
    step = Step(1, "open", ("door", "key"), (box, box), "Open it.", assumed=True)
    answer = Answer(
        raw="<think>t</think><answer>a</answer>",
        thinking="t",
        answer="a",
        task="planning",
        language="zh-Hans",
        boxes=[box],
        steps=[step],
        unread=["x"],
        exact=True,
        withheld=[Withheld("forbidden", "別開", step), Withheld("unseen")],
        view_ids=[0, 3],
        frame=TextFrame(0.5, (0.0, 1.0, 2.0), (3.0, 4.0, 5.0)),
        model="m",
        finished=False,
        total_seconds=0.5,
    )
    back = answer_of_row(json.loads(json.dumps(answer_row(answer))))
    assert answer_row(back) == answer_row(answer)
    assert np.array_equal(back.steps[0].boxes[1].center, box.center)
    assert back.frame == answer.frame and back.boxes[0].names == box.names
    assert isinstance(back.steps[0].labels, tuple) and back.withheld[1].step is None
