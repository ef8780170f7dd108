"""How far a Chinese negation reaches, and where it is of a number: "别拿超过两个"."""

from __future__ import annotations

import re

from r1_model.plans.prohibitions.chinese.things import names_act
from r1_model.plans.verbs import CHINESE_VERB

_NUMBER = "[一两二三四五六七八九十几半\\d]+[个只张把本盏扇台杯盘些块]?"
_MORE_THAN = re.compile(f"[了掉]?(?:超过|多于|多过|不止|{_NUMBER}以上)")
_EACH = re.compile("所有|全|每")
_ONLY_SOME = re.compile(
    f"(?:只|就|先)?(?:要|把)?(?:{CHINESE_VERB}|留)?{_NUMBER}[^，。；！？,.;!]{{0,4}}(?:就|即可|[。，！]|$)"
)
# "窗户，门和冰箱都别动"
_TOPICS = re.compile(
    "(?:^|(?<=[。；！？.;!?]))[^，。；！？,.;!?]{1,6}[，,](?=[^，。；！？,.;!?]{1,8}[和跟与及、]"
    "[^，。；！？,.;!?]{1,8}[都全](?:别|不))"
)
# "别动书，以及电脑"
_MORE = re.compile(f"[，,](?:以及|还有|及|和)(?=(?:(?!{CHINESE_VERB})[^，。；！？,.;!?]){{1,8}}$)")
_OR = re.compile(f"(?<=[，,、])(?P<or>或者|或是|或)(?={CHINESE_VERB})")


def with_each_negation(text: str, negation: str) -> str:
    """A text that denies again what "or" joins to a negation: "别碰花瓶，或者关灯".

    Args:
        text: Simplified. Each of its characters keeps its place.
        negation: a pattern of words that deny.
    """
    text = _TOPICS.sub(_listed, text)
    parts = re.split("([。；！？.;!?\\n])", text)
    for place, sentence in enumerate(parts):
        first = re.search(negation, sentence)
        if first is not None:
            rest = sentence[first.end() :]
            denied = _OR.sub(lambda found: "别" if len(found[0]) == 1 else "不要", rest)
            denied = _MORE.sub(lambda found: "、" * len(found[0]), denied)
            parts[place] = sentence[: first.end()] + denied
    return "".join(parts)


def _listed(found: re.Match[str]) -> str:
    return found[0] if names_act(found[0]) else f"{found[0][:-1]}、"


def counts(moved: str, rest: str, after: str) -> bool:
    """Is it a number that is denied, not the act: "不要把窗户全都打开，开一扇就行"?

    Args:
        moved: what 把 moves before the verb.
        rest: what follows the verb in its clause.
        after: what follows the clause.
    """
    if _MORE_THAN.match(rest):
        return True
    return bool(_EACH.search(moved or rest) and _ONLY_SOME.match(after))
