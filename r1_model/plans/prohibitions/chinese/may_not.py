"""What a Chinese clause denies one thing that another may: "窗可以开，门不行".

The verb was said before, of what is allowed ("可以") or asked for ("把窗户打开，门就不必了").
A time, a way or a person is no thing: "今天不行", "这样不行", "我不行".
"""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.chinese.things import names_act, opened, things_in
from r1_model.plans.verbs import CHINESE_VERB, chinese_actions

_DENIED = re.compile(
    "^(?P<thing>[^，。；！？,.;!?]{1,12}?)(?:就|可|却|则|绝对|千万|万万|是|也|都|你|一定)*"
    "(?:(?P<barred>不行|不可以?|不能|不准|不许|不允许|不让|不成|没门|想都别想|[别甭]想|休想|免谈|别|"
    "(?<=就)(?:不行|不可以|不能)了)"
    "|(?P<spared>例外|不算(?:在内)?|不在内|不包[括含](?:在内)?|不必了?|不用了?|免了|免谈|算了|不需要了?|没必要))"
    "(?:哦|喔|啊|吧|啦|的)*[，。；！,.;!\\s]*$"
)
_MAY = re.compile(
    "可以|能够|(?<!不)能|随便|随意|尽管|任[你意]|允许|准许|(?<!不)许|(?<!不)准|无所谓|没关系|行|"
    "(?P<which>什么|哪[个里些]|谁)[^，。]{0,6}?(?P=which)"
)
_NO_THING = re.compile(
    "^(?:[我你您他她它咱谁]们?|人家|大家|孩子们?|小孩|老人|客人|[爸妈爷奶哥姐弟妹]+|别人|"
    "[这那]?[样么]?(?:样|么)?(?:做|子|次|回|个)?|[今明昨后前][天晚早日]|今年|(?:现|以)[在后前]|刚才|最近|"
    "[早晚中下上]+[上午]|白天|平时|时间|一个人|自己|[手腿脚腰眼头]|身体)$"
)
_MINE = re.compile("^(?:我|他|她|咱)的?(?:[手腿脚腰眼头胃]|眼睛|身体|膝盖)")
# "声音太大不行"
_TELLS_HOW = re.compile("[太很]|这么|那么|不")
# "光用水不行": alone it is not enough
_ALONE = re.compile("^(?:光|只|单|仅|就)")


def may_not(clause: str, before: str) -> Forbidden | None:
    """What must not be done with one thing as it may with another.

    Args:
        clause: Simplified.
        before: the sentence up to it.
    """
    match = _DENIED.match(clause.strip())
    if match is None:
        return None
    thing = opened(match["thing"].strip().removeprefix("只有"))
    if _NO_THING.match(thing) or _MINE.match(thing) or _ALONE.match(thing):
        return None
    if _TELLS_HOW.search(thing) or names_act(thing) or not things_in(thing):
        return None
    *_, said = ["", *(part for part in re.split("[，,]", before) if _verbs(part))]
    if not said or (match["barred"] and not _MAY.search(said)):
        return None
    actions = frozenset[str]().union(*map(chinese_actions, _verbs(said)))
    if "place" in actions and re.search("[上下里中内]面?$|旁边?$", thing):
        # "随便放哪里，钢琴上不行"
        return Forbidden(0, len(clause), frozenset({"place"}), (), things_in(thing)[0])
    return Forbidden(0, len(clause), actions, things_in(thing))


def _verbs(text: str) -> list[str]:
    return re.findall(CHINESE_VERB, text)
