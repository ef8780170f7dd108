"""The seven examples, in Chinese and in English, with the weights that the project ships."""

from __future__ import annotations

from functools import cache

import pytest

from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_training.evaluation.seven_examples import LANGUAGES, ask_example, example_scene
from r1_training.synthetic.language.answer_check import check_answer
from r1_training.synthetic.language.example_questions import EXAMPLES, the
from r1_training.synthetic.language.sample import fill_boxes, tagged
from r1_training.synthetic.rooms.elements import Room
from tests.r1_training.synthetic.language.rooms import bounds_of, boxes_of

BY_NAME = {example.name: example for example in EXAMPLES}


@pytest.fixture(scope="module")
def reasoner() -> Reasoner:
    reasoner = Reasoner.from_pretrained("r1-tiny", device="cpu")
    if not reasoner.trained:
        pytest.skip("the shipped weights of r1-tiny are untrained: nothing to judge")
    return reasoner


@cache
def scanned(name: str) -> tuple[Room, Scene]:
    return example_scene(BY_NAME[name], 0)


@pytest.mark.parametrize("family", LANGUAGES)
@pytest.mark.parametrize("name", BY_NAME)
def test_example(reasoner, name, family):
    for turn in ask_example(reasoner, BY_NAME[name], *scanned(name), family):
        assert not turn.wrong, (turn.question, turn.answer.raw, turn.wrong)


@pytest.mark.parametrize(
    ("name", "family", "typed"),
    [
        ("count", "en", str.lower),
        ("count", "en", str.upper),
        ("colour", "en", lambda question: f" {question.lower()}\n"),
        ("count", "zh", lambda question: question.replace("？", " ?")),
    ],
)
def test_an_answer_does_not_depend_on_how_a_question_is_typed(reasoner, name, family, typed):
    _, scene = scanned(name)
    question = BY_NAME[name].turns[0].questions[family]
    assert typed(question) != question
    assert reasoner.ask(scene, typed(question)).raw == reasoner.ask(scene, question).raw


# name -> family -> for each turn an answer that is right; {thing} is its box
RIGHT = {
    "object_caption": {
        "zh": ["這是一個白色的陶瓷馬克杯，帶有一個把手。它放在深棕色的茶几的右側，在遙控器旁邊。"],
        "en": ["This is a white ceramic mug. It is on the right of the coffee table."],
    },
    "grounding": {"zh": ["藍色的書 {book}"], "en": ["blue book {book}"]},
    "count": {
        "zh": ["餐桌周圍有四把椅子。"],
        "en": ["There are four chairs around the dining table."],
    },
    "colour": {"zh": ["冰箱 {fridge}是銀色的。"], "en": ["The fridge is silver."]},
    "relation": {
        "zh": ["微波爐是放在流理台上的。"],
        "en": ["The microwave {microwave} is on the counter {counter}."],
    },
    "dialogue": {
        "zh": [
            "是的，您的書桌左側有一盞黑色的檯燈 {lamp}。",
            "是的，它是亮著的。",
            "好的，我會把檯燈關掉。\n1. navigate_to(書桌 {desk})：移動到書桌旁邊。\n"
            "2. turn_off(檯燈 {lamp})：關掉檯燈。",
        ],
        "en": [
            "Yes, there is a black table lamp on the left of the desk.",
            "Yes, it is on.",
            "1. navigate_to(desk {desk}): Go there.\n2. turn_off(table lamp {lamp}): Turn it off.",
        ],
    },
    "planning": {
        "zh": [
            "1. navigate_to(櫥櫃 {cupboard})：去。\n2. open(櫥櫃 {cupboard})：開。\n"
            "3. pick(馬克杯)：拿。\n4. close(櫥櫃 {cupboard})：關。\n"
            "5. navigate_to(咖啡機 {machine})：去。\n6. place(馬克杯, 咖啡機 {machine})：放。\n"
            "7. make_coffee(咖啡機 {machine})：煮。\n8. wait(咖啡機 {machine})：等。\n"
            "9. pick(馬克杯)：拿。\n10. navigate_to(茶几 {table})：去。\n"
            "11. place(馬克杯, 茶几 {table})：放。"
        ],
    },
}
_CATEGORIES = {"machine": "coffee machine", "table": "coffee table"}


def judged(name: str, family: str, index: int, text: str) -> bool:
    """Is the text judged right? Needs no model."""
    room = BY_NAME[name].build(0)
    names = ("fridge", "microwave", "counter", "lamp", "desk", "cupboard", "machine", "table")
    ids = {}
    for key in names:
        category = _CATEGORIES.get(key, key)
        if any(thing.category == category for thing in room.objects):
            ids[key] = f"<obj:{the(room, category).id}>"
    if name == "grounding":
        ids["book"] = f"<obj:{the(room, 'book', color='blue', level=1).id}>"
        ids["lower"] = f"<obj:{the(room, 'book', color='blue', level=3).id}>"
    text = fill_boxes(tagged("x", text.format(**ids)), boxes_of(room), bounds_of(room))
    sample = BY_NAME[name].turns[index].sample(room, LANGUAGES[family])
    return check_answer(sample, text, boxes_of(room), room, bounds_of(room))["correct"]


@pytest.mark.parametrize(
    ("name", "family"), [(name, family) for name, texts in RIGHT.items() for family in texts]
)
def test_right_answers_are_judged_right(name, family):
    for index, text in enumerate(RIGHT[name][family]):
        assert judged(name, family, index, text), text


@pytest.mark.parametrize(
    ("name", "index", "text"),
    [
        ("object_caption", 0, "This is a red ceramic mug on the coffee table."),
        ("object_caption", 0, "This is a white mug."),
        ("grounding", 0, "blue book {lower}"),
        ("count", 0, "There are three chairs around the dining table."),
        ("colour", 0, "The fridge is white."),
        ("relation", 0, "The microwave is on the fridge."),
        ("dialogue", 0, "No, there is no table lamp."),
        ("dialogue", 1, "No, it is off."),
        ("dialogue", 2, "1. turn_off(table lamp {lamp}): Turn it off."),
        ("dialogue", 2, "I have turned off the lamp."),
        ("planning", 0, "1. navigate_to(coffee table {table}): Go.\n2. pick(mug): Take it."),
    ],
)
def test_wrong_answers_are_judged_wrong(name, index, text):
    assert not judged(name, "en", index, text)
