"""What a Chinese clause says is never done, or scolds and threatens for: "碰不得", "谁让你动了"."""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.chinese.things import opened, thing_in, things_in
from r1_model.plans.verbs import CHINESE_VERB, chinese_actions

SELF = re.compile(
    "(?:(?<!答应)(?<!保证)我|我们|(?<!其)他|她|它|他们|她们|孩子|人家)(?:都|也|自己|现在|还|就)*$"
)
_BANNED = re.compile(
    f"(?<![光只单仅])(?P<verb>{CHINESE_VERB})(?!着)(?P<thing>[^，。；！？,.;!?]{{1,16}}?)"
    "(?:是)?(?:不行|不可以|不允许|不被允许|被禁止|禁止|不准)的?(?:[，。！\\s]|$)"
)
# "花瓶碰不得"
_NEVER_DONE = re.compile(
    f"(?P<thing>[^，。；！？,.;!?]{{0,16}}?)(?P<verb>{CHINESE_VERB})不得(?!不|已|了)"
)
# "你要是敢碰花瓶我就生气了"; "我不敢碰" tells of the speaker
_DARED = re.compile(
    "(?:要是|如果|若|再|谁|你|胆)(?:你|谁|再|还)*敢(?![不吗])(?:再|去)*"
    f"(?P<verb>{CHINESE_VERB})(?P<thing>[^，。；！？,.;!?]{{0,16}}?)"
    "(?:我?就|我跟|看我|试试|有你|小心|[，。；！？,.;!?]|$)"
)
# "谁让你开窗了"; "保险箱谁开谁倒霉", "你要是碰花瓶，我就把你关机"
_WHO_TOLD = re.compile(
    f"(?:谁|什么时候)(?:(?:让|叫|准|允许|许)过?你|说过?你?(?:可以|能))(?:去|来|乱|随便)*(?P<verb>{CHINESE_VERB})(?P<thing>[^，。；！？,.;!?]{{0,16}})"
)
_BAD = "把你|跟你|和你|没完|生气|倒霉|遭殃|完蛋|后果|小心|揍|骂|哭|翻脸"
_THREAT = re.compile(
    f"(?:(?:要是|如果|若)(?:你|谁)?|谁|你)(?:再|要是|敢|又|还)*(?P<verb>{CHINESE_VERB})"
    f"(?P<thing>[^，。；！？,.;!?]{{0,16}}?)(?:[,，]|谁|就|会)[^。；！？.;!?]{{0,6}}(?:{_BAD})"
)


def told_off(clause: str, onward: str) -> Forbidden | None:
    """What must not be done, by a word behind the verb or by what it would lead to.

    Args:
        clause: Simplified.
        onward: the text from the clause on.
    """
    banned = _BANNED.search(clause) or _NEVER_DONE.search(clause)
    # "我走路不行" tells of the speaker
    if banned is not None and not SELF.search(clause[: banned.start()].strip()):
        things = things_in(thing_in(opened(banned["thing"])))
        return Forbidden(0, len(clause), chinese_actions(banned["verb"]), things)
    threat = _WHO_TOLD.search(clause)
    if threat is None:
        sentence = re.match("[^。；！？.;!?]*", onward)
        threat = _THREAT.search(sentence[0]) if sentence is not None else None
    if threat is not None and threat.start() < len(clause):
        named = thing_in(threat["thing"]) or opened(clause[: threat.start()])
        return Forbidden(0, len(clause), chinese_actions(threat["verb"]), things_in(named))
    dared = _DARED.search(clause)
    if dared is not None and not SELF.search(clause[: dared.start()]):
        things = things_in(thing_in(dared["thing"]))
        return Forbidden(0, len(clause), chinese_actions(dared["verb"]), things)
    return None
