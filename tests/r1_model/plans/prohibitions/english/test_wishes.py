"""What English speakers wish not to be, of the robot or of a thing."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.request import read_request
from tests.r1_model.plans.prohibitions.each_step import left

# request, what it forbids, what it asks for
FORBIDS = [
    ("It'd be best if the vase were left alone. Wipe the table.",
     "pick vase; push vase", "wipe table"),
    ("Wipe the table with the vase left in peace.", "pick vase", "wipe table"),
    ("I'd feel safer with the stove left off. Wipe the table.", "turn_on stove", "wipe table"),
    ("We'd be grateful if the plates stayed where they are.", "pick plates", ""),
    ("I'd sleep better if the stove weren't turned on. Bring the mug.",
     "turn_on stove", "pick mug"),
    ("I would hate for the vase to be moved. Tidy the table.", "push vase", "pick mug"),
    ("It would upset my mother if you moved her book. Wipe the table.", "pick book", "wipe table"),
    ("I'd be annoyed if someone switched off the lamp.", "turn_off lamp", ""),
    ("Better not to have the stove on. Bring the mug.", "turn_on stove", "pick mug"),
    ("I'm not fine with you moving the laptop. Bring the mug.", "pick laptop", "pick mug"),
    ("I'm against you opening the window; turn on the lamp.", "open window", "turn_on lamp"),
    ("Let's keep the lamp on tonight. Close the window.", "turn_off lamp", "close window"),
    ("Let's not open the window.", "open window", ""),
    ("Let the vase be and bring the mug.", "pick vase", "pick mug"),
    ("I'd love for the window to stay shut. Turn on the lamp.", "open window", "turn_on lamp"),
    ("What I don't want is the stove on. Wipe the table.", "turn_on stove", "wipe table"),
    ("I'd be so relieved if nobody touched the vase. Wipe the table.", "pick vase", "wipe table"),
    ("I hope you're not planning on moving the laptop.", "push laptop", ""),
    # agreed on
    ("Can we agree that you won't touch the vase? Bring the mug.", "pick vase", "pick mug"),
    ("Promise me you'll never touch the vase. Bring the mug.", "pick vase", "pick mug"),
    ("Could you manage not to touch the laptop while wiping the table?",
     "pick laptop", "wipe table"),
    ("Resist the urge to move the laptop; wipe the table.", "push laptop", "wipe table"),
    # what must not come about
    ("Keep the door from closing and fetch the book.", "close door", "pick book"),
    ("Get the cup without the fridge being opened.", "open fridge", "pick cup"),
    ("Wipe the table without the vase being knocked over.", "push vase", "wipe table"),
    ("I never said you could touch the vase. Wipe the table.", "pick vase", "wipe table"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "forbidden", "asked"), FORBIDS)
def test_what_goes_and_what_stays(text: str, forbidden: str, asked: str) -> None:
    wanted = [step for step in asked.split("; ") if step]
    assert left(text, *forbidden.split("; "), *wanted) == wanted


# what looks like it, and the step that has to stay
HARMLESS = [
    ("I'd be mad if you didn't close the window. Close it.", "close window"),
    ("It would be a shame not to open the window.", "open window"),
    ("I wouldn't mind if you opened the window.", "open window"),
    ("Would you mind if the window was closed? Close it.", "close window"),
    ("I'd hate to miss the news, turn on the tv.", "turn_on tv"),
    ("It'd be a shame if the vase were broken, put it on the shelf.", "place vase, shelf"),
    ("I wish the lamp wasn't broken. Turn it on.", "turn_on lamp"),
    ("I don't want to open the window myself, do it for me.", "open window"),
    ("I have no problem with you opening the fridge.", "open fridge"),
    ("I'm not happy with you leaving the lamp on, turn it off.", "turn_off lamp"),
    ("I hope you won't forget to close the window.", "close window"),
    ("I see the window left open, close it.", "close window"),
    ("You went out with the lamp left on. Turn it off.", "turn_off lamp"),
    ("You can't sleep with the lamp left on. Turn it off.", "turn_off lamp"),
    ("Let's open the window.", "open window"),
    ("Keep the books from falling: push them in.", "push books"),
    ("Keep the vase from being knocked over: push it back.", "push vase"),
    ("Don't stop wiping the table until it shines.", "wipe table"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "step"), HARMLESS)
def test_what_only_looks_like_it_takes_no_step(text: str, step: str) -> None:
    assert left(text, step) == [step]
    assert read_request(text).prohibitions == ()
