from __future__ import annotations

import pytest

from r1_training.engine.errors import RefusedRequestError
from r1_training.engine.filters import SANE, check_consistency, check_reply, parse_reply
from r1_training.engine.items import Item
from r1_training.engine.teachers.rule_teacher import RuleTeacher
from r1_training.engine.teachers.teacher import Request, Stage
from tests.r1_training.engine.engine_fixtures import item

DESCRIPTION = (
    "The room has a bed, a desk and two chairs. A brown chair stands 1.5 m from the desk. "
    "The bed is against the wall. There is a lamp on the desk."
)
ITEMS = {
    "english": item(description=DESCRIPTION),
    "no target": item(description=DESCRIPTION, targets=()),
    "target not described": item(description=DESCRIPTION, targets=("harp",)),
    "with a rationale": item(description=DESCRIPTION, rationale="Chairs: chair 1, chair 2."),
    "no sentence ends": item(description="bed " * 50),
    "traditional Chinese": item(
        question="椅子是什麼顏色？",
        answers=("椅子是棕色的。",),
        targets=("椅子",),
        language="zh-Hant",
        description="房間裡有一張床、一張書桌和兩把椅子。棕色的椅子在書桌旁。床靠著牆。",
    ),
    "simplified Chinese": item(
        question="椅子是什么颜色？",
        answers=("椅子是棕色的。",),
        targets=("椅子",),
        language="zh-Hans",
        description="房间里有一张床、一张书桌和两把椅子。棕色的椅子在书桌旁。床靠着墙。",
    ),
    "an answer like a conclusion": item(
        description=DESCRIPTION, answers=("As for it, the answer is: Conclusion: x",)
    ),
}


def ask(teacher: RuleTeacher, it: Item, stage: Stage = "reasoning", thinking: str = "") -> str:
    return teacher.complete(Request("r", it, stage, "prompt", thinking)).text


@pytest.mark.parametrize("name", [name for name in ITEMS if "conclusion" not in name])
def test_passes_the_sane_filters(name: str) -> None:
    it, teacher = ITEMS[name], RuleTeacher()
    reply, reason = check_reply(ask(teacher, it), it, SANE)
    assert reply is not None
    assert reason == ""
    assert reply.answer == it.answers[0]
    again = ask(teacher, it, "consistency", reply.think)
    assert check_consistency(reply.answer, again, SANE) == (1.0, "")


def test_says_nothing_that_it_was_not_told() -> None:
    """Every quoted sentence is one of the description, those about the target among them."""
    reply = parse_reply(ask(RuleTeacher(), ITEMS["english"]))
    assert reply is not None
    quoted = next(line for line in reply.think.splitlines() if line.startswith("Step 2: "))
    said = quoted.split(": ", 2)[2]
    assert "A brown chair stands 1.5 m from the desk." in said
    rest = said
    for sentence in DESCRIPTION.split(". "):
        rest = rest.replace(sentence.rstrip("."), "")
    assert set(rest) <= set(". ")


def test_same_seed_same_text() -> None:
    texts = {seed: ask(RuleTeacher(seed), ITEMS["english"]) for seed in range(20)}
    assert all(ask(RuleTeacher(seed), ITEMS["english"]) == text for seed, text in texts.items())
    assert len(set(texts.values())) > 3


def test_an_answer_is_not_mistaken_for_the_conclusion() -> None:
    it = ITEMS["an answer like a conclusion"]
    reply = parse_reply(ask(RuleTeacher(), it))
    assert reply is not None
    assert ask(RuleTeacher(), it, "consistency", reply.think) == it.answers[0]


@pytest.mark.parametrize("answers", [(), ("",), (" \n",)])
def test_unknown_answers_are_refused(answers: tuple[str, ...]) -> None:
    with pytest.raises(RefusedRequestError, match="do not know"):
        ask(RuleTeacher(), item(answers=answers))


def test_thinking_without_conclusion() -> None:
    with pytest.raises(RefusedRequestError, match="no conclusion"):
        ask(RuleTeacher(), item(), "consistency", "Step 1: who knows.")
