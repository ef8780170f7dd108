"""What a Chinese clause says to be left: "收拾桌子，花瓶不动", "花瓶留着".

"不动" also tells what is stuck ("电脑不动，帮我看看", "推不动") or who stands still; it forbids
beside an order that comes first, of all others, or where it is said how: "原地不动".
"""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.chinese.things import names_act, opened, things_in
from r1_model.plans.verbs import HANDLING, verbs_in

_THING = "(?P<thing>[^，。；！？,.;!?]{1,16}?)"
_MUST = (
    "(?:就|都|也|先|则|全|全部|一律|暂时|还是|要|得|必须|请|给我|帮我|继续|一直|原地|原样|保持)*"
)
_KEPT = re.compile(
    f"^{_THING}{_MUST}(?:留着|保留|留下来|留住|(?P<laid>[放搁摆]着))(?:吧|就好|就行|就可以)?$"
)
# "推不动", "站着不动"
_STILL = re.compile(
    f"^{_THING}(?P<rule>{_MUST})(?<![推拉搬抬拿提拽拖扛挪移转拧按走跑跳划骑开关打吃听说看着得了])不动$"
)
_OTHERS = re.compile("其他|其它|别的|其余|剩下")
_PEOPLE = re.compile(
    "^(?:[我你您他她咱谁]们?|人家|大家|客人|孩子们?|小孩|老人|[爸妈爷奶哥姐弟妹]+|宝宝|猫咪?|狗狗?)$"
)
_RULE = re.compile("都|全|一律|原地|原样|必须|要|暂时|先")


def not_moved(clause: str, before: str) -> Forbidden | None:
    """What stays where it is.

    Args:
        clause: Simplified.
        before: the sentence up to it.
    """
    said = clause.strip(" ，。；！,.;!\n")
    kept, still = _KEPT.match(said), _STILL.match(said)
    match = kept or still
    if match is None:
        return None
    thing = re.sub("^(?:把|将|让|使)", "", opened(match["thing"]))
    others = _OTHERS.search(thing) is not None
    if _PEOPLE.match(thing) or not (others or things_in(thing)):
        return None
    if names_act(thing):
        return None
    if kept is not None and kept["laid"] and ("在" in thing or not _asks(before)):
        return None  # "门口放着" tells what is
    if kept is None and not (others or _RULE.search(match["rule"]) or _asks(before)):
        return None
    return Forbidden(0, len(clause), HANDLING, () if others else things_in(thing), others=others)


def _asks(before: str) -> bool:
    """ "Is anything to be done?"; "我搬了" tells what was."""
    return any(
        not re.match("了|过|不|着", before[v.end() :]) for v in verbs_in(before, chinese=True)
    )
