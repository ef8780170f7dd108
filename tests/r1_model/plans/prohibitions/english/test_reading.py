"""Forms in which English speakers forbid, each beside what only looks like it."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.request import read_request
from tests.r1_model.plans.prohibitions.each_step import left

# request, what it forbids, what it asks for
FORBIDS = [
    # what stays as it is, with a goal behind "and"
    ("Leave the vase alone and wipe the table.", "pick vase", "wipe table"),
    ("Bring me the mug, just leave the vase be.", "push vase", "pick mug"),
    ("Tidy up, so long as the laptop stays put.", "pick laptop", ""),
    ("Take the mug to the sink; the plate can stay.", "pick plate", "pick mug"),
    ("The plate stays here. Take the mug to the sink.", "pick plate", "pick mug"),
    ("The window is staying open tonight. Turn the lamp off.", "close window", "turn_off lamp"),
    ("We're keeping the window shut. Turn on the lamp.", "open window", "turn_on lamp"),
    ("I don't want the lamp on. Close the window.", "turn_on lamp", "close window"),
    ("I'd rather not have the window opened. Turn on the lamp.", "open window", "turn_on lamp"),
    ("I would rather not see the vase moved.", "push vase", ""),
    # several in one sentence
    ("Don't open the fridge and don't touch the vase.", "open fridge; pick vase", ""),
    ("Never open the fridge and stay away from the vase.", "open fridge; pick vase", ""),
    ("Don't open the window and leave the lamp on.", "open window; turn_off lamp", ""),
    ("That knife is sharp - don't pick it up. Bring me the plate.", "pick knife", "pick plate"),
    ("You may look at the vase but not touch it.", "pick vase", "look_at vase"),
    ("Don't switch anything on or off.", "turn_on lamp; turn_off lamp", ""),
    # what is to be done or not stands before the negation
    ("Take the mug; the plate isn't to be moved.", "pick plate; push plate", "pick mug"),
    ("You're not to open the fridge, but do bring me a mug.", "open fridge", "pick mug"),
    ("You aren't allowed to touch the vase. Wipe the table.", "pick vase", "wipe table"),
    ("No one is to touch the vase. Bring me the book.", "pick vase", "pick book"),
    ("The fridge can't be opened today. Bring the mug.", "open fridge", "pick mug"),
    ("The window doesn't get opened today. Turn on the lamp.", "open window", "turn_on lamp"),
    ("Turn the lamp off, I'd prefer the window not be closed.", "close window", "turn_off lamp"),
    ("Not a single plate may be moved. Wipe the table.", "push plate", "wipe table"),
    ("None of the lamps should be switched off.", "turn_off lamp", ""),
    ("Nothing gets moved! Only wipe the table.", "push chair; pick vase", "wipe table"),
    ("Under no circumstances is the fridge to be opened.", "open fridge", ""),
    ("At no time may the window be opened; turn on the lamp.", "open window", "turn_on lamp"),
    ("The vase must on no account be moved. Wipe the table.", "push vase", "wipe table"),
    ("Don't, under any circumstances, open the fridge. Take the mug.", "open fridge", "pick mug"),
    ("Please do not ever, ever touch the vase. Wipe the table.", "pick vase", "wipe table"),
    ("I don't want my vase touched, ever. Wipe the table.", "pick vase", "wipe table"),
    # as a wish, a ban, or a condition
    ("I'd appreciate it if you didn't open the fridge.", "open fridge", ""),
    ("I would hate for you to close the window. Turn off the lamp.", "close window",
     "turn_off lamp"),
    ("I won't have you opening the fridge. Bring the mug.", "open fridge", "pick mug"),
    ("I forbid you from opening the fridge. Bring me the mug.", "open fridge", "pick mug"),
    ("Make sure not to open the fridge when you bring me the mug.", "open fridge", "pick mug"),
    ("Please be so kind as not to touch the vase.", "pick vase", ""),
    ("Pick up the book only if you don't have to move the lamp.", "push lamp", "pick book"),
    ("From now on you will not touch my laptop.", "pick laptop", ""),
    ("Please don't let the vase be moved.", "push vase", ""),
    ("Be careful not to knock over the vase when wiping the table.", "push vase", "wipe table"),
    # what is asked for behind an "-ing" is no longer governed by it
    ("Stop cleaning the table and bring me the mug.", "wipe table", "pick mug"),
    ("Avoid opening the fridge and close the window.", "open fridge", "close window"),
    ("Clean the floor around the chair without moving it.", "push chair", "clean floor"),
    # away from, and left out
    ("Get the mug and give the vase a wide berth.", "pick vase; navigate_to vase", "pick mug"),
    ("Get the mug, but keep your distance from the stove.", "navigate_to stove", "pick mug"),
    ("Avoid the vase when you wipe the table.", "pick vase", "wipe table"),
    ("Skip the bedroom and wipe the table.", "clean bedroom", "wipe table"),
    ("Ignore the plate, just take the mug to the sink.", "pick plate", "pick mug"),
    ("I don't want to see you near the vase. Wipe the table.", "pick vase", "wipe table"),
    ("Tidy up without going anywhere near the vase.", "pick vase", ""),
    ("Don't set foot in the bedroom. Bring me the book.", "navigate_to bedroom", "pick book"),
    ("Make coffee, but no going into the cupboard.", "open cupboard", ""),
    ("The bedroom is out of bounds. Bring me the book.", "navigate_to bedroom", "pick book"),
    # places
    ("Nothing goes on the bed. Put the book away.", "place book, bed", "place book, table"),
    ("The book doesn't belong on the bed.", "place book, bed", "place book, table"),
    ("Put the mug down; it shouldn't go on the sofa.", "place mug, sofa", "pick mug"),
    ("I don't want anything on the bed. Put the book away.", "place book, bed",
     "place book, table"),
    ("Please don't ever lay hands on the vase.", "pick vase", ""),
    ("You don't get to open the fridge. Close the window.", "open fridge", "close window"),
    ("The lamp is not yours to switch off. Close the window.", "turn_off lamp", "close window"),
    # exceptions
    ("Nobody but me opens that safe. Bring me the mug.", "open safe", "pick mug"),
    ("Put everything back except my laptop.", "pick laptop; place laptop, table", "pick mug"),
    ("Put the mug anywhere except on the bed or the sofa.", "place mug, bed; place mug, sofa",
     "place mug, table"),
    ("Put the book on the table rather than the bed.", "place book, bed", "place book, table"),
    ("Put the mug somewhere, just never on the laptop.", "place mug, laptop", "place mug, table"),
    ("Touch anything but the vase.", "pick vase", "pick mug"),
    ("Wipe all the tables but the desk.", "wipe desk", "wipe table"),
    ("Bring me a cup, as long as it's not the red one.", "pick red cup", ""),
    ("Bring me the mug and nothing more.", "pick plate", "pick mug"),
    # what was said before it, with no "it"
    ("I'd be sad if anything happened to that vase, so steer well clear. Wipe the rug.",
     "pick vase; navigate_to vase", "wipe rug"),
    ("The lab is occupied, don't go in. Wipe the table.",
     "navigate_to lab; clean lab", "wipe table"),
    ("Load the cups into the dishwasher but it's not to be started.", "turn_on dishwasher",
     "place cup, dishwasher"),
    ("I won't tell you again you mustn't touch the vase.", "pick vase", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "forbidden", "asked"), FORBIDS)
def test_what_goes_and_what_stays(text: str, forbidden: str, asked: str) -> None:
    wanted = [step for step in asked.split("; ") if step]
    assert left(text, *forbidden.split("; "), *wanted) == wanted


# said in the form of a question, it holds in what comes after
POLITE = """
Could you please not touch the vase?
Can you leave the vase alone?
Would you mind not touching the vase?
May I ask you to keep your hands off the vase?
Will you please stop touching the vase?
Could you avoid touching the vase?
Could you make sure that nobody touches the vase?
Is it clear that you must not touch the vase?
Didn't I tell you not to touch the vase?
How often do I have to tell you not to touch the vase?
When you clean up, never touch the vase.
Can we agree that you won't touch the vase?
I thought we agreed you wouldn't touch the vase?
Can you promise me that you won't touch the vase?
Didn't you promise not to touch the vase?
Could you try not to touch the vase?
Would it be possible not to touch the vase?
""".strip().splitlines()


@pytest.mark.parametrize("text", POLITE)
def test_an_earlier_turn_forbids_politely(text: str) -> None:
    assert left("Clean the room.", "pick vase", "clean floor", earlier=text) == ["clean floor"]


# what looks like it, and the step that has to stay
HARMLESS = [
    ("I was told not to lift heavy things, so pick up the book for me.", "pick book"),
    ("I don't want to get up, bring me the mug.", "pick mug"),
    ("The milk must not get warm, put it in the fridge.", "place milk, fridge"),
    ("Pick up the book nobody uses.", "pick book"),
    ("Don't leave without closing the window.", "close window"),
    ("Nothing is on the table. Put the mug on it.", "place mug, table"),
    ("Nothing can be done about it, bring me the mug.", "pick mug"),
    ("The lamp might not be switched off, switch it off.", "turn_off lamp"),
    ("If you don't mind, open the window.", "open window"),
    ("If you don't close the window, it gets cold. Close it.", "close window"),
    ("I want the puddle wiped, I don't want that puddle on the floor any longer.", "wipe puddle"),
    ("It isn't dark yet, but turn on the lamp anyway.", "turn_on lamp"),
    ("My hands are off the stove now; turn it on.", "turn_on stove"),
    ("Bring me the box, but the lid is loose.", "pick box"),
    ("Never mind the time, wipe the table.", "wipe table"),
    ("Don't hesitate to open the fridge and leave it open.", "open fridge"),
    ("Everything but the mug is here. Bring me the mug.", "pick mug"),
    ("No one but you can close the window, so close it.", "close window"),
    ("The door doesn't stay open, close it.", "close door"),
    ("Could you keep the window open while you wipe the table?", "wipe table"),
    ("None of the windows is closed. Close the window.", "close window"),
    ("Not a single lamp is switched on. Turn on the lamp.", "turn_on lamp"),
    ("The stove can't be turned off by me, turn it off.", "turn_off stove"),
    ("I can't be bothered to close the window, close it.", "close window"),
    ("I'm not allowed to open the window, so open the window for me.", "open window"),
    ("The kids don't go to bed; make the bed.", "make_bed bed"),
    ("There's no reason not to open the door, go ahead.", "open door"),
    ("I didn't say the lamp mustn't be touched, turn it off.", "turn_off lamp"),
    ("Nobody said the heater mustn't be switched on, so turn it on.", "turn_on heater"),
    ("Whoever said the fridge mustn't be opened was joking. Open it.", "open fridge"),
    ("Don't move the rug, just sweep it.", "clean rug"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "step"), HARMLESS)
def test_what_only_looks_like_it_takes_no_step(text: str, step: str) -> None:
    assert left(text, step) == [step]


QUESTIONS = """
Did I close the window?
When did you open the fridge?
Is the lamp not on?
Do you know where you can put the mug?
Can you not see where the vase is?
""".strip().splitlines()


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_stays_one(text: str) -> None:
    request = read_request(text)
    assert not request.acts and request.prohibitions == ()
