"""Predictions name an id alone: two questions of one id must not be mixed up."""

from dataclasses import replace

import pytest

from r1_model.text.answer import Turn
from r1_training.datasets.annotation_sample import Sample
from r1_training.metrics.errors import GroundTruthError
from r1_training.metrics.predictions import Prediction, align

SAMPLE = Sample("scene30k", "train", "room_1", "3", "qa", "A chair?", ("yes",))


@pytest.mark.parametrize(
    "change",
    [
        {"scene_id": "room_2"},
        {"question": "A table?"},
        {"situation": "I sit."},
        {"turns": (Turn("Hi.", "Hello."),)},
    ],
)
def test_one_id_of_two_samples_is_an_error(change):
    with pytest.raises(GroundTruthError, match="the id '3' is of two samples: 'A chair"):
        align([SAMPLE, replace(SAMPLE, **change)], {"3": Prediction("3")})


def test_a_row_may_be_repeated():
    # A teacher may have answered twice; a benchmark has one truth.
    aligned = align([SAMPLE, replace(SAMPLE, answers=("no",))], {"3": Prediction("3", ("yes",))})
    assert [prediction.answer for prediction in aligned.predictions] == ["yes", "yes"]
    row = replace(SAMPLE, dataset="scanqa")
    aligned = align([row, row], {"3": Prediction("3", ("yes",))})
    assert [prediction.answer for prediction in aligned.predictions] == ["yes", "yes"]
    for other in (replace(row, answers=("no",)), replace(row, object_ids=(4,))):
        with pytest.raises(GroundTruthError, match="the id '3' comes twice, with other answers"):
            align([row, other], {"3": Prediction("3")})
