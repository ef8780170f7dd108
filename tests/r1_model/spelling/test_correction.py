"""Typing errors go, and everything that is none stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1_model.spelling.correction import corrected
from r1_model.spelling.vocabulary import english, vocabulary

RIGHT = (
    # letters swapped, left out, doubled, beside each other
    ("wipe it wihtout moving the cup", "wipe it without moving the cup"),
    ("dotn touch the vase, nver open the box", "don't touch the vase, never open the box"),
    ("is the fridge taller than 6 ft", "is the fridge taller than 6 ft"),
    ("wat colr is teh frige", "what color is the fridge"),
    ("hwo mny chiars are ther", "how many chairs are there"),
    ("wher is teh tabel", "where is the table"),
    ("opne teh windwo", "open the window"),
    ("is the microvave on the conter", "is the microwave on the counter"),
    ("go to the refridgerator", "go to the refrigerator"),
    ("take teh purpel mug to teh dinning tabel", "take the purple mug to the dining table"),
    ("which colour is the curtin", "which colour is the curtain"),
    ("mve the chiar", "move the chair"),
    ("opn the dorr", "open the door"),
    ("is ther any bed", "is there any bed"),
    ("never opn the windo", "never open the window"),
    # sentences keep their capitals
    ("Whare is teh trash can?", "Where is the trash can?"),
    ("HOW MANY CHIARS ARE THERE", "HOW MANY CHAIRS ARE THERE"),
    # typed short, together, apart
    ("whats the colour of the sofe", "what's the colour of the sofa"),
    ("how manny mugs r there", "how many mugs are there"),
    ("u mustnt touch the lamp", "you mustn't touch the lamp"),
    ("howmany chairs are there", "how many chairs are there"),
    ("find the arm chair and the book shelf", "find the armchair and the bookshelf"),
    # real words that no sentence means
    ("were is the fridge?", "where is the fridge?"),
    ("is their a chair", "is there a chair"),
    ("turn of the lamp", "turn off the lamp"),
    # a word that no question of the training holds
    ("Is there a boaat?", "Is there a boat?"),
)
STAYS = (
    "Is there a boat?",
    "How many sculptures are there?",
    "Find the pouf.",
    "Is the wok on the stove?",
    "Where is the hob?",
    "does the robot need a pram",
    "Is the heather on the radiator?",
    # names
    "Where is Anna's mug?",
    "Where is the Kallax shelf?",
    "is the roomba charging",
    "how many lego bricks are there",
    "put obj12 on shelf_3",
    "mail it to teh@frige.com",
    # no English
    "Kdjfhg sldkfj wlekjr",
    "冰箱和爐子分別是什麼顏色？",
    "",
    "?!",
    "42",
)


@pytest.mark.parametrize(("typed", "meant"), RIGHT)
def test_typing_errors(typed: str, meant: str) -> None:
    assert corrected(typed) == meant
    assert corrected(meant) == meant


@pytest.mark.parametrize("text", STAYS)
def test_what_is_right_stays(text: str) -> None:
    assert corrected(text) == text


@given(st.lists(st.sampled_from(sorted(vocabulary().words)), max_size=12))
def test_words_of_questions_never_change(words: list[str]) -> None:
    known = [word for word in words if word not in (".", "were", "of", "their")]
    text = " ".join(known)
    assert corrected(text).replace(" ", "") == text.replace(" ", "")


_COMMON = sorted(
    word
    for word, count in english().word_frequency.dictionary.items()
    if count >= 1000 and word.isascii() and word.isalpha()
)


@given(st.lists(st.sampled_from(_COMMON), min_size=1, max_size=12))
def test_english_words_stay(words: list[str]) -> None:
    known = [word for word in words if word not in ("were", "wear", "of", "their", "u", "r")]
    known = [word for word in known if not word.endswith(("nt", "ts", "s"))]
    text = " ".join(known)
    assert corrected(text).replace(" ", "") == text.replace(" ", "")


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    corrected(text)
