"""What English speakers say to stay, and which thing is meant by it."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.request import read_request
from tests.r1_model.plans.prohibitions.each_step import left

# request, what it forbids, what it asks for
FORBIDS = [
    # no more than that it stays
    ("Clear the table, the vase stays.", "pick vase; push vase", "pick mug; wipe table"),
    ("Take the plates away. The mug stays.", "pick mug", "pick plates"),
    ("The laptop stays, everything else goes into the box.", "pick laptop", "place mug, box"),
    ("Bring the books; the blue one stays.", "pick blue book", "pick books"),
    ("Empty the shelf, both vases stay.", "pick vases", "pick book"),
    ("The chair stays! Push the table.", "push chair; pick chair", "push table"),
    ("Clean up in here. My vase stays, though.", "pick vase", "pick mug"),
    ("Take out the plates and the cups remain.", "pick cups", "pick plates"),
    ("The plates go and the hand towel stays.", "pick hand towel", "pick plates"),
    # who wants it stands before it
    ("I would prefer that the knife stays where it is. Clear the table.",
     "pick knife", "pick mug; wipe table"),
    ("I'd be glad if the vase stays where it is. Clear the table.",
     "pick vase", "pick mug; wipe table"),
    ("My wife says that the vase stays where it is. Clear the table.",
     "pick vase", "pick mug; wipe table"),
    ("It's important to me that the lamp stays on. Wipe the table.",
     "turn_off lamp", "wipe table; turn_off tv"),
    ("We'd prefer that the curtains stay closed. Turn on the lamp.",
     "open curtains", "turn_on lamp; open window"),
    ("Please see to it that the vase stays where it is while you wipe the table.",
     "pick vase", "wipe table"),
    ("It'd be great if the oven remains off. Wipe the table.",
     "turn_on oven", "wipe table; turn_on lamp"),
    # which thing "it" is
    ("Clear the table, and mind the vase: it must not be moved.",
     "pick vase; push vase", "pick mug; wipe table"),
    ("Wipe the table around the laptop without lifting it.",
     "pick laptop", "wipe table; pick table"),
    ("Dust around the vase without moving it.", "pick vase; push vase", "pick mug"),
    ("Clean the shelf and watch out for the vase: don't touch it.",
     "pick vase", "clean shelf; pick book"),
    ("Be careful with the laptop when you wipe the desk: don't push it.",
     "push laptop", "wipe desk; push desk"),
    ("Watch out for the glass when you clear the table; it must not be moved.",
     "pick glass", "pick mug; wipe table"),
    ("Mop around the cable, but don't touch it.", "pick cable", "clean floor"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "forbidden", "asked"), FORBIDS)
def test_what_goes_and_what_stays(text: str, forbidden: str, asked: str) -> None:
    wanted = [step for step in asked.split("; ") if step]
    assert left(text, *forbidden.split("; "), *wanted) == wanted


# what looks like it, and the step that has to stay
HARMLESS = [
    ("See who stays, then close the door.", "close door"),
    ("The guest stays, bring another plate.", "pick plate"),
    ("The smell stays. Open the window.", "open window"),
    ("The lid stays loose; close the box.", "close box"),
    ("The stain stays, wipe it again.", "wipe stain"),
    ("If the light stays, turn it off.", "turn_off light"),
    ("Bring the milk that stays fresh.", "pick milk"),
    ("Only the vase remains, bring it.", "pick vase"),
    ("My brother stays. Make the bed.", "make_bed bed"),
    ("Mind the step: it must be wiped.", "wipe step"),
    ("Be careful with the vase when you bring it.", "pick vase"),
    ("Drive around the table and bring it closer.", "push table"),
    ("I'd prefer that the mug comes here. Bring it.", "pick mug"),
    ("I'd be glad if the door closes. Close it.", "close door"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "step"), HARMLESS)
def test_nothing_is_forbidden(text: str, step: str) -> None:
    assert not read_request(text).prohibitions
    assert left(text, step) == [step]
