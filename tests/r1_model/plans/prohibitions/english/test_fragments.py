"""What English speakers rule out in few words: without a verb, by a subject, or as "it"."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.request import read_request
from tests.r1_model.plans.prohibitions.each_step import left

# request, what it forbids, what it asks for
FORBIDS = [
    ("Tidy up, but nothing in the bedroom.", "clean bedroom", ""),
    ("Not in the kitchen, please: put the mug on the table.",
     "navigate_to kitchen", "place mug, table"),
    ("Without the plate, please: bring the mug.", "pick plate", "pick mug"),
    ("No trips to the bedroom, please. Bring the mug.", "navigate_to bedroom", "pick mug"),
    ("No lights on after ten, please.", "turn_on lights", ""),
    ("Bring me the mug. Not the blue one, please.", "pick blue mug", ""),
    ("You can do anything but open the fridge.", "open fridge", "open window"),
    ("Everything but the vase may be moved.", "pick vase", "pick mug"),
    # subjects and objects that are none
    ("Touch nothing and look at the vase.", "pick mug; push vase", "look_at vase"),
    ("Turn on nothing, turn off nothing.", "turn_on lamp; turn_off lamp", ""),
    ("Only the blue cup may be moved.", "pick plate", "pick blue cup"),
    ("You're only allowed to touch the mug.", "pick plate", "pick mug"),
    ("Only wipe the table, nothing else.", "pick vase; wipe desk", "wipe table"),
    ("Make sure nobody, you included, touches the vase.", "pick vase", ""),
    ("Tidy up, only not the desk.", "wipe desk", ""),
    ("Neither the vase nor the laptop may be moved; wipe the table.",
     "pick vase; push laptop", "wipe table"),
    # what "it" means, and what stands before "you"
    ("The vase is fragile, so no touching. Wipe the table.", "pick vase", "wipe table"),
    ("See the knife on the table? Don't touch it. Bring me the plate.", "pick knife", "pick plate"),
    ("Bring the mug over. The vase? Hands off it.", "pick vase", "pick mug"),
    ("The vase is old. Don't touch it. Bring me the mug.", "pick vase", "pick mug"),
    ("Bring me the box. I'm in the kitchen. Don't open it.", "open box", "pick box"),
    ("The lamp you don't touch. Bring me the mug.", "turn_off lamp; pick lamp", "pick mug"),
    ("The baby's asleep in the bedroom, so it's off limits.", "navigate_to bedroom", ""),
    ("Not the big pan, that's for grandma, the small pan will do.",
     "pick big pan", "pick small pan"),
    # a list, a wish without its verb, a correction
    ("Lamp: leave on. Fan: turn off.", "turn_off lamp", "turn_off fan"),
    ("Tea, yes. Wine, absolutely not.", "pick wine", "pick tea"),
    ("Those papers, I'm sorting them, so I'd rather you didn't. Wipe the sink.",
     "pick papers; push papers", "wipe sink"),
    ("Bring me the blue mug, no wait, the green mug.", "pick blue mug", "pick green mug"),
    ("Bring me the green mug, leave the blue one.", "pick blue mug", "pick green mug"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "forbidden", "asked"), FORBIDS)
def test_what_goes_and_what_stays(text: str, forbidden: str, asked: str) -> None:
    wanted = [step for step in asked.split("; ") if step]
    assert left(text, *forbidden.split("; "), *wanted) == wanted


# what looks like it, and the step that has to stay
HARMLESS = [
    ("Nothing in the fridge, bring me the mug.", "pick mug"),
    ("I looked everywhere, but nothing on the table. Bring the book.", "pick book"),
    ("No lights on in here. Turn on the lamp.", "turn_on lamp"),
    ("No windows open? Then open one.", "open one"),
    ("Without the lamp it's dark, turn it on, please.", "turn_on lamp"),
    ("There's no access to the bedroom, open the door.", "open door"),
    ("Take nothing for granted and wipe the table.", "wipe table"),
    ("Neither lamp is on, turn on the lamp.", "turn_on lamp"),
    ("I've done everything but close the window. Close it.", "close window"),
    ("Not the best day. Wipe the table.", "wipe table"),
    ("It moved nothing. Push the chair.", "push chair"),
    ("Only the lamp is on, turn it off.", "turn_off lamp"),
    ("Bring me the mug, no wait, the blue mug.", "pick blue mug"),
    ("Heater: turn on. Fan: off.", "turn_on heater"),
    ("Not my fault, the lamp is fine, turn it on.", "turn_on lamp"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "step"), HARMLESS)
def test_what_only_looks_like_it_takes_no_step(text: str, step: str) -> None:
    assert left(text, step) == [step]
    assert read_request(text).prohibitions == ()
