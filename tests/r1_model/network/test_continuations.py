"""Where the tokens of answers stand that share what they begin with, and what they see."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from r1_model.network import continuations
from r1_model.network.continuations import ALIGNED, NOTHING, OPENING, lay_out


def tokens(starts_at: int, lengths: list[int]) -> list[range]:
    ends = np.cumsum([starts_at, *lengths]).tolist()
    return [range(one, other) for one, other in zip(ends, ends[1:], strict=False)]


@pytest.mark.parametrize("width", [1, 30, 40, 1000])
def test_each_answer_stands_once_behind_its_question_and_its_opening(monkeypatch, width):
    monkeypatch.setattr(continuations, "WIDTH", width)
    scenes, owners = [0, 0, 1], [2, 0, 1, 0, 2, 0]
    asked, answers = tokens(10, [3, 4, 5]), tokens(22, [7, 1, 9, 2, 3, 12])
    layout = lay_out(10, scenes, asked, answers, owners)
    rows, length = layout.source.shape
    assert length <= max(width, 10 + 3 + 12) + ALIGNED - 1 and len(layout.scenes) == rows
    for answer, owner in enumerate(owners):
        row, column = divmod(int(layout.place[answer]), length)
        own = answers[answer]
        assert layout.scenes[row] == scenes[owner]
        assert layout.source[row, column : column + len(own)].tolist() == list(own)
        assert (layout.answer == answer + 1).sum() == len(own)
        before = layout.source[row, :column][layout.answer[row, :column] == 0]
        numbers = layout.question[row, :column][layout.answer[row, :column] == 0]
        assert before[numbers == OPENING].tolist() == list(range(10))
        assert before[numbers == owner + 1].tolist() == list(asked[owner])
    spare = layout.question == NOTHING
    assert (layout.source[spare] == answers[0].start).all()


def test_a_question_without_an_answer_is_not_read():
    layout = lay_out(2, [0, 1], tokens(2, [3, 3]), tokens(8, [4]), [1])
    assert layout.scenes.tolist() == [1] and layout.source.shape == (1, 16)


def test_a_token_sees_opening_question_and_its_own_answer():
    question = torch.tensor([[0, 0, 1, 1, 1, 2, 2, -1]])
    answer = torch.tensor([[0, 0, 0, 1, 2, 0, 3, 0]])
    seen = continuations.visible(question, answer)[0, 0].int().tolist()
    assert seen[3] == [1, 1, 1, 1, 0, 0, 0, 0]
    assert seen[4] == [1, 1, 1, 0, 1, 0, 0, 0]
    assert seen[6] == [1, 1, 0, 0, 0, 1, 1, 0]
    assert seen[7][:2] == [1, 1]  # padding sees something, else it would be NaN
