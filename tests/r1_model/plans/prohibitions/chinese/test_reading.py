"""Forms in which Chinese speakers forbid, each beside what only looks like it."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.request import read_request
from tests.r1_model.plans.prohibitions.each_step import left

# request, what it forbids, what it asks for
FORBIDS = [
    # two names that end alike are two things where both are named
    ("台灯能关，大灯不能。", "turn_off 大灯", "turn_off 台灯"),
    ("书桌别动，把餐桌擦了。", "push 书桌", "wipe 餐桌"),
    # what is left open is no question
    ("随便你动什么，电脑不行。", "pick 电脑", "pick 杯子"),
    ("想拿哪个拿哪个，红杯子不行。", "pick 红杯子", "pick 蓝杯子"),
    # a negation reaches over "or", and ends where another order begins
    ("别碰花瓶，或者打开冰箱。", "pick 花瓶; open 冰箱", ""),
    ("请不要动书、花瓶，以及电脑。", "pick 书; pick 电脑", ""),
    ("别关灯把窗户关上", "turn_off 灯", "close 窗户"),
    ("窗户，门和冰箱都别动，擦桌子。", "open 窗户; open 冰箱", "wipe 桌子"),
    ("花瓶，别动！把杯子拿来。", "pick 花瓶", "pick 杯子"),
    ("除了杯子什么都别碰。", "pick 花瓶", "pick 杯子"),
    ("除了书，其他都不要拿。", "pick 花瓶", "pick 书"),
    ("把桌上的东西都拿走，花瓶例外。", "pick 花瓶", "pick 盘子"),
    ("什么都别做。", "pick 杯子; open 冰箱", ""),
    ("别把书放床上，放桌子上。", "place 书, 床", "place 书, 桌子"),
    # whoever it is said to
    ("誰都不許碰我的電腦，把桌子擦乾淨。", "pick 電腦; push 電腦", "wipe 桌子"),
    ("我的電腦誰也不能碰。擦桌子。", "pick 電腦", "wipe 桌子"),
    ("窗户坏了，谁也别去开它。把灯关了。", "open 窗户", "turn_off 灯"),
    ("我不要你開冰箱，拿杯子就好。", "open 冰箱", "pick 杯子"),
    ("我不想看到你动花瓶。擦桌子。", "pick 花瓶", "wipe 桌子"),
    ("我可没让你开冰箱，去擦桌子。", "open 冰箱", "wipe 桌子"),
    ("刀太危險，不能讓你拿，去擦桌子。", "pick 刀", "wipe 桌子"),
    # the verb before the negation
    ("窗户开不得，把灯打开。", "open 窗户", "turn_on 灯"),
    ("花瓶碰不得，你擦桌子就好。", "pick 花瓶", "wipe 桌子"),
    ("花瓶很贵，碰都别碰。擦桌子。", "pick 花瓶", "wipe 桌子"),
    # instead of, and no longer
    ("與其開冰箱，不如把桌上的杯子拿來。", "open 冰箱", "pick 杯子"),
    ("停止擦桌子，去拿杯子。", "wipe 桌子", "pick 杯子"),
    ("拿杯子而不是盘子。", "pick 盘子", "pick 杯子"),
    ("把书放到桌子上而不是床上。", "place 书, 床", "place 书, 桌子"),
    # away from, into
    ("离花瓶远点，擦桌子。", "pick 花瓶; navigate_to 花瓶", "wipe 桌子"),
    ("遠離爐子，把杯子拿來。", "navigate_to 爐子", "pick 杯子"),
    ("避开厨房，把书拿来。", "navigate_to 厨房", "pick 书"),
    ("繞開花瓶，擦桌子。", "navigate_to 花瓶", "wipe 桌子"),
    ("拿本书给我，别进厨房。", "navigate_to 厨房", "pick 书"),
    ("把書拿來，廚房不要進去。", "navigate_to 廚房", "pick 書"),
    ("臥室是禁區，把書拿來。", "navigate_to 臥室", "pick 書"),
    ("卧室禁止入内，把书拿来。", "navigate_to 卧室", "pick 书"),
    # what stays, and what is not wanted
    ("窗戶繼續關著，把燈打開。", "open 窗戶", "turn_on 燈"),
    ("盤子放著就好，把杯子拿來。", "pick 盤子", "pick 杯子"),
    ("把桌上的東西收走，但電腦留下。", "pick 電腦", ""),
    ("电脑原封不动，擦桌子。", "push 电脑", "wipe 桌子"),
    ("桌上除了電腦都收走。", "pick 電腦", ""),
    ("所有的燈都關掉，檯燈除外。", "turn_off 檯燈", ""),
    ("要杯子，不要盤子。", "pick 盤子", ""),
    ("咖啡不要了，把窗户关上。", "make_coffee 咖啡", "close 窗户"),
    ("取消咖啡，把窗户关上。", "make_coffee 咖啡", "close 窗户"),
    ("最好是让花瓶待在原处，把书拿来。", "pick 花瓶; push 花瓶", "pick 书"),
    # what was agreed on, kept for others, or is threatened
    ("能不能答应我不碰花瓶？把杯子拿来。", "pick 花瓶", "pick 杯子"),
    ("答應我別動花瓶，去擦桌子。", "pick 花瓶", "wipe 桌子"),
    ("窗户我自己关，你把灯打开。", "close 窗户", "turn_on 灯"),
    ("你要是敢碰花瓶我就生气了，擦桌子。", "pick 花瓶", "wipe 桌子"),
    ("没我的允许不许开窗，去关灯。", "open 窗", "turn_off 灯"),
    ("等我回来再开窗，先擦桌子。", "open 窗", "wipe 桌子"),
    ("我來開窗，你擦桌子。", "open 窗", "wipe 桌子"),
    ("你敢開冰箱試試！把杯子拿來。", "open 冰箱", "pick 杯子"),
    ("花瓶是新的，離它遠一點。擦桌子。", "pick 花瓶; navigate_to 花瓶", "wipe 桌子"),
    # two languages in one sentence
    ("don't 開冰箱，拿杯子給我。", "open 冰箱", "pick 杯子"),
    ("never 碰花瓶，擦桌子。", "pick 花瓶", "wipe 桌子"),
    ("别open fridge，把mug拿来", "open fridge", "pick mug"),
    ("不要 touch 花瓶，擦桌子。", "pick 花瓶", "wipe 桌子"),
    # until when, who says so, what stands between; what it is entered for
    ("空调坏了,修好之前谁都别开,先开风扇。", "turn_on 空调", "turn_on 风扇"),
    ("烤箱剛修好,師傅說三天內不能開,拿盤子。", "turn_on 烤箱", "pick 盤子"),
    ("把收音机打开,等等,还是别开了,关灯。", "turn_on 收音机", "turn_off 灯"),
    ("会议室正在开会,先别进去打扫,拖走廊。", "clean 会议室; navigate_to 会议室", "clean 走廊"),
    ("臥室先別進去,客廳掃一下。", "clean 臥室", "clean 客廳"),
    ("药柜的门一律不开。拿杯子。", "open 药柜的门", "pick 杯子"),
    ("轮椅还要用,您就别往外推了,擦鞋柜。", "push 轮椅", "wipe 鞋柜"),
    # left to the speaker, gone around, as if it was not there
    ("那個藥盒我來處理就好,去拿杯子。", "pick 藥盒; open 藥盒", "pick 杯子"),
    ("積木堆了好久,拜託繞過去,擦桌子。", "pick 積木; push 積木", "wipe 桌子"),
    ("合同你就当没看见,把杯子收走。", "pick 合同", "pick 杯子"),
    ("走廊随便你扫,书房就算了。", "navigate_to 书房; clean 书房", "clean 走廊"),
    # the noun was said before
    ("可乐要冰的,常温的不要。", "pick 常温的可乐", ""),
    ("谁说你能碰花瓶的？擦桌子。", "pick 花瓶", "wipe 桌子"),
    ("我什么时候说过可以动花瓶？擦桌子。", "pick 花瓶", "wipe 桌子"),
]


@pytest.mark.parametrize(("text", "forbidden", "asked"), FORBIDS)
def test_what_goes_and_what_stays(text: str, forbidden: str, asked: str) -> None:
    wanted = [step for step in asked.split("; ") if step]
    assert left(text, *forbidden.split("; "), *wanted) == wanted


POLITE = """
你能不能不要碰花瓶？
可以請你別碰花瓶嗎？
拜託不要再碰花瓶了好嗎？
以后花瓶就别动了，行吗？
我不是說過不要碰花瓶嗎？
你能不能保证不动花瓶？
花瓶是我奶奶留下的，谁都不准碰。
""".strip().splitlines()


@pytest.mark.parametrize("text", POLITE)
def test_an_earlier_turn_forbids_politely(text: str) -> None:
    steps = ("pick 花瓶", "clean 地板")
    assert left("整理房间。", *steps, earlier=text) == ["clean 地板"]


HARMLESS = [
    ("别让窗户开着。", "close 窗户"),
    ("別讓燈一直亮著。", "turn_off 燈"),
    ("电视不要一直开着，关掉。", "turn_off 电视"),
    ("不關燈我睡不著，把燈關掉。", "turn_off 燈"),
    ("不管怎样，先把窗户关上。", "close 窗户"),
    ("不管哪個抱枕都行，放一個到沙發上。", "place 抱枕, 沙發"),
    ("别管哪个杯子，拿来就行。", "pick 杯子"),
    ("离窗户远的那盏灯打开。", "turn_on 灯"),
    ("离我最近的杯子拿来。", "pick 杯子"),
    ("不要客氣，儘管把電視打開。", "turn_on 電視"),
    ("不要盤子也沒關係，把杯子拿來。", "pick 杯子"),
    ("谁都没关窗户，你去关窗户。", "close 窗户"),
    ("進來，把門關上。", "close 門"),
    ("免得着凉，把窗户关上。", "close 窗户"),
    ("不得已，把窗户打开吧。", "open 窗户"),
    ("这本书不是我的，拿去放桌上。", "place 书, 桌子"),
    ("要不要把窗户关上，好吗？", "close 窗户"),
    ("答应我把窗户关上。", "close 窗户"),
    ("等水開了再關火。", "turn_off 火"),
    ("别走，把书拿来。", "navigate_to 书"),
    ("不能再拖了，馬上擦桌子。", "wipe 桌子"),
    ("我來晚了，幫我來開窗。", "open 窗"),
    ("我不敢碰刀，你把刀拿走。", "pick 刀"),
    ("再敢说没空？快去擦桌子。", "wipe 桌子"),
    ("我自己关不了窗户，你来关。", "close 窗户"),
    ("我自己搬来的椅子，推进去。", "push 椅子"),
    ("又不是不能開窗,開一下。", "open 窗"),
    ("谁说书柜不能动的,往左推一点。", "push 书柜"),
    ("抽屜不推一下關不緊,你推一下。", "push 抽屜"),
    ("没什么不能动的,桌上的都收了吧。", "pick 杯子"),
    ("别绕路，直接去厨房。", "navigate_to 厨房"),
    ("你绕过去把杯子拿来。", "pick 杯子"),
]


@pytest.mark.parametrize(("text", "step"), HARMLESS)
def test_what_only_looks_like_it_takes_no_step(text: str, step: str) -> None:
    assert left(text, step) == [step]
    assert read_request(text).prohibitions == ()
