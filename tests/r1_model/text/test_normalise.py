from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1_model.text.normalise import as_written
from tests.r1_training.synthetic.language.rooms import samples_of

BOX = "<obj>1, 2, 3, 4, 5, 6</obj>"


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("how many chairs are there?", "How many chairs are there?"),
        ("  where   is\tthe sofa ?\n", "Where is the sofa ?"),
        ("WHERE IS THE TV?", "Where is the TV?"),
        ("put the mug on the tv cabinet", "Put the mug on the TV cabinet."),
        ("the l-shaped sofa", "The L-shaped sofa."),
        ("TVs or motv?", "TVs or motv?"),
        ("TV?", "TV?"),
        ("how many chairs are there", "How many chairs are there?"),
        ("find the sofa", "Find the sofa."),
        ("the white mug", "The white mug."),
        ("where is the sofa？", "Where is the sofa?"),
        ("it is dark. turn on the lamp.", "It is dark. Turn on the lamp."),
        ("Is it 3.5 m wide?", "Is it 3.5 m wide?"),
        ("餐桌周圍有幾把椅子?", "餐桌周圍有幾把椅子？"),
        ("请打开灯, 然后告诉我有几把椅子 ?", "请打开灯，然后告诉我有几把椅子？"),
        ("tv在哪", "Tv在哪"),
        (f"what is this {BOX}", f"What is this {BOX}"),
        (f"what is {BOX} made of", f"What is {BOX} made of?"),
        (f"WHAT IS THIS {BOX} HERE", f"What is this {BOX} here?"),
        (f"{BOX}是什麼?", f"{BOX}是什麼？"),
        ("", ""),
        ("   ", ""),
        ("?", "?"),
        ("ß?", "SS?"),
    ],
)
def test_what_is_typed(typed, written):
    assert as_written(typed) == written


@given(st.text(max_size=60))
def test_what_is_written_stays(text):
    once = as_written(text)
    assert as_written(once) == once


def test_questions_of_training_are_written_so():
    """What the model has learnt from is what it is asked."""
    for _, sample in samples_of(range(40), count=12):
        for question in (sample.question, *(asked for asked, _ in sample.turns)):
            assert as_written(question) in (question, f"{question}.")  # "All towels" is both
