"""What a Chinese text excepts: "除了杯子以外", "不包括电脑"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.chinese.things import thing_in
from r1_model.plans.verbs import HANDLING, chinese_actions, verbs_in

_EXCEPT = re.compile(
    "(?:除了?(?P<thing>[^，。；！？,.;!?]{1,24}?)(?:以外|之外|外|，|,|(?=[都全其]|别的))"
    "|(?:但|，|,)(?:这|那)?不(?:包括|包含|含)(?P<out>[^，。；！？,.;!?]{1,12})"
    "|(?P<but>[^，。；！？,.;!?]{1,12}?)(?:(?:以外|之外)的?|除外))(?=(?P<rest>[^。；！？.;!?]*))"
)


def exceptions(text: str, negation: str) -> Iterator[Forbidden]:
    """What a text excepts from what it asks for.

    Args:
        text: Simplified.
        negation: a pattern of words that deny.
    """
    for match in _EXCEPT.finditer(text):
        actions: frozenset[str] = frozenset()
        for verb in verbs_in(match["rest"], chinese=True):
            actions |= chinese_actions(verb[0])
        thing = thing_in(match["thing"] or match["out"] or match["but"])
        if thing and not re.search(negation, match["rest"].split("，")[0]):
            things = tuple(filter(None, map(thing_in, re.split("或者?|和|与|跟|及|、", thing))))
            yield Forbidden(match.start(), match.end(), actions or HANDLING, things)
