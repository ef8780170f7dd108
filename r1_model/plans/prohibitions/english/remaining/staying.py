"""What an English clause says to stay, and no more: "clear the table, the vase stays".

People stay as well, and what no hand takes up: "the smell stays". Where it stays is in `places`,
and how in `left`.
"""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.asked import with_noun
from r1_model.plans.prohibitions.english.meant.things import NO_THING, named_in
from r1_model.plans.prohibitions.english.remaining.places import PEOPLE
from r1_model.plans.verbs import ENGLISH_VERB, HANDLING, verbs_in

_STAYS = re.compile(
    r"(?:^\W*|\b(?:and|but|so|while|whereas)\s+)(?:(?:and|but|so|while|only|just|please)\s+)*"
    r"(?P<thing>(?:the|my|our|his|her|your|that|this|those|these|both|all|anything|everything|whatever)\s[^.,;:!?]+?)"
    r"(?: (?:just|also|simply|always))? (?:stays?|remains?)(?: behind)?(?: please| though|"
    r" too)?\W*$"
)
_WANTED = re.compile(
    r"\b(?:want|need|like|prefer|wish) (?P<thing>(?:the|my|our|his|her|that|this|those|these)\s"
    r"[^.,;:!?]+?) to (?:stay|remain)(?: put| here| there)?\W*$"
)
_JOINED = re.compile(r"\b(?:and|but|while|whereas) (?=(?:the|my|our|that|this|both)\s)")
_TELLS = re.compile(r"\b(?:i|you|we|he|she|they|that|which|who|if|when|whether|why|how|where)\b")
# "the lid stays, take it off"
_ORDERED = re.compile(rf"\b{ENGLISH_VERB} (?:it|them)\b")


def stays(clause: str, before: str, after: str) -> Forbidden | None:
    """What is not to be moved, as it "stays".

    Args:
        clause: in small letters.
        before, after: what stands around it in the request.
    """
    match = _STAYS.search(clause) or _WANTED.search(clause)
    if match is None:
        return None
    thing, first = match["thing"], match.start("thing")
    said = [*_JOINED.finditer(thing)]
    if said and any(verbs_in(thing[: said[-1].start()], chinese=False)):
        # "the plates go and the vase stays"
        thing, first = thing[said[-1].end() :], first + said[-1].end()
    if (
        PEOPLE.search(thing)
        or NO_THING.search(thing)
        or _TELLS.search(re.sub(r"^that ", "", thing))
        or _ORDERED.search(after)
    ):
        return None
    named = named_in(with_noun(thing, before.rstrip(" ,.;:!")), frozenset())
    first = first if re.search(r"\w", clause[: match.start("thing")]) or said else 0
    return Forbidden(first, len(clause), HANDLING, *named)
