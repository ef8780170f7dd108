"""What Chinese speakers deny one thing that another may, and what is to stay."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.request import read_request
from tests.r1_model.plans.prohibitions.each_step import left

# request, what it forbids, what it asks for
FORBIDS = [
    # one may, the other may not
    ("窗可以開，門不行。", "open 門", "open 窗"),
    ("灯可以关，电视不可以。", "turn_off 电视", "turn_off 灯"),
    ("書可以動，花瓶免談。", "pick 花瓶; push 花瓶", "pick 書"),
    ("客厅可以进，卧室不能。", "navigate_to 卧室", "navigate_to 客厅"),
    ("可以开窗，但是门不行。", "open 门", "open 窗"),
    ("窗戶能開，冰箱不准。", "open 冰箱", "open 窗戶"),
    ("把窗戶打開，門就不必了。", "open 門", "open 窗戶"),
    ("把燈打開，電視就算了。", "turn_on 電視", "turn_on 燈"),
    ("杯子你随便拿，花瓶绝对不行。", "pick 花瓶", "pick 杯子"),
    ("你可以拿盘子，刀子就不行了。", "pick 刀子", "pick 盘子"),
    # what stays, what does not move
    ("收拾桌子，花瓶留着。", "pick 花瓶", "pick 杯子; wipe 桌子"),
    ("收拾桌子，花瓶不动。", "pick 花瓶; push 花瓶", "pick 杯子; wipe 桌子"),
    ("收拾桌子，但花瓶不動。", "pick 花瓶; push 花瓶", "pick 杯子"),
    ("书都收走，字典保留。", "pick 字典", "pick 书"),
    ("蜡烛留着，别的都收走。", "pick 蜡烛", "pick 杯子"),
    ("擦桌子，笔记本电脑原地不动。", "pick 笔记本电脑", "wipe 桌子"),
    ("只收盘子，其他的不动。", "pick 花瓶", "pick 盘子"),
    ("沙發先留著，椅子搬走。", "pick 沙發; push 沙發", "pick 椅子"),
    ("收拾桌子，挂钟不动。", "pick 挂钟; push 挂钟", "pick 杯子"),
    # adverbs before the negation
    ("門先別開，把窗戶打開。", "open 門", "open 窗戶"),
    ("电视现在别开，把灯打开。", "turn_on 电视", "turn_on 灯"),
    ("花瓶暫時不要動，把桌子擦一下。", "pick 花瓶", "wipe 桌子; pick 杯子"),
    ("窗户今晚不许开，关灯。", "open 窗户", "turn_off 灯"),
    ("刀最好别碰，收拾桌子。", "pick 刀", "pick 杯子"),
    ("包裹随便放哪里都行,钢琴上不行。", "place 包裹, 钢琴", "place 包裹, 桌子"),
    ("收拾桌子，花瓶放着。", "pick 花瓶", "pick 杯子"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "forbidden", "asked"), FORBIDS)
def test_what_goes_and_what_stays(text: str, forbidden: str, asked: str) -> None:
    wanted = [step for step in asked.split("; ") if step]
    assert left(text, *forbidden.split("; "), *wanted) == wanted


# what looks like it, and the step that has to stay
HARMLESS = [
    ("你可以慢慢擦，我不行，我還要出門。", "wipe 桌子"),
    ("昨天还可以开，今天不行，帮我打开盒子。", "open 盒子"),
    ("窗戶可以開，這樣不行，太熱了，把窗戶打開。", "open 窗戶"),
    ("我的腿不行，把椅子拿来。", "pick 椅子"),
    ("用手可以擦，光用水不行，把桌子擦干净。", "wipe 桌子"),
    ("不擦桌子不行，快去擦。", "wipe 桌子"),
    ("非把窗户打开不可。", "open 窗户"),
    ("今天可以，明天不行，把桌子擦了。", "wipe 桌子"),
    ("杯子不行了，漏水，拿走。", "pick 杯子"),
    ("可以帮我拿杯子吗？我走路不行。", "pick 杯子"),
    ("门开着不行，关上。", "close 门"),
    ("電腦不動了，把它關掉。", "turn_off 電腦"),
    ("这个箱子我搬不动，帮我搬。", "pick 箱子"),
    ("門推不動，幫我開。", "open 門"),
    ("這張椅子留著沒用，搬走。", "pick 椅子"),
    ("门口留着一把伞，拿来。", "pick 伞"),
    ("他站着不动，把椅子搬给他。", "pick 椅子"),
    ("车不动，推一下椅子。", "push 椅子"),
    ("傘在門口放著,拿來。", "pick 傘"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "step"), HARMLESS)
def test_nothing_is_forbidden(text: str, step: str) -> None:
    assert not read_request(text).prohibitions
    assert left(text, step) == [step]
