"""What an English sentence denies by an auxiliary alone: "the mug can be taken, the vase can't".

The verb was said before, of what may be or has to go. What others do, or things by themselves, is
no permission: "the window opens but the door doesn't".
"""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.asked import asked_actions, with_noun
from r1_model.plans.prohibitions.english.meant.things import named_in
from r1_model.plans.prohibitions.english.remaining.places import PEOPLE
from r1_model.plans.verbs import ENGLISH_VERB, verbs_in

_MODAL = r"(?:can|may|must|should|shall|will|is to|are to|has to|have to|(?:is|are) allowed to)"
_DENIED = re.compile(
    r"^\W*(?:(?:and|but|while|whereas) )*(?P<thing>(?:the|my|our|his|her|that|this|those|these)\s"
    r"[^.,;:!?]+?) (?:you )?(?:(?P<modal>can't|cannot|can not|may not|mustn't|must not|shouldn't|"
    r"should not|shall not|shan't|won't|is not|isn't|are not|aren't)|(?P<goes>doesn't|does not|"
    r"don't|do not))(?:,? (?:though|please|however))?\W*$"
)
_JOINED = re.compile(r"\b(?:and|but|while|whereas) (?=(?:the|my|our|that|this|those|these)\s)")
_MAY = re.compile(
    rf"\b(?:{_MODAL} (?:all )?be {ENGLISH_VERB}|you (?:can|may|should|must) {ENGLISH_VERB})"
)
_GOES = re.compile(r"\b(?:goes|go|belongs?) (?:on|onto|in|into|inside|under|to|at|near|away)\b")


def denied_again(clause: str, before: str) -> Forbidden | None:
    """What must not be done with one thing as it may with another.

    Args:
        clause: in small letters.
        before: the sentence up to it.
    """
    joined = [*_JOINED.finditer(clause)]
    last = joined[-1].start() if joined else 0
    first = last if any(verbs_in(clause[:last], chinese=False)) else 0
    before, clause = before + clause[:first], clause[first:]
    match = _DENIED.match(clause)
    if match is None or PEOPLE.search(match["thing"]):
        return None
    said = _GOES.search(before) if match["goes"] else _MAY.search(before)
    if said is None:
        return None
    actions = frozenset({"pick", "place"}) if match["goes"] else asked_actions(before)
    named = named_in(with_noun(match["thing"], before.rstrip(" ,-–—")), frozenset())
    return Forbidden(first, first + len(clause), actions, *named) if actions else None
