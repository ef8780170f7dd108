"""Does a thing stand where a noun phrase says: "anything on the desk", 桌上的东西?"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from r1_model.text.answer import Box

_MARGIN = 0.05  # metres that a thing may reach over an edge by its middle
_ABOVE = 0.15  # metres between a top and what stands on it
_FLOOR = 0.2  # of a piece of furniture's height: lower than that nothing stands on it
_ENGLISH = re.compile(
    r"^(?P<what>.+?) (?:(?:that|which)(?: is| are|'s| stands?| lies?)? |(?:lying|standing|sitting|"
    r"kept|stored) )?"
    r"(?P<how>on top of|on(?:to)?|in|inside|under|underneath|below|beneath) "
    r"(?:(?:the|my|our|your|his|her|this|that) )?"
    r"(?P<where>(?!(?:the |this )?(?:here|there|room|house|flat)\b|this$)[^,]+)$"
)
_CHINESE = re.compile("^(?P<where>[^的]{1,8}?)(?P<how>上面?|里面?|内|中|下面?|底下)的(?P<what>.*)$")
_ANY = re.compile(
    r"^(?:(?:any|every|some|all|of|the|those|these|single|other)\s*)*"
    r"(?:things?|stuff|objects?|items?|belongings|one|ones)?$|"
    "^(?:任何|所有|全部|一切|什么)?的?(?:东西|物品|物件)?$"
)


@dataclass(frozen=True)
class Standing:
    """A noun phrase that says where: `what`, empty for anything, and on, in or under `where`."""

    what: str
    where: str
    under: bool
    upon: bool


def standing_in(name: str) -> Standing | None:
    """What a noun phrase says of a place; None where it tells of none.

    Args:
        name: in small letters, Chinese in Simplified.
    """
    match = _ENGLISH.match(name) or _CHINESE.match(name)
    if match is None:
        return None
    what = match["what"].strip()
    under = match["how"][0] in "ub下底"  # under, below, beneath
    upon = match["how"][0] in "o上"  # on, onto
    return Standing("" if _ANY.match(what) else what, match["where"].strip(), under, upon)


def stands(box: Box, place: Box, *, under: bool) -> bool:
    """Is a box on or in another, or under it?

    Args:
        box: of the thing, in metres, z up.
        place: of what it may stand on or in.
        under: below its middle rather than above its foot.
    """
    reach = place.size[:2] / 2 + _MARGIN
    if bool(np.any(np.abs(box.center[:2] - place.center[:2]) > reach)):
        return False
    low = place.center[2] - place.size[2] / 2
    if under:
        return bool(box.center[2] < place.center[2])
    foot = box.center[2] - box.size[2] / 2
    return bool(low + _FLOOR * place.size[2] < foot + 1e-6 < low + place.size[2] + _ABOVE)
