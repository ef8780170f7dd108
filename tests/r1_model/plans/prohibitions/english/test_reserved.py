"""What English speakers keep from the robot for others, or for later."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.request import read_request
from tests.r1_model.plans.prohibitions.each_step import left

# request, what it forbids, what it asks for
FORBIDS = [
    ("Leave the plates to me. Wipe the table.", "pick plates", "wipe table"),
    ("Leave closing the window to me, just turn off the lamp.", "close window", "turn_off lamp"),
    ("Save the vase for tomorrow, wipe the table today.", "pick vase", "wipe table"),
    ("It's not your job to open the window; bring the mug.", "open window", "pick mug"),
    ("You've no business opening the fridge. Bring the mug.", "open fridge", "pick mug"),
    ("I'll take the plate myself; you bring the mug.", "pick plate", "pick mug"),
    ("From now on the vase is not for you. Bring the mug.", "pick vase", "pick mug"),
    ("The laptop is none of your business, bring the mug.", "pick laptop", "pick mug"),
    ("The plates aren't yours to handle. Wipe the table.", "pick plates", "wipe table"),
    # where it is
    ("The knife stays in the drawer. Bring the plate.", "pick knife", "pick plate"),
    ("My laptop remains on the desk. Bring the mug.", "pick laptop", "pick mug"),
    ("The mug isn't supposed to go anywhere. Take the plate.", "pick mug", "pick plate"),
    ("Keep the knife out of the drawer.", "place knife, drawer", "pick knife; place knife, table"),
    ("Clean everywhere except where the sofa stands.", "clean sofa", "clean kitchen"),
    ("The book can go anywhere except the sofa.", "place book, sofa", "place book, table"),
    ("The vase is fine where it is. Wipe the table.", "pick vase", "wipe table"),
    ("The sofa is no place for the plate; put it on the table.",
     "place plate, sofa", "place plate, table"),
    ("The door you must keep shut. Bring the mug.", "open door", "pick mug"),
    ("Go everywhere you like bar the bedroom.", "navigate_to bedroom", "navigate_to kitchen"),
    ("Leave the kitchen alone and wipe the table.", "navigate_to kitchen", "wipe table"),
    # a time or a condition that no plan can await
    ("Open the window, but not before I'm back.", "open window", "turn_on lamp"),
    ("Wait for me before you open the door. Wipe the table.", "open door", "wipe table"),
    ("You may only open the window when I'm in the room.", "open window", ""),
    ("Bring the book, but if it means moving the lamp, forget it.", "push lamp", "pick book"),
    ("It makes me nervous when you lift the vase, so don't. Wipe the table.",
     "pick vase", "wipe table"),
    ("You can take the book provided the lamp isn't touched.", "pick lamp", "pick book"),
    ("Fetch the mug, unless it means opening the fridge.", "open fridge", "pick mug"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "forbidden", "asked"), FORBIDS)
def test_what_goes_and_what_stays(text: str, forbidden: str, asked: str) -> None:
    wanted = [step for step in asked.split("; ") if step]
    assert left(text, *forbidden.split("; "), *wanted) == wanted


# what looks like it, and the step that has to stay
HARMLESS = [
    ("Leave the mug to my left.", "place mug, table"),
    ("Leave the mug on the table for me.", "place mug, table"),
    ("I can't open the window myself, open it.", "open window"),
    ("I'll close the door when you open the window.", "open window"),
    ("This mug isn't mine, take it away.", "pick mug"),
    ("The milk has to stay in the fridge. Put it back.", "pick milk"),
    ("My wife stays in the kitchen, bring her the mug.", "pick mug"),
    ("Wipe the table, but not before you've taken the plate away.", "wipe table"),
    ("Wait until the coffee is done, then bring me the mug.", "pick mug"),
    ("If it means opening the fridge, that's fine. Bring the milk.", "open fridge"),
    ("If the window is open close it, if not, don't.", "close window"),
    ("Close the window, or don't.", "close window"),
    ("If nobody closes the window, we'll freeze. Close it.", "close window"),
    ("Could you not just bring me the mug?", "pick mug"),
    ("Don't go yet, bring me the mug first.", "navigate_to mug"),
    ("Don't make me get up: bring the mug.", "pick mug"),
    ("The kids must not go outside, so close the door.", "close door"),
    ("Close the window that shouldn't be open.", "close window"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "step"), HARMLESS)
def test_what_only_looks_like_it_takes_no_step(text: str, step: str) -> None:
    assert left(text, step) == [step]
    assert read_request(text).prohibitions == ()
