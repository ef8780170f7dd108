"""What nouns, labels, threats and bare denials rule out."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.request import read_request
from tests.r1_model.plans.prohibitions.each_step import left

# request, what it forbids, what it asks for
FORBIDS = [
    ("Wipe the table, no contact with the laptop.", "pick laptop; wipe laptop", "wipe table"),
    ("Abstain from door opening. Fetch the mug.", "open door", "pick mug"),
    ("Clear the desk. Excluded: monitor, keyboard.", "pick monitor; pick keyboard", "pick desk"),
    ("Put the toys away, no electronics.", "pick tablet", "pick toys"),
    ("Tidy up. Nothing of mine though.", "pick my book", ""),
    ("If you so much as touch the vase, I'll sell you. Wipe the table.",
     "pick vase; push vase", "wipe table"),
    ("Touch the cake and you're in trouble. Wipe the table.", "pick cake", "wipe table"),
    ("Permission to open the drawer denied. Bring the pen.", "open drawer", "pick pen"),
    ("Robots aren't allowed in the nursery. Bring the pen.", "navigate_to nursery", "pick pen"),
    ("You could move the chair, though I'd rather you didn't. Wipe the floor.",
     "push chair; pick chair", "wipe floor"),
    ("Who told you to open the window? Don't. Bring the mug.", "open window", "pick mug"),
    ("Not before I'm back do you open the window.", "open window", ""),
    ("Touch neither the cup nor the medal, wipe the shelf.", "pick cup; pick medal", "wipe shelf"),
    ("No lamp is to go on, nor is the radio.", "turn_on lamp; turn_on radio", ""),
    ("Go to the kitchen, not through the bedroom.", "navigate_to bedroom", "navigate_to kitchen"),
    ("Don't for any reason open the fridge. Bring the mug.", "open fridge", "pick mug"),
    ("It isn't safe to turn on the heater. Bring the mug.", "turn_on heater", "pick mug"),
    ("The coffee machine stays off. Wipe the table.",
     "make_coffee coffee machine; turn_on coffee machine", "wipe table"),
]  # fmt: skip
HARMLESS = [
    ("If you bring the mug, I'll be glad.", "pick mug"),
    ("Wipe the table, no rush.", "wipe table"),
    ("You won't regret picking up that ball.", "pick ball"),
    ("Never mind the mug I dropped, bring me the plate.", "pick plate"),
    ("It isn't dangerous to open the window, open it.", "open window"),
    ("Can nobody close that window? Close it.", "close window"),
    ("What I want is the mug.", "pick mug"),
]


@pytest.mark.parametrize(("text", "forbidden", "asked"), FORBIDS)
def test_what_goes_and_what_stays(text: str, forbidden: str, asked: str) -> None:
    wanted = [step for step in asked.split("; ") if step]
    assert left(text, *forbidden.split("; "), *wanted) == wanted


@pytest.mark.parametrize(("text", "step"), HARMLESS)
def test_what_only_looks_like_it_takes_no_step(text: str, step: str) -> None:
    assert read_request(text).acts
    assert left(text, step) == [step]
