"""What English speakers except: from a subject, behind its word, or without a verb."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.request import read_request
from tests.r1_model.plans.prohibitions.each_step import left

# request, what it forbids, what it asks for
FORBIDS = [
    # from a subject
    ("Everything but the vase goes into the box.",
     "place vase, box; pick vase", "place mug, box"),
    ("All cups but the red one go on the shelf.",
     "place red cup, shelf", "place blue cup, shelf"),
    ("Every book except the blue one belongs on the shelf.",
     "place blue book, shelf", "place red book, shelf"),
    ("Everything on the table but the laptop has to go into the drawer.",
     "place laptop, drawer; pick laptop", "place mug, drawer"),
    ("All windows except the one in the kitchen are to be closed.",
     "close window in the kitchen", "close window in the bedroom"),
    ("Everything save the knife is to be put away.", "pick knife", "pick mug"),
    ("Nothing but the mug goes into the box.", "place plate, box", "place mug, box"),
    ("Each chair but the broken one should go to the kitchen.",
     "place broken chair, kitchen; pick broken chair", "pick wooden chair"),
    ("I want the table empty: everything but the candle goes away.", "pick candle", "pick mug"),
    # behind its word, or of it
    ("Wipe the table, laptop excluded.", "wipe laptop", "wipe table"),
    ("Clear the table, the vase excepted.", "pick vase", "pick mug"),
    ("Turn off all the lamps, the one on the desk excepted.",
     "turn_off lamp on the desk", "turn_off lamp in the hall"),
    ("Clean the whole flat, bedroom exempt.", "clean bedroom", "clean kitchen"),
    ("Clear the table (vase excluded).", "pick vase", "pick mug"),
    ("The red cup excepted, bring all the cups.", "pick red cup", "pick blue cup"),
    ("Wipe all the shelves. The top one is exempt.", "wipe top shelf", "wipe bottom shelf"),
    ("Put the toys away, the bear is to be spared.", "pick bear", "pick ball"),
    ("Bring all the books with the exception of the blue one.",
     "pick blue book", "pick red book"),
    ("Put everything into the box, not including the vase.", "place vase, box", "place mug, box"),
    # without a verb
    ("Open the window but under no circumstances the door.", "open door", "open window"),
    ("Turn on the lamp and by no means the tv.", "turn_on tv", "turn_on lamp"),
    ("You may take the mug, on no account the vase.", "pick vase", "pick mug"),
    ("Put the mug on the table but under no circumstances on the sofa.",
     "place mug, sofa", "place mug, table; pick mug"),
    ("Open the window. Under no circumstances the door.", "open door", "open window"),
    ("Bring me a cup but never the red one.", "pick red cup", "pick blue cup"),
    ("Turn the lamps off, never the one in the hall.",
     "turn_off lamp in the hall", "turn_off lamp in the kitchen"),
    # by an auxiliary alone
    ("Everything else goes in the box, but the vase doesn't.",
     "place vase, box", "place mug, box"),
    ("The plates can be moved but the vase may not.", "pick vase", "pick plates"),
    ("The mug can go in the box and the hand towel may be moved but the vase may not.",
     "pick vase", "pick mug"),
    ("The mug goes on the shelf, the knife doesn't.", "place knife, shelf", "place mug, shelf"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "forbidden", "asked"), FORBIDS)
def test_what_goes_and_what_stays(text: str, forbidden: str, asked: str) -> None:
    wanted = [step for step in asked.split("; ") if step]
    assert left(text, *forbidden.split("; "), *wanted) == wanted


# what looks like it, and the step that has to stay
HARMLESS = [
    ("Everyone but the baby goes to bed at ten. Turn off the lamp.", "turn_off lamp"),
    ("Everything but the vase went into the box yesterday. Put the vase in it.", "pick vase"),
    ("Everything but the soup goes wrong today; wipe the table.", "wipe table"),
    ("All the books but the blue one are on the shelf. Put the blue one there.",
     "place blue book, shelf"),
    ("Everything but the door was painted; open the door.", "open door"),
    ("Present company excepted, you're all lazy; wipe the table.", "wipe table"),
    ("Tax excluded, it cost ten euros. Bring the vase.", "pick vase"),
    ("I felt excluded, bring me the book.", "pick book"),
    ("Wipe the table, no corner excluded.", "wipe table"),
    ("Bring the plate, the one that was spared.", "pick plate"),
    ("Batteries not included, so bring the batteries.", "pick batteries"),
    ("Open the window, but never mind the noise.", "open window"),
    ("Under no circumstances the worst idea: open the window.", "open window"),
    ("It was never the lamp; turn on the tv.", "turn_on tv"),
    ("Bring the mug, never the less.", "pick mug"),
    ("The window opens but the door doesn't. Push the door.", "push door"),
    ("The lamp works, the tv doesn't. Turn on the tv.", "turn_on tv"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "step"), HARMLESS)
def test_nothing_is_forbidden(text: str, step: str) -> None:
    assert not read_request(text).prohibitions
    assert left(text, step) == [step]
