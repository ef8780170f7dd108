"""What an English sentence excepts from its subject: "all cups but the red one go on the shelf".

Where all go or are to be done, what is excepted stays. What has happened, or how things are, asks
for nothing: "everything but the vase went into the box", "all but the mug are here".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.asked import with_noun
from r1_model.plans.prohibitions.english.meant.things import named_in, things_in
from r1_model.plans.verbs import ENGLISH_VERB, english_actions

_EXCEPT = (
    r"(?:but(?: not)?|except(?:ing)?(?: for)?|apart from|aside from|other than|save(?: for)?|bar|"
    r"excluding|minus|with the exception of)"
)
_MUST = (
    r"(?:(?:can|may|must|should|shall|will|has to|have to|ha(?:s|ve) got to|needs? to|is to|are to|"
    r"ought to)(?: all| just)?)"
)
_GOES = (  # and where to: "goes wrong", "goes to bed" put nothing anywhere
    r"(?:(?:goes|go|belongs?|moves?|gets? put|is going|are going|"
    rf"{_MUST} (?:go|move|be|belong|end up))"
    r"(?: back)? (?:(?:on|onto|in|into|inside|under|to|at|near|next to) "
    r"(?P<place>(?:the|my|our|his|her|your|that|this|its|their)\s[^.,;:!?]+)|away\b|back\b))"
)
_IS_DONE = (
    rf"(?:(?:{_MUST} (?:be|get)|gets?|needs|is going to be|are going to be|is being|are being) "
    rf"(?P<verb>{ENGLISH_VERB})(?P<rest>[^.,;:!?]*))"
)
_THING = r"(?P<thing>(?:the|my|our|his|her|your|that|this|those|these|any|an?)\s[^.,;:!?]+?)"
_SUBJECT = re.compile(
    # not an object: "take everything off, but the cloth can go in the sink"
    r"(?:^\W*|[,:–—]\s*|\b(?:and|so|but|that|then|think|want|please) )"
    r"(?P<all>(?:everything|anything|(?:all|every|any|each)(?! (?:one|body)\b))"
    r"(?:\s(?!(?:is|are|was|were)\b)[\w'-]+){0,6}?),? "
    rf"(?P<but>{_EXCEPT}) {_THING},? (?:{_GOES}|{_IS_DONE})"
)
_NOTHING = re.compile(
    r"\b(?:nothing|no (?P<noun>\w+))(?: else)? (?:but|except(?: for)?|other than|apart from|save) "
    rf"{_THING} {_GOES}"
)
_PUTS = frozenset({"pick", "place"})


def excepted_subjects(text: str, start: int, end: int) -> Iterator[Forbidden]:
    """What stays where all else goes or is done.

    Args:
        text: in small letters.
        start, end: the sentence's span.
    """
    nothing = _NOTHING.search(text, start, end)
    if nothing is not None and nothing["place"]:  # the same words ask for the mug
        [place, *_] = [*things_in(nothing["place"])[0], ""]
        yield Forbidden(
            nothing.start(), nothing.end(), frozenset({"place"}), (), place, others=True,
            also_request=True,
        )  # fmt: skip
        return
    match = _SUBJECT.search(text[start:end])
    if match is None:
        return
    actions = english_actions(match["verb"], match["rest"]) if match["verb"] else _PUTS
    if "place" in actions:  # what is put somewhere is taken first
        actions |= {"pick"}
    things, _, others = named_in(with_noun(match["thing"], match["all"]), frozenset())
    if actions and things:
        first, stop = start + match.start("but"), start + match.end("thing")
        yield Forbidden(first, stop, actions, things, others=others)
