"""Which things a Chinese clause that forbids names. All of it is in Simplified."""

from __future__ import annotations

import re

from r1_model.plans.verbs import verbs_in

_ANYTHING = re.compile(
    "^(?:任何|所有|一切|其他|其它|别|其余|什么|这些|那些|这个|那个|这|那)?的?(?:东西|物品|家具|事|它|它们|他|她|都)?$"
)
# verbs are parts of these words for things
_TOOLS = re.compile(
    "回收[箱桶]|收纳[箱盒]|走廊|走道|拖把|拖鞋|扫[把帚]|扫地机|吸尘器|洗[衣碗]机|洗[手脸][盆池台]|收音机|挂[钟画]|推车|拉[杆链]箱?|开关|"
    "开瓶器|夹[子克]|摆[件设]|抹布|玩[具偶]|水管|[提拎手]包|提琴|存钱罐|放大镜|装饰品?|泡面|餐?用[品具]|铺盖"
)
MEASURE = "[个张台本只把件条盏扇瓶盒块双副部辆架座碗杯样份根颗盆盘]"
_TAIL = re.compile(
    f"(?:(?:哪怕|就算|连)?[一半]{MEASURE}也?|什么(?:东西)?|任何东西|啥|"
    r"了|啊|吗|好不好|呀|吧|呢|哦|喔|嘛|啦|谢谢|好吗|的话|的时候|的情况下|的情况|的前提下|的条件下|情况下|"
    r"过来|过去|起来|进去|出来|出去|给我|来|去|走|掉|上|好|开|下|动|就|便|着|以外|都|\s|\W)+$"
)
_OWNED = re.compile("(?:我|他|她|人家|[爸妈爷奶哥姐弟妹]{1,2}|客人|别人|孩子)们?的(?:东西|物品)")
_HEAD = re.compile(
    f"^(?:[一这那几两各每哪](?:几)?{MEASURE}(?=.)|了|到|在|往|着|任何一?个?|所有的?|一切|那个|这个|那些|这些|那|这|我的|你的|一个|一下|上|掉|开|"
    "起|里|的|给我|给|我)+"
)


def opened(text: str) -> str:
    """Without what opens a request."""
    return re.sub(
        "^(?:请你?|麻烦你?|拜托|机器人|你|您|千万|万万|绝对|记得|记住|注意|小心|还有|就|但|可(?!乐)|而|那么|唯独|唯有|那(?![个些])|好的?|"
        r"现在|以后|晚上|今天|任何人都|谁都|\s|\W)+|(?:谁|任何人|你|您|都|也|可|绝对|千万|永远|"
        "先|暂时|暂且|目前|现在|今天|今晚|晚上|最好|一定|还是|就|，|,|\\s)+$",
        "",
        text,
    )


def thing_in(text: str) -> str:
    """The noun phrase of a text, empty where it leaves open what is meant."""
    name = text.strip(" \t，。；！？,.;!?")
    owned = _OWNED.search(name)
    if owned is not None:
        return owned[0]  # "我的东西": no name tells it
    while (shorter := _HEAD.sub("", _TAIL.sub("", name))) != name:
        name = shorter
    return "" if _ANYTHING.match(name) else name


def things_in(thing: str) -> tuple[str, ...]:
    """Each of several noun phrases that are joined."""
    return tuple(filter(None, (thing_in(part) for part in re.split("或者?|和|与|跟|及|、", thing))))


def names_act(thing: str) -> bool:
    """Is something done in these words, "擦桌子", so that they are no noun phrase?"""
    return any(verbs_in(_TOOLS.sub("", thing), chinese=True))
