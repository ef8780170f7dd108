"""Chinese clauses that forbid; the rule is in `prohibitions`. All of it is in Simplified."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.verbs import (
    CARRYING,
    CHINESE_VERB,
    EVERYTHING,
    HANDLING,
    chinese_actions,
    verbs_in,
)

_CLAUSE = re.compile(r"[^，。；！？,.;!?\n]+[，。；！？,.;!?\n]*")
_BREAK = re.compile("但是|但|不过|可是|然后|接着|而是|只要|因为|(?<=[^就])而(?!且)|并且")
# 别 and 不 end or begin other words; these are none that forbid
_NO_WORD = (
    "(?<![个特分级性类区告识辨差派道离判鉴各])别(?![的人墅针处名致离扭客急怕担忘])"
    "|(?<![要])不要(?![紧忘客急怕担])|(?<!能)不能(?!不)|(?<!可)不可(?:以)?(?!不)|(?<!许)不许|不准|不得(?!不)"
    "|不应该|不应|不该|不用(?![担谢说客急怕])|不必|不需要|没必要|没有必要|无须|无需|毋须"
    "|不是(?!不)|绝不|决不|绝对不|永不|永远不|少(?=碰|动|管|开|玩|去)|用不着|犯不着|不劳|休想|妄想|[别甭]想"
    "|切勿(?!忘)|请勿(?!忘)|(?<![切请])勿(?!忘)|禁止|严禁|甭|避免|拒绝"
)
_FILL = (
    "(?:你|您|再|又|去(?=[^了，。]{0,6}(?:开|关|拿|碰|动|把|将))|来|给我|帮我|替我|随便|随意|乱|轻易|擅自|直接|马上|立刻|现在|先|也|都|"
    "让(?:任何)?人|任何人|有人|自己|故意|不小心|同时|急着|想着|尝试|试着|试图|在任何情况下|"
    "用手|用力|到处|进行|继续|去)*"
)
_OBJECT = "(?:(?:把|将|给)(?P<moved>[^，。；！？,.;!?]{1,24}?))?"
_GOVERNED = re.compile(
    f"(?P<no>{_NO_WORD})(?P<fill>{_FILL}){_OBJECT}(?P<fill2>{_FILL})(?P<verb>{CHINESE_VERB})"
)
_WITHOUT = re.compile(
    f"(?P<no>(?:在|请)?(?:不|没有?|未)(?!要|能|可|许|准|得|应|该|用|必|需|是|只|但|错|过|见|会|想))"
    f"{_OBJECT}(?P<verb>{CHINESE_VERB})(?P<rest>[^，。；！？,.;!?]*)"
)
_CONDITION = re.compile("(?:的)?(?:情况|前提|条件|状况|状态)?(?:之)?下|就|便")
_EXCEPT = re.compile(
    "(?:除了?(?P<thing>[^，。；！？,.;!?]{1,24}?)(?:以外|之外|外|，|,)"
    "|(?P<but>[^，。；！？,.;!?]{1,12}?)(?:以外|之外)的?)(?=(?P<rest>[^。；！？.;!?]*))"
)
_STAYS = re.compile(
    "(?:(?:让|保持|维持)(?P<after>[^，。；！？,.;!?]{1,20}?)|(?P<before>[^，。；！？,.;!?]{1,20}?)(?:要|必须|应该|得)?(?:一直)?(?:保持|维持))"
    "(?P<state>打开|开着|开启|开|亮着|亮|关闭|关着|关上|关|合上|原状|原样|不动|不变|现状)"
)
_LEFT = re.compile(
    "(?P<topic>[^，。；！？,.;!?]{0,12}?)(?:就让|让|留)(?P<thing>[^，。；！？,.;!?]{1,20}?)(?:继续|一直)?(?P<state>开着|亮着|关着|那样|待着|留着)"
)
_STAYS_SO = re.compile(
    "(?P<thing>[^，。；！？,.;!?]{1,16}?)(?:就)?(?:继续)?(?P<state>开着|亮着|关着)(?:就)(?:好|行|可以)"
)
_BANNED = re.compile(
    f"(?P<verb>{CHINESE_VERB})(?P<thing>[^，。；！？,.;!?]{{1,16}}?)"
    "(?:是)?(?:不行|不可以|不允许|不被允许|被禁止|禁止|不准)的?(?:[，。！\\s]|$)"
)
_REVERSE = {
    **dict.fromkeys(("打开", "开着", "开启", "开"), frozenset({"close", "turn_off"})),
    **dict.fromkeys(("亮着", "亮"), frozenset({"turn_off"})),
    **dict.fromkeys(("关闭", "关着", "关上", "关", "合上"), frozenset({"open", "turn_on"})),
}
_HALT = re.compile(
    r"^\W*(?:请|机器人|快|马上|立刻|现在|给我|你)*"
    r"(?:停下来?|停止|停住|站住|停|住手|别动|不要动|不许动)(?:一下|吧|别动)?\W*$"
)
_SELF = re.compile("(?:我|我们|他|她|它|他们|她们|谁|孩子|人家)(?:都|也|自己|现在|还|就)*$")
_WISH = re.compile(
    "我(?:们)?(?:都)?(?:不想|不希望|不愿意|不喜欢|不允许|不同意|不准)(?:你|让你|有人|别人|任何人)?"
)
_OPENING = re.compile(
    "^(?:请|请你|麻烦|拜托|机器人|你|您|千万|绝对|绝|记得|记住|注意|小心|和|也|还有|还|以及|并|就|都|"
    "但|可|而|那|那么|好|好的|嗯|快|先|现在|以后|从现在起|任何时候|无论如何|不管怎样|任何人都|谁都|"
    r"任何人|一定|一律|永远|永远都|在任何情况下|晚上|今天|都|\s|\W)*$"
)
_ANYTHING = re.compile(
    "^(?:任何|所有|一切|其他|其它|别|其余|什么|这些|那些|这个|那个|这|那)?的?(?:东西|物品|家具|事|它|它们|他|她|都)?$"
)
_OTHERS = re.compile("其他|其它|别的|其余")
_TAIL = re.compile(
    r"(?:了|啊|呀|吧|呢|哦|喔|嘛|啦|谢谢|好吗|的话|的时候|的情况下|的情况|的前提下|的条件下|情况下|"
    r"过来|过去|起来|进去|出来|出去|给我|来|去|走|掉|上|好|开|下|动|就|便|着|以外|都|\s|\W)+$"
)
_HEAD = re.compile(
    "^(?:了|到|在|往|着|任何一?个?|所有的?|一切|那个|这个|那些|这些|那|这|我的|你的|一个|一下|上|掉|开|"
    "起|里|的|给我|给|我)+"
)
_PLACE = re.compile(
    "(?P<thing>.*?)(?:放|摆|搁|丢|扔|倒|移|搬|拿|带|送|挪)?(?:到|在|进|入|往)(?P<place>.+)"
)
_PREVIOUS = re.compile("([^，。；！？,.;!?\n]+)[，,][^，。；！？,.;!?\n]*$")
_JOINED = re.compile("^(?:但是|但|不过|可是|然后|接着|而是|只要|因为|而|并且)")


def read_chinese(text: str) -> Iterator[Forbidden]:
    """What the Chinese of a text forbids.

    Args:
        text: Simplified.
    """
    if not re.search("[\u3400-\u9fff]", text):
        return
    yield from _exceptions(text)
    for sentence in _CLAUSE.finditer(text):
        start = sentence.start()
        for stop in [*(m.start() for m in _BREAK.finditer(text, start, sentence.end())),
                     sentence.end()]:  # fmt: skip
            if stop > start:
                for found in _read_clause(text, start, stop):
                    # "冰箱刚修好，今天不能打开": what it is about was said before
                    unnamed = not (found.things or found.others) and found.actions != EVERYTHING
                    said = _PREVIOUS.search(text[:start]) if unnamed else None
                    yield replace(found, things=(said[1],)) if said else found
            start = stop


def _read_clause(text: str, start: int, end: int) -> Iterator[Forbidden]:
    clause = text[start:end]
    if _HALT.match(clause):
        yield Forbidden(start, end, EVERYTHING)
        return
    clause = _JOINED.sub(lambda match: " " * len(match[0]), clause)
    for match in _GOVERNED.finditer(clause):
        before = clause[: match.start()]
        if match["no"] == "不是" and re.match("[着的了过]|好的", clause[match.end() :]):
            continue  # "灯不是开着吗"
        if before.endswith(("到", "得")):
            continue  # "湿到不能走"
        if _SELF.search(before.strip()) or before.endswith(("为什么", "何", "怎么", "要")):
            continue
        yield from _governed(clause, match, start, end)
        return
    wish = _WISH.search(clause)
    if wish is not None:
        verb = next(verbs_in(clause[wish.end() :], chinese=True), None)
        if verb is not None:
            rest = clause[wish.end() + verb.end() :]
            moved = clause[wish.end() : wish.end() + verb.start()]
            named = _thing(rest) or _thing(re.sub("被|把|将|给", "", moved))
            actions = chinese_actions(verb[0])
            yield Forbidden(start, end, actions, _tuple(named), others=bool(_OTHERS.search(clause)))
            return
    without = _WITHOUT.search(clause)
    if without is not None and _forbids_without(clause, without):
        condition = _CONDITION.search(without["rest"])
        stop = without.start("rest") + (condition.end() if condition else len(without["rest"]))
        named = without["moved"] or without["rest"][: condition.start() if condition else None]
        thing = _thing(named)
        first = start + without.start() if condition or without.start() else start
        yield Forbidden(first, start + stop, chinese_actions(without["verb"]), _tuple(thing))
        return
    banned = _BANNED.search(clause)
    if banned is not None:
        things = _tuple(_thing(banned["thing"]))
        yield Forbidden(start, end, chinese_actions(banned["verb"]), things)
        return
    stays = _LEFT.search(clause) or _STAYS.search(clause) or _STAYS_SO.search(clause)
    if stays is not None:
        groups = stays.groupdict()
        named = groups.get("thing") or groups.get("after") or groups.get("before") or ""
        if not _thing(named):  # "冰箱就让它关着"
            named = groups.get("topic") or named
        state = stays["state"]
        yield Forbidden(
            start, end, _REVERSE.get(state, HANDLING), _tuple(_thing(_opened(named))),
            also_request=state in _REVERSE,
        )  # fmt: skip


def _forbids_without(clause: str, match: re.Match[str]) -> bool:
    """ "在不打开冰箱的情况下", or a clause that is nothing else; not "灯不开了"."""
    before = clause[: match.start()]
    conditional = _CONDITION.search(match["rest"]) is not None
    if match["no"].lstrip("在请") in ("没", "没有", "未") and not conditional:
        return False  # "窗户没关" tells a state
    alone = _OPENING.match(before) and not re.match("的|着|好|上?了", match["rest"])
    return conditional or bool(alone)


def _governed(clause: str, match: re.Match[str], start: int, end: int) -> Iterator[Forbidden]:
    before, rest = clause[: match.start()], clause[match.end() :]
    actions = chinese_actions(match["verb"])
    for more in re.finditer(f"(?:或者?|和|及|也?不要|也?别|、)(?:是)?(?=({CHINESE_VERB}))", rest):
        actions |= chinese_actions(more[1])
    joined = re.match(f"(?:或者?|和|、)(?:{CHINESE_VERB})", rest)
    if joined is not None:
        rest = rest[joined.end() :]
    place = ""
    if "place" in actions and actions < CARRYING:
        whole = (match["moved"] or "") + match["verb"] + rest
        split = _PLACE.search(whole)
        if split is not None and (match["moved"] or "到" in rest or "在" in rest or "进" in rest):
            place = _thing(split["place"])
            rest = "" if match["moved"] else re.split("到|在|进|往", rest)[0]
    topic = _opened(before)
    named = match["moved"] or _thing(rest) or topic
    others = _OTHERS.search(named) is not None
    things = tuple(filter(None, (_thing(part) for part in re.split("或者?|和|与|跟|及|、", named))))
    # "拿杯子别打开柜子": what stands before is no topic but a request of its own
    asks = any(topic[verb.end() :][:1] != "着" for verb in verbs_in(topic, chinese=True))
    first = start + match.start() if asks else start
    yield Forbidden(first, end, actions, () if others else things, place, others)
    if "place" in actions and actions < CARRYING and not place and things:
        # "不是放沙发": what follows may be where to
        yield Forbidden(first, end, frozenset({"place"}), (), things[0])


def _exceptions(text: str) -> Iterator[Forbidden]:
    for match in _EXCEPT.finditer(text):
        actions: frozenset[str] = frozenset()
        for verb in verbs_in(match["rest"], chinese=True):
            actions |= chinese_actions(verb[0])
        thing = _thing(match["thing"] or match["but"])
        if thing:
            things = tuple(filter(None, map(_thing, re.split("或者?|和|与|跟|及|、", thing))))
            yield Forbidden(match.start(), match.end(), actions or HANDLING, things)


def _opened(text: str) -> str:
    """Without what opens a request."""
    return re.sub(
        "^(?:请你?|麻烦你?|拜托|机器人|你|您|千万|绝对|记得|记住|注意|小心|还有|就|但|可|而|那么?|好的?|"
        r"现在|以后|晚上|今天|任何人都|谁都|\s|\W)+|(?:都|也|绝对|千万|永远|，|,|\s)+$",
        "",
        text,
    )


def _thing(text: str) -> str:
    name = text.strip(" \t，。；！？,.;!?")
    while (shorter := _HEAD.sub("", _TAIL.sub("", name))) != name:
        name = shorter
    return "" if _ANYTHING.match(name) else name


def _tuple(thing: str) -> tuple[str, ...]:
    return tuple(filter(None, (_thing(part) for part in re.split("或者?|和|与|跟|及|、", thing))))
