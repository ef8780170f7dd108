"""The noun that a Chinese phrase leaves out, as it was said before: "可乐要冰的，常温的不要"."""

from __future__ import annotations

import re
from dataclasses import replace

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.chinese.things import MEASURE, opened, thing_in
from r1_model.plans.verbs import CHINESE_VERB

# "红的", "红的那个"; "我的" is whose, "玻璃做的" of which there are many
_LEFT_OUT = re.compile(f"(?P<which>[^，。的我你他她家做]{{1,4}}的)(?:[那这]?(?:一?{MEASURE}|些))?")
_TOPIC = re.compile(f"(?P<thing>[^，,。；！？]+?)(?:只|都|就|也|先|我)*(?:要|{CHINESE_VERB})")
_OBJECT = re.compile(
    f"[光只单仅]?(?:要|把|将|{CHINESE_VERB})(?P<thing>[^，,。；！？]+?)(?:{CHINESE_VERB}|$)"
)


def with_noun(found: Forbidden, before: str) -> Forbidden:
    """What is forbidden of things of which only the kind is said.

    Args:
        found: of a clause.
        before: the text up to it, Simplified.
    """
    left_out = [_LEFT_OUT.fullmatch(thing) for thing in found.things]
    if not any(left_out):
        return found
    noun = _noun(before.rstrip(" ，,"))
    things = [
        f"{match['which']}{noun}" if match is not None and noun else thing
        for match, thing in zip(left_out, found.things, strict=True)
    ]
    return replace(found, things=tuple(things))


def _noun(before: str) -> str:
    """What the clause before is about, without what is said of it; empty where that is open.

    Nothing parts an adjective of one character from its noun, of which two are enough to tell it.
    """
    *_, clause = re.split("[，,。；！？.;!?]", before)
    said = opened(clause)
    match = _OBJECT.match(said) or _TOPIC.match(said)
    _, told, noun = thing_in(match["thing"] if match is not None else "").rpartition("的")
    return noun if told else noun[-2:]
