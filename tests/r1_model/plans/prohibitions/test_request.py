"""What a request forbids, and sentences that only look as if they did."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1_model.plans.prohibitions.request import read_request
from r1_model.plans.verbs import EVERYTHING, HANDLING

OPEN, CLOSE = frozenset({"open"}), frozenset({"close"})
OPEN_ZH, CLOSE_ZH = frozenset({"open", "turn_on"}), frozenset({"close", "turn_off"})
OFF, PLACE = frozenset({"turn_off"}), frozenset({"place"})

# text, allowed, then (actions, things, place) of each prohibition
FORBIDS = [
    ("Don't open the fridge.", "", (OPEN, ("fridge",), "")),
    ("Never open the fridge", "", (OPEN, ("fridge",), "")),
    ("Take a mug without opening the cupboard.", "Take a mug.", (OPEN, ("cupboard",), "")),
    ("Turn off the lamp but don't close the window.", "Turn off the lamp.",
     (CLOSE, ("window",), "")),
    ("Bring me the mug, but do not touch the laptop!", "Bring me the mug!",
     (HANDLING, ("laptop",), "")),
    ("Please don’t open the fridge or the cupboard, the drawer or the microwave.", "",
     (OPEN, ("fridge", "cupboard", "drawer", "microwave"), "")),
    ("You must not open the fridge.", "", (OPEN, ("fridge",), "")),
    ("The window should never be opened.", "", (OPEN, ("window",), "")),
    ("It is forbidden to open the fridge.", "", (OPEN, ("fridge",), "")),
    ("Opening the fridge is not allowed.", "", (OPEN, ("fridge",), "")),
    ("I don't want you to open the fridge.", "", (OPEN, ("fridge",), "")),
    ("I don't want the fridge opened. Put the mug on the table.", "Put the mug on the table.",
     (OPEN, ("fridge",), "")),
    ("Turn off all lamps except the desk lamp.", "Turn off all lamps.",
     (OFF, ("desk lamp",), "")),
    ("Turn off the TV but leave the lamp on.", "Turn off the TV.", (OFF, ("lamp",), "")),
    ("Keep the window closed.", "Keep the window closed.", (OPEN, ("window",), "")),
    ("Keep your hands off the vase and bring me the mug.", "bring me the mug.",
     (HANDLING, ("vase",), "")),
    ("Don't touch anything.", "", (HANDLING, (), "")),
    ("Don't move!", "", (EVERYTHING, (), "")),
    ("Stop.", "", (EVERYTHING, (), "")),
    ("Put the mug anywhere but not on the sofa.", "Put the mug anywhere.", (PLACE, (), "sofa")),
    ("Don't put the mug on the sofa.", "", (PLACE, ("mug",), "sofa")),
    ("Nobody may open the fridge.", "", (OPEN, ("fridge",), "")),
    ("Don't you dare open the fridge!", "", (OPEN, ("fridge",), "")),
    ("Don't turn the lamp off.", "", (OFF, ("lamp",), "")),
    ("Avoid opening the cupboard while you fetch the mug.", "fetch the mug.",
     (OPEN, ("cupboard",), "")),
    ("Bring me the box and don't open it.", "Bring me the box.",
     (OPEN, (), "")),
    ("Put the mug in the fridge, but don't open it.", "Put the mug in the fridge.",
     (OPEN, ("put the mug in the fridge",), "")),
    ("冰箱剛修好，今天都不能打開。", "冰箱剛修好", (OPEN_ZH, ("冰箱",), "")),
    ("微波炉先关着别开，去把冰箱打开。", "去把冰箱打开。", (OPEN_ZH, ("微波炉",), "")),
    ("別打開冰箱。", "", (OPEN_ZH, ("冰箱",), "")),
    ("不要把窗戶打開。", "", (OPEN_ZH, ("窗户",), "")),
    ("請不要打開冰箱，把微波爐打開。", "把微波爐打開。", (OPEN_ZH, ("冰箱",), "")),
    ("请勿触碰花瓶。", "", (HANDLING, ("花瓶",), "")),
    ("拿一個杯子，但不要打開櫃子。", "拿一個杯子", (OPEN_ZH, ("柜子",), "")),
    ("在不打開櫃子的情況下拿一個杯子。", "拿一個杯子。", (OPEN_ZH, ("柜子",), "")),
    ("冰箱不准開。", "", (OPEN_ZH, ("冰箱",), "")),
    ("除了檯燈以外，把所有的燈都關掉。", "把所有的燈都關掉。", (CLOSE_ZH, ("台灯",), "")),
    ("讓燈開著，把電視關掉。", "把電視關掉。", (CLOSE_ZH, ("灯",), "")),
    ("別把杯子放在沙發上。", "", (PLACE, ("杯子",), "沙发")),
    ("我不希望你打開冰箱。", "", (OPEN_ZH, ("冰箱",), "")),
    ("別動！", "", (EVERYTHING, (), "")),
    ("The microwave must stay closed at all times.", "The microwave must stay closed at all times.",
     (OPEN, ("microwave",), "")),
    ("I don't want the cup picked up; just wipe the desk.", "wipe the desk.",
     (frozenset({"pick"}), ("cup",), "")),
    ("用不着你关窗户，关门就行。", "关门就行。", (CLOSE_ZH, ("窗户",), "")),
    ("No coffee for me today, thanks. Put the mug on the counter instead.",
     "Put the mug on the counter instead.", (frozenset({"make_coffee"}), (), "")),
    ("我嫌吵，你休想把电视打开。", "我嫌吵", (OPEN_ZH, ("电视",), "")),
    ("The fridge stays closed, open the window.", "open the window.",
     (OPEN, ("fridge",), "")),
    ("Opening the fridge is out of the question.", "", (OPEN, ("fridge",), "")),
    ("Make sure you don't close the window.", "", (CLOSE, ("window",), "")),
    ("绝不打开冰箱！", "", (OPEN_ZH, ("冰箱",), "")),
    ("冰箱以外的都打開。", "都打開。", (OPEN_ZH, ("冰箱",), "")),
    ("冰箱就让它关着，打开微波炉。", "打开微波炉。", (OPEN_ZH, ("冰箱",), "")),
    ("窗户开着就好，把门关上。", "把门关上。", (CLOSE_ZH, ("窗户",), "")),
    ("打开冰箱是不行的。", "", (OPEN_ZH, ("冰箱",), "")),
    ("冰箱別開，櫃子也別開。", "", (OPEN_ZH, ("冰箱",), ""), (OPEN_ZH, ("柜子",), "")),
]  # fmt: skip

LOOK_ALIKES = """
Don't forget to close the door.
Why don't you bring me a cup?
Don't hesitate to open the window.
Can't you open the window?
I can't open the window, open it for me.
Never mind, bring me the mug.
Don't worry, just bring me the mug.
Don't leave the window open.
The lamp is not off, turn it off.
The window isn't closed. Close it.
I don't like the light, turn it off.
Bring me the mug that is not on the table.
Not only the lamp but also the TV should be off.
Bring me nothing but the mug.
Without delay, close the window.
No problem, open the fridge.
Why not open the window?
If the window is not closed, close it.
There is no light in here, turn on the lamp.
I do not see the mug. Find it and bring it to me.
Won't you close the door?
The kids never close the window; close it please.
Nobody is using the lamp, switch it off.
Don't let the coffee get cold, bring it to me.
Did somebody leave the window open?
Nobody has made the bed yet. Get on with it, please.
地板濕到不能走了，把那灘水擦乾淨。
個別把窗戶打開。
把別的杯子拿給我。
別忘了關門。
不要忘記關燈。
能不能幫我打開窗戶？
可不可以把燈關掉？
不妨打開窗戶。
不得不打開窗戶，幫我打開。
燈沒關，把它關掉。
特別把紅色的書拿來。
分別打開兩扇窗戶。
我不能打開窗戶，幫我打開。
把門邊那個不亮的燈打開。
不好意思，幫我關門。
你怎麼不把燈打開？
别客气，打开冰箱。
不用担心，去拿杯子。
请勿忘关窗。
不如把窗户打开吧。
我不会开窗，你来开。
要不要打开窗户？
""".strip().splitlines()


@pytest.mark.parametrize(("text", "allowed", "expected"), [(t, a, e) for t, a, *e in FORBIDS])
def test_what_is_forbidden_and_what_is_left(text: str, allowed: str, expected: list) -> None:
    request = read_request(text)
    assert request.allowed == allowed
    assert [(p.actions, p.things, p.place) for p in request.prohibitions] == expected


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_it_forbids_nothing(text: str) -> None:
    request = read_request(text)
    assert (request.prohibitions, request.allowed) == ((), text)


def test_the_user_s_own_words_are_kept() -> None:
    [prohibition] = read_request("Close the door. Do NOT open the Window!").prohibitions
    assert prohibition.words == "Do NOT open the Window"


def test_anything_else_spares_what_is_named() -> None:
    request = read_request("把杯子拿來，別的東西不要動。")
    assert request.prohibitions[0].others and request.allowed == "把杯子拿來"


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    request = read_request(text)
    assert len(request.allowed) <= len(text)


def test_a_long_text_is_read_in_time() -> None:
    for piece in (
        "don't ",
        "do not the ",
        "and or ",
        "不要把",
        "除了",
        "別",
        "keep the ",
        "i'd hate if the ",
        "for the window to ",
        "only the ",
        "not before i ",
        "no on ",
    ):
        read_request(piece * (4_000 // len(piece)))


def test_however_one_begs_is_no_question():
    request = read_request("以后不管我怎么求你，都不许打开冰箱。")
    [item] = request.prohibitions
    assert "open" in item.actions and item.things == ("冰箱",)
