from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_training.grpo.advantages import (
    group_advantages,
    pad_rows,
    right_over_wrong,
    rooms_in_turn,
    weighted_sum,
)

rewards = st.lists(
    st.lists(st.floats(0, 5, width=32), min_size=4, max_size=4), min_size=1, max_size=4
).map(torch.tensor)


def all_of(values: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(values, dtype=torch.bool)


def slow(
    values: torch.Tensor, counted: torch.Tensor, scale: bool, least: float = 1e-4
) -> torch.Tensor:
    """One group and one answer at a time."""
    out = torch.zeros_like(values)
    for row, (group, counts) in enumerate(zip(values, counted, strict=True)):
        own = [float(r) for r, c in zip(group, counts, strict=True) if c and math.isfinite(r)]
        if not own:
            continue
        mean = sum(own) / len(own)
        spread = math.sqrt(sum((r - mean) ** 2 for r in own) / len(own))
        if spread <= least:
            continue
        for column, (reward, count) in enumerate(zip(group, counts, strict=True)):
            if count and math.isfinite(reward):
                out[row, column] = (float(reward) - mean) / (spread if scale else 1)
    return out


def test_as_the_paper_has_it():
    values = torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.5, 0.5, 0.5, 0.5]])
    advantages, useful = group_advantages(values, all_of(values), scale=True)
    assert advantages.tolist() == [[1, -1, -1, 1], [0, 0, 0, 0]]
    assert useful.tolist() == [[True] * 4, [False] * 4]
    advantages, _ = group_advantages(values, all_of(values), scale=False)
    assert advantages.tolist()[0] == [0.5, -0.5, -0.5, 0.5]


def test_a_group_whose_answers_are_worth_nearly_the_same_teaches_nothing():
    """Right answers in other words, beside a group with one right answer."""
    values = torch.tensor([[2.19, 2.17, 2.18, 2.18], [1.1, 1.12, 1.11, 2.1]])
    _, useful = group_advantages(values, all_of(values), scale=True)
    assert useful.all()
    advantages, useful = group_advantages(values, all_of(values), scale=True, least=0.04)
    assert useful.tolist() == [[False] * 4, [True] * 4]
    assert not advantages[0].any() and advantages[1, 3] > 1.7
    _, never = group_advantages(torch.ones(1, 4), all_of(values[:1]), scale=True, least=0.0)
    assert not never.any()


def test_what_is_cut_off_measures_nobody():
    values = torch.tensor([[1.0, 0.0, 5.0, 5.0]])
    counted = torch.tensor([[True, True, False, False]])
    advantages, useful = group_advantages(values, counted, scale=True)
    assert advantages.tolist() == [[1, -1, 0, 0]]
    assert useful.tolist() == [[True, True, False, False]]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_measures_nobody(bad):
    values = torch.tensor([[1.0, 0.0, bad, 0.5]])
    advantages, useful = group_advantages(values, all_of(values), scale=True)
    assert advantages.isfinite().all() and not useful[0, 2] and advantages[0, 0] > 0
    _, useful = group_advantages(torch.full((1, 4), bad), all_of(values), scale=True)
    assert not useful.any()


@given(rewards, st.booleans(), st.sampled_from([1e-4, 0.3, 1.0]), st.data())
@settings(deadline=None)
def test_equals_its_slow_twin(values, scale, least, data):
    counted = torch.tensor(
        data.draw(st.lists(st.booleans(), min_size=values.numel(), max_size=values.numel()))
    ).view_as(values)
    values = values.mul(8).round() / 8  # no spread is within rounding of the least
    advantages, useful = group_advantages(values, counted, scale=scale, least=least)
    assert torch.allclose(advantages, slow(values, counted, scale, least), atol=1e-3)
    assert torch.allclose(advantages.sum(1), torch.zeros(len(values)), atol=1e-3)
    assert not advantages[~useful].any()


@given(rewards, st.floats(-3, 3), st.floats(0.5, 4))
@settings(deadline=None)
def test_scale_and_offset_of_rewards_do_not_matter(values, offset, factor):
    values = values.double().mul(8).round() / 8  # spreads are none, or large
    one, _ = group_advantages(values, all_of(values), scale=True)
    other, _ = group_advantages(values * factor + offset, all_of(values), scale=True)
    assert torch.allclose(one, other, atol=1e-6)


def test_rewards_that_are_not_asked_for_count_nothing():
    nan = math.nan
    values = torch.tensor([[1.0, nan, 0.5], [nan, nan, nan], [1.0, 1.0, 1.0]])
    weights = torch.tensor([0.2, 1.0, 2.0])
    assert weighted_sum(values, weights).tolist() == pytest.approx([1.2, 0.0, 3.2])


def test_rows_fill_up_to_a_multiple():
    rows, real = pad_rows(torch.tensor([3, 5, 9]), 4)
    assert rows.tolist() == [3, 5, 9, 3] and real.tolist() == [True, True, True, False]
    rows, real = pad_rows(torch.tensor([3, 5]), 2)
    assert rows.tolist() == [3, 5] and real.all()
    rows, real = pad_rows(torch.tensor([], dtype=torch.long), 3)
    assert rows.tolist() == [0, 0, 0] and not real.any()


@given(st.lists(st.booleans(), min_size=24, max_size=24), st.sampled_from([(2, 3), (4, 2)]))
def test_rooms_come_in_turn_with_whole_groups(kept, sizes):
    group_size, questions = sizes
    rows = [row for row, useful in enumerate(kept) if useful]
    slow_order = [
        room * questions * group_size + question * group_size + answer
        for question in range(questions)
        for room in range(24 // (questions * group_size))
        for answer in range(group_size)
    ]
    order = rooms_in_turn(torch.tensor(rows, dtype=torch.long) // group_size, questions)
    assert [rows[place] for place in order] == [row for row in slow_order if kept[row]]


def test_a_slice_has_a_question_of_every_room():
    owner = torch.arange(24) // 2  # four rooms with three questions
    for part in owner[rooms_in_turn(owner, questions=3)].view(3, -1):
        assert (part // 3).unique().tolist() == [0, 1, 2, 3] and part.unique().numel() == 4


def test_right_answers_are_told_from_wrong_ones():
    advantages = torch.tensor([[1.0, -1.0, 0.5, 9.0], [1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 2.0, 2.0]])
    correct = torch.tensor([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    counted = all_of(advantages)
    counted[0, 3] = False  # was cut off
    found = right_over_wrong(advantages, counted, correct)
    assert found[0] == pytest.approx(1.0 - (-0.25)) and found[1:].isnan().all()
    assert right_over_wrong(advantages, ~all_of(advantages), correct).isnan().all()
