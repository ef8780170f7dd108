"""What "it" means in an English clause that forbids: "See the knife? Don't touch it."."""

from __future__ import annotations

import re
from dataclasses import replace

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.antecedents import meant_by_it
from r1_model.plans.prohibitions.english.meant.things import things_in
from r1_model.plans.prohibitions.english.orders import opens
from r1_model.plans.verbs import EVERYTHING, HANDLING, verbs_in

_IT = re.compile(r"\b(?:it|them|they|that|this|those|these)\b")
# "that" opens no relative clause behind a preposition: "if anything happened to that vase"
_POINTS = re.compile(r"(?<=\b(?:to|of|in|on|at|by)\s)(?:that|those)\b")
_PRONOUN = re.compile(r"\b(?:it|they|them)\b")
_NAMES = re.compile(r"\b(?:the|my|our|his|her|that|this|those|these|an?|\w+'s)\s+\w")
_NO_OBJECT = re.compile(r"\b(?:touch(?:ing)?|hands off|away|clear|your distance)\W*$")
_GO_IN = re.compile(r"\b(?:go(?:ing)?|com(?:e|ing)|enter(?:ing)?)(?: in(?:side)?| there)*\W*$")
_NOTHING_SAID = re.compile(r"^(?:\W|\b(?:actually|no|wait|well|so|yes|ok|okay|oh)\b)+$")
_JOINED = re.compile(r"\W+(?:(?:but|and|so|or)\W*)?$")


def with_topic(found: Forbidden, text: str, start: int, first: int) -> Forbidden:
    """What is forbidden of things that were named before.

    Args:
        found: of a clause.
        text: in small letters.
        start: where the sentence begins.
        first: where the clause begins.
    """
    clause = text[first:][found.start : found.end]
    if found.things or found.others:
        return found
    said = _NOTHING_SAID.sub("", _JOINED.sub("", text[start:first]))
    if said and not text[start:first].rstrip().endswith(" and") and _IT.search(clause):
        # "take the box, but don't open it"
        return replace(found, things=_things(said, found))
    handling = found.actions >= HANDLING and _NO_OBJECT.search(clause) is not None
    no_object = handling or _GO_IN.search(clause) is not None
    if no_object and not _orders(said):  # "the vase is fragile, so no touching"
        return replace(found, things=_parts(said or _topic(text[:start].strip())))
    if said or (found.actions >= EVERYTHING - {"look_at", "wait"} and not _IT.search(clause)):
        return found
    topic = _topic(text[:start].strip())
    if topic and _IT.search(clause):
        return replace(found, things=_things(topic, found))
    return found


def _topic(before: str) -> str:
    """The sentence before, where it names something; what was ordered before may be meant, too.

    A question brings up what is meant: "Bring the mug. See the knife? Don't touch it."
    """
    parts = [part.strip() for part in re.split(r"[.;:!?]+", before) if part.strip()]
    if not parts or not _NAMES.search(parts[-1]) or _PRONOUN.search(parts[-1]):
        return ""
    orders = any(map(_orders, parts))
    return parts[-1] if before.endswith("?") or not orders else ""


def _orders(said: str) -> bool:
    verb = next(verbs_in(said, chinese=False), None)
    return verb is not None and opens(said[: verb.start()])


def _things(said: str, found: Forbidden) -> tuple[str, ...]:
    meant = meant_by_it(said, found.actions)
    return things_in(meant)[0] if meant else _parts(said)


def _parts(said: str) -> tuple[str, ...]:
    # "with" begins what a noun is told apart by, which is left out where names are held together
    said = _POINTS.sub("the", said)
    return tuple(part.strip() for part in re.split(r"\bwith\b|,", said) if part.strip())
