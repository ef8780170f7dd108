"""English clauses that forbid; the rule is in `request`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.away import kept_away_from, off_limits
from r1_model.plans.prohibitions.english.denied_again import denied_again
from r1_model.plans.prohibitions.english.excepted.exceptions import exceptions
from r1_model.plans.prohibitions.english.excepted.excluded import excluded
from r1_model.plans.prohibitions.english.excepted.subjects import excepted_subjects
from r1_model.plans.prohibitions.english.fragments import fragments
from r1_model.plans.prohibitions.english.governed import governed
from r1_model.plans.prohibitions.english.inserted import without_inserted
from r1_model.plans.prohibitions.english.meant.asked import with_noun
from r1_model.plans.prohibitions.english.meant.things import things_in
from r1_model.plans.prohibitions.english.meant.topics import with_topic
from r1_model.plans.prohibitions.english.nouns import nouns
from r1_model.plans.prohibitions.english.prevented import prevented
from r1_model.plans.prohibitions.english.remaining.left import left_as_it_is
from r1_model.plans.prohibitions.english.remaining.places import (
    belongs_elsewhere,
    goes_nowhere,
    stays_there,
)
from r1_model.plans.prohibitions.english.remaining.staying import stays
from r1_model.plans.prohibitions.english.reserved import reserved
from r1_model.plans.prohibitions.english.subjects import no_subject
from r1_model.plans.prohibitions.english.terms import on_terms
from r1_model.plans.prohibitions.english.threats import threatened
from r1_model.plans.prohibitions.english.wishes import wished_away
from r1_model.plans.verbs import (
    ENGLISH_VERB,
    EVERYTHING,
    verbs_in,
)

_CLAUSE_END = re.compile(
    r"[.;:!?]+|,(?! (?:under|at|in|on) (?:no|any)\b)|\s[-–]+\s|—|--+"
    r"|\band(?= (?:please|just|instead|rather|also|then)\b)"
    r"|\b(?:and|or|nor|n|nah|nope)(?= (?:don't|do not|dont|never|no|without|keep|stay|steer|avoid|"
    r"leave(?! (?:it|them)\b)|"
    r"make sure|be careful|not to)\b)"
    rf"|\bbut(?= (?:not|never) (?:to )?{ENGLISH_VERB})"
    r"|\bso(?= (?:the|my|our|that) (?:[\w'-]+ ){1,4}(?:has|have|must|should|is to|are to|stays?)\b)"
    r"|\bso(?= (?:please |just |do )?(?:leave|don't|do not|never|no|hands|keep|stay|avoid)\b)"
    rf"|\bwhen(?= (?:you {ENGLISH_VERB}|\w+ing\b))"
    r"|\b(?:(?<!nobody )(?<!no one )but(?! not\b)|however|"
    r"although|because|then|unless|until|while|afterwards|no,? wait|wait,? no|scratch that|"
    r"on second thoughts?|actually(?= (?:don't|do not|never|leave|not)\b))\b"
    r"|(?<=\w) (?=without\b|instead of\b|rather than\b)"
)
_DENIED = re.compile(r"\b(?:don't|do not|never|can't|cannot|not|won't|mustn't)\s(?:[^,;]|, )*$")
_NOR = re.compile(
    r"\W*(?:and |but )?(?:nor|neither) (?:(?:is|are|may|must|should|can|will|do|does) )?"
    r"(?P<thing>(?:the|my|our|his|her|that|this|those|these|any)\s[^.,;:!?]+?)"
    r"(?: (?:to|be|either|please)\b[^.,;:!?]*)?\W*$"
)
_NO_COFFEE = re.compile(r"\W*(?:please,? |and )?no (?:more )?(?:coffee|espresso|latte)s?\b")
_HALT = re.compile(
    r"^\W*(?:please |robot,? |now |hey,? )*(?:stop|halt|freeze|stand still|stay where you are|"
    r"cease|abort|hold it|cancel (?:everything|that))"
    r"(?:[\s,]+(?:it|now|please|there|at once|immediately|everything|moving|stop|halt))*\W*$"
)


def read_english(text: str) -> Iterator[Forbidden]:
    """What the English of a text forbids.

    Args:
        text: in small letters, with plain apostrophes.
    """
    text = without_inserted(text)
    for start, end in _sentences(text):
        if _HALT.match(text[start:end]):
            yield Forbidden(start, end, EVERYTHING, halts=True)
            continue
        # what stands in the subject first: "all but the mug go into the box" has no object
        excepted = [*excepted_subjects(text, start, end)] or [*exceptions(text, start, end)]
        excepted += [
            *excluded(text, start, end),
            *on_terms(text, start, end),
            *fragments(text, start, end),
            *nouns(text, start, end),
            *threatened(text, start, end),
        ]
        yield from excepted
        masked = text
        for item in excepted:
            masked = masked[: item.start] + " " * (item.end - item.start) + masked[item.end :]
        yield from _clauses(masked, start, end)


def _clauses(text: str, start: int, end: int) -> Iterator[Forbidden]:
    last: Forbidden | None = None
    for first, stop in _split(text, start, end):
        clause = text[first:stop]
        found = _read_clause(clause, text[:first], text[stop:])
        found = found or denied_again(clause, text[start:first])
        if clause.lstrip().startswith("without ") and _DENIED.search(
            text[start:first].rsplit(" and ")[-1]
        ):
            found = None  # "don't leave without closing the window"
        if found is not None:
            found = with_topic(found, text, start, first)
            said = text[start:first].rstrip(" ,;:–—-")
            found = replace(found, things=tuple(with_noun(name, said) for name in found.things))
            if last is not None:
                yield last
            last = replace(found, start=first + found.start, end=first + found.end)
        elif last is not None and last.end <= first and (too := _NOR.match(clause)):
            # "no lamp is to go on, nor is the radio"
            last = replace(last, end=stop, things=(*last.things, *things_in(too["thing"])[0]))
        elif last is not None and last.end <= first and _goes_on(clause):
            # "the drawer or the microwave" behind a comma
            last = replace(last, end=stop, things=(*last.things, *things_in(clause)[0]))
        elif last is not None:
            yield last
            last = None
    if last is not None:
        yield last


def _read_clause(clause: str, before: str, after: str) -> Forbidden | None:
    elsewhere = belongs_elsewhere(clause) or goes_nowhere(clause)
    if elsewhere is not None:
        return elsewhere
    found = governed(clause, after)
    if found is not None:
        return found
    subject = no_subject(clause)
    if subject is not None:
        return subject
    coffee = _NO_COFFEE.match(clause)
    if coffee is not None:
        return Forbidden(0, len(clause), frozenset({"make_coffee"}))
    return (
        wished_away(clause)
        or off_limits(clause)
        or prevented(clause)
        or reserved(clause)
        or kept_away_from(clause)
        or left_as_it_is(clause)
        or stays_there(clause, after)
        or stays(clause, before, after)
    )


def _goes_on(clause: str) -> bool:
    return (
        re.match(r"\s*(?:or|nor|and)?\s*(?:the|my|an?|any|your)\s", clause) is not None
        and next(verbs_in(clause, chinese=False), None) is None
    )


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in re.finditer(r"[.;!?。；！？]+", text):
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    first = start
    for match in _CLAUSE_END.finditer(text, start, end):
        if match.start() > first:
            yield first, match.start()
        first = match.end()
    if first < end:
        yield first, end
