"""What users say about objects: their words for labels, their classes."""

from __future__ import annotations

import math

import pytest

from r1_model.objects.words import (
    ObjectClass,
    ObjectWords,
    ObjectWordsError,
    read_classes,
    read_synonyms,
)
from tests.r1_model.objects.test_relations import thing

WORDS = ObjectWords(
    read_synonyms("mug: cup, coffee mug; sofa: couch; 電視: 螢幕"),
    classes=read_classes("kettlebell: ball 0.1 0.4; charging dock: filing cabinet"),
)


def test_classes_have_a_label_and_perhaps_sizes() -> None:
    assert WORDS.classes == (
        ObjectClass("kettlebell", "ball", 0.1, 0.4),
        ObjectClass("charging dock", "filing cabinet", 0.0, math.inf),
    )
    assert read_classes(" ; ") == ()


@pytest.mark.parametrize(
    "text",
    [
        "kettlebell",
        "kettlebell:",
        "kettlebell: 0.1 0.4",
        "kettlebell: ball 0.1",
        "kettlebell: ball 0.4 0.1",
        "kettlebell: ball -1 2",
        "kettlebell: ball 0.1 0.2 0.3",
        "kettlebell: ball nan 1",
        ": ball",
    ],
)
def test_a_class_that_is_none(text: str) -> None:
    if text.endswith("nan 1"):  # a word that is no number belongs to the label
        with pytest.raises(ObjectWordsError, match="two sizes"):
            read_classes(text)
        return
    with pytest.raises(ObjectWordsError, match="object_classes"):
        read_classes(text)


def test_a_thing_is_called_by_its_class_first() -> None:
    small, large = (thing("ball", (0, 0, 0), (side,) * 3) for side in (0.2, 0.6))
    assert WORDS.names(small) == ["kettlebell"] and WORDS.names(large) == []
    assert WORDS.names(thing("mug", (0, 0, 0), (0.2,) * 3)) == ["cup", "coffee mug"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Find the couch.", "Find the sofa."),
        ("Never touch the Couch!", "Never touch the sofa!"),
        ("A coffee mug, or a cup?", "A mug, or a mug?"),
        ("Is the cupboard open?", "Is the cupboard open?"),
        ("the kettlebell by the charging dock", "the ball by the filing cabinet"),
        ("螢幕是開著的嗎？", "電視是開著的嗎？"),
        ("", ""),
    ],
)
def test_a_question_is_asked_in_labels(said: str, meant: str) -> None:
    assert WORDS.meant(said) == meant
    assert ObjectWords().meant(said) == said
