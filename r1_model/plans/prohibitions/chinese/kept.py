"""What a Chinese clause wants to stay as it is, to be kept away from, or to be left out."""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.chinese.things import opened, thing_in, things_in
from r1_model.plans.verbs import (
    CHINESE_VERB,
    EVERYTHING,
    HANDLING,
    chinese_actions,
    verbs_in,
)

_NEARING = EVERYTHING - {"look_at", "wait"}
_STAYS = re.compile(
    "(?:(?:让|保持|维持)(?P<after>[^，。；！？,.;!?]{1,20}?)|(?P<before>[^，。；！？,.;!?]{1,20}?)(?:要|必须|应该|得)?(?:一直)?(?:保持|维持))"
    "(?P<state>打开|开着|开启|开|亮着|亮|关闭|关着|关上|关|合上|原状|原样|不动|不变|现状)"
)
_LEFT = re.compile(
    "(?P<topic>[^，。；！？,.;!?]{0,12}?)(?:就让|让|留)(?P<thing>[^，。；！？,.;!?]{1,20}?)(?:继续|一直|就|在[这那]里?[儿边]?|在原[处地位])*(?P<state>开着|亮着|关着|那样|[待留放呆摆搁躺立挂拉锁]着|"
    "[待呆留放摆]在(?:原[处位地]|那[里儿边]|这[里儿边]))"
)
_STAYS_SO = re.compile(
    "(?P<thing>[^，。；！？,.;!?]{1,16}?)(?:就)?(?:继续)?(?P<state>开着|亮着|关着)(?:就)(?:好|行|可以)"
)
_GOES_ON = re.compile(
    "(?P<thing>[^，。；！？,.;!?]{1,16}?)(?:得|要|必须|请|就)?(?:继续|一直|都?给我|[那这]么|[那这]样|照样|照旧)"
    "(?P<state>开着|亮着|关着|[放留拉锁摆躺立插晾挂堆]着)"
)
_STAYS_HERE = re.compile(
    "(?P<thing>[^，。；！？,.;!?]{1,16}?)(?:请|就|也|都|全部)*"
    "(?P<state>原封不动|留下|留在(?:原[处位地]|那[里儿边]|这[里儿边])|(?:放|留|摆)着(?:就)?(?:好|行|可以))$"
)
# "别让窗户开着" asks to close it
_NOT_TO_STAY = re.compile(
    "(?:别|不要|不能|不许|不准|勿|不可以|不该|不用|没必要)[^，。]{0,8}?(?:让|保持|留|一直|开着|亮着|关着)"
)
_AWAY = re.compile(
    "(?:^(?P<topic>[^，。；！？,.;!?]{1,12}?)(?:你|要|请|得|都|给我)*[离躲](?:得|它|他)*远|"
    "(?<![拉移搬推脱])离(?P<far>[^，。；！？,.;!?]{1,16}?)(?:远|有段距离)(?!的)|"
    "(?:远离|避开|[绕繞]开|[绕繞]过(?!去|来)|躲开)(?P<from>[^，。；！？,.;!?]{1,16}?)(?:走|就好|$|[，。；！？,.;!?]))"
)
# of a thing that was named before: "花瓶很贵，绕着走"
_AROUND = re.compile("(?<![别不甭勿用要])[绕繞](?:着走?|过去|开|道|行|路)(?:走|吧|就好|就行)*\\W*$")
_OFF_LIMITS = re.compile(
    "(?P<thing>[^，。；！？,.;!?]{1,16}?)(?:是|属于|列为)?(?:禁区|禁地|禁止入内|闲人免进|禁止通行)"
)
_LEFT_OUT = re.compile(
    r"^(?:请|那|就|还是|\s)*(?:(?:取消|不要(?![紧忘客急怕担误]))(?!.*也(?:没|行|可|好))(?P<what>[^，。；！？,.;!?]{1,12}?)|"
    "(?P<topic>[^，。；！？,.;!?]{1,12}?)(?:就|都|也)*(?:不要了?|免了|不用了|取消|算了|免谈|[随由]它去?|别管它?了?|不管它?了?|别理它?|(?:你|您)?想都(?:别|不要|不用)想|休想|门儿?都没有|没门|想得美|不归你管?|不关你的?事|没你的?事|轮不到你[管碰动]?|就?当(?:作|做|它)*(?:没看[见到]|不存在|没有)|与你无关|不是你(?:的|该碰的|能碰的)|(?:留|交|让)给(?:我|大人|爸爸|妈妈)(?:来|吧|处理|弄|收|收拾|关|开|洗|擦|拿)?|跳过|略过))(?:吧|啦|好了)?\\W*$"
)
# "窗户我自己关"; "我自己关不了", "我自己开的" tell what is
_MYSELF = re.compile(
    "(?P<thing>[^，。；！？,.;!?]{0,12}?)(?:还是|就|由|让)*(?:(?<![帮给替为])我们?(?:自己(?:来|会|去)*|来)"
    "|只有我们?(?:自己)?才?(?:能|可以|准|许))"
    f"(?P<verb>{CHINESE_VERB})(?![不得的了过])(?P<rest>[^，。；！？,.;!?]*)"
)
# what waits for people, not for the end of a step: "等我回来再开窗"
_PUT_OFF = re.compile(
    "^(?:(?:只有|必须|得|要)(?:我|咱|他|她|大人|爸爸?|妈妈?|大家|有人)[^，。；！？,.;!?]{0,10}?才"
    "(?:能|可以|准|许|让|会)?|(?:请|先|就|还是|都)*等(?:到)?(?:我|咱|他|她|大家|有人)[^，。；！？,.;!?]{0,8}?(?:再|才))(?:去|来|把)?"
    f"(?P<moved>[^，。；！？,.;!?]{{0,12}}?)(?P<verb>{CHINESE_VERB})(?P<rest>[^，。；！？,.;!?]*)"
)
_CONTRAST = re.compile("^(?:而)?(?:不是|非)(?P<thing>[^，。；！？,.;!?]{1,12}?)\\W*$")
# "那份文件我来就好"
_BY_ME = re.compile(
    "^(?P<thing>[^，。；！？,.;!?等]{1,12}?)(?:还是|就|由|让)*我(?:自己)?来(?:就(?:好|行|可以)|吧)*\\W*$"
)
_ROOM = re.compile("[房室厅]$|厨房|走廊|阳台|车库|院子")
_NOBODY = re.compile("^(?:我们?|你们?|您|他|她|这|那|什么|紧|了|要)$")
_REVERSE = {
    **dict.fromkeys(("打开", "开着", "开启", "开"), frozenset({"close", "turn_off"})),
    **dict.fromkeys(("亮着", "亮"), frozenset({"turn_off"})),
    **dict.fromkeys(("关闭", "关着", "关上", "关", "合上"), frozenset({"open", "turn_on"})),
}


def kept_away_from(clause: str) -> Forbidden | None:
    """ "离花瓶远点", "卧室是禁区"."""
    if _AROUND.search(clause):
        return Forbidden(0, len(clause), _NEARING)
    away = _AWAY.search(clause) or _OFF_LIMITS.search(clause)
    if away is None:
        return None
    named = next(group for group in away.groups() if group)
    things = things_in(opened(named))
    return Forbidden(0, len(clause), _NEARING, things) if things or "它" in named else None


def left_as_it_is(clause: str) -> Forbidden | None:
    """ "让灯开着", "电脑留下", "盘子放着就好"."""
    if _NOT_TO_STAY.search(clause):
        return None
    for pattern in (_LEFT, _STAYS, _STAYS_SO, _GOES_ON, _STAYS_HERE):
        stays = pattern.search(clause.rstrip("，。；！？,.;!? \n"))
        if stays is None:
            continue
        groups = stays.groupdict()
        named = groups.get("thing") or groups.get("after") or groups.get("before") or ""
        if not thing_in(named):  # "冰箱就让它关着"
            named = groups.get("topic") or named
        state = stays["state"]
        others = re.search("其他|其它|其余|别的", named) is not None
        return Forbidden(
            0, len(clause), _REVERSE.get(state, HANDLING),
            () if others else things_in(opened(named)), "", others, also_request=state in _REVERSE,
        )  # fmt: skip
    return None


def left_out(clause: str) -> Forbidden | None:
    """ "咖啡不要了", "不要盘子": what is not wanted at all."""
    match = _LEFT_OUT.match(clause)
    if match is None:
        return None
    named = match["what"] or match["topic"]
    if any(True for _ in verbs_in(named, chinese=True)) or _NOBODY.match(opened(named)):
        return None
    things = things_in(opened(named))
    actions = _NEARING if any(map(_ROOM.search, things)) else HANDLING
    return Forbidden(0, len(clause), actions, things) if things else None


def done_by_others(clause: str) -> Forbidden | None:
    """ "窗户我自己关"."""
    match = _MYSELF.match(clause)
    if match is None:
        by_me = _BY_ME.match(clause)
        things = things_in(opened(by_me["thing"])) if by_me is not None else ()
        return Forbidden(0, len(clause), HANDLING, things) if things else None
    if re.search("(?<![我你他她])的", match["rest"]):
        return None  # "我自己搬来的椅子"
    things = things_in(thing_in(match["rest"])) or things_in(opened(match["thing"]))
    return Forbidden(0, len(clause), chinese_actions(match["verb"]), things) if things else None


def put_off(clause: str) -> Forbidden | None:
    """ "等我回来再开窗": now it must not be done."""
    match = _PUT_OFF.match(clause)
    if match is None:
        return None
    things = things_in(thing_in(match["rest"])) or things_in(thing_in(match["moved"]))
    return Forbidden(0, len(clause), chinese_actions(match["verb"]), things) if things else None


def contrasted(text: str, start: int, end: int) -> Forbidden | None:
    """ "拿杯子而不是盘子": what was asked for must not be done with the other."""
    match = _CONTRAST.match(text[start:end])
    sentence = re.split("[。；！？.;!?]", text[:start])[-1]
    verbs = list(re.finditer(CHINESE_VERB, sentence))
    if match is None or not (verbs or re.search("要的?是|想要|我要", sentence)):
        return None
    actions = frozenset[str]().union(*(chinese_actions(verb[0]) for verb in verbs))
    actions = actions or frozenset({"pick", "place", "push"})
    thing = thing_in(match["thing"])
    if thing.endswith("的") and verbs:  # "拿杯子，不是蓝色的"
        thing = thing[:-1] + thing_in(re.split("[，,]", sentence[verbs[0].end() :])[0])
    if not thing:
        return None
    if re.search("[到在进]|[放摆搁]", sentence):  # "放到桌子上而不是床上"
        return Forbidden(0, end - start, frozenset({"place"}), (), thing)
    return Forbidden(0, end - start, actions, (thing,))
