"""What an English clause says is off limits, or to be kept away from."""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.things import NO_THING, named_in, things_in
from r1_model.plans.prohibitions.english.orders import told
from r1_model.plans.verbs import ENGLISH_VERB, EVERYTHING, HANDLING, english_actions, verbs_in

NEARING = EVERYTHING - {"look_at", "wait"}
_OFF_LIMITS = re.compile(
    r"\b(?:forbidden|prohibited|off[- ]limits|out of bounds|taboo|banned|untouchable|sacrosanct|"
    r"sacred|disallowed|not allowed|"
    r"not permitted|a no(?:-go(?: \w+)?|-no)?(?=\W*$)|verboten|"
    r"off the (?:menu|agenda)|not on the (?:menu|agenda|list)|out of the question|not an option|"
    r"a bad idea|no good idea|"
    r"no business(?: in)?)\b"
)
# what was asked for, or is about to happen, joined to what must not be
_NEXT = (
    rf"\s+(?:when|whenever|as you|as soon as)\b|\s+(?:and|then) (?:please |then )*{ENGLISH_VERB}"
)
_AWAY = re.compile(
    r"\b(?:(?P<hands>(?:hands|paws) off|keep (?:your \w+ )?off)"
    r"|(?:stay|keep|steer) (?:well |far |right )?(?:away|clear|out) (?:from|of)"
    r"|keep (?:your |a (?:\w+ )?|some )?distance (?:from|to))\s+"
    rf"(?P<thing>.+?)(?={_NEXT}|$)"
)
_BARE = re.compile(
    r"^\W*(?:(?:so|and|but|just|please|then) )*(?:(?P<hands>(?:hands|paws) off(?: it)?)"
    r"|(?:stay|keep|steer) (?:well |far |right )?(?:away|clear)|keep your distance)"
    r"(?:,? please)?\W*$"
)
_KEPT_OUT = re.compile(
    r"\bkeep (?P<thing>it|them|(?:the|my|our|that|this|those|these)\s[^.,;:!?]+?) "
    rf"(?:out of|away from|off) (?P<place>(?:the|my|our|that|this)\s.+?)(?={_NEXT}|$)"
)
_BERTH = re.compile(
    r"\bgive (?P<thing>.+?) (?:a (?:wide|clear|good) berth|a miss|(?:some|plenty of|enough) space)"
)
# "never mind the mug I dropped"
_SPEAKS = re.compile(r"\b(?:i|we|he|she|they)\b")
_SPARED = re.compile(
    r"\b(?:(?P<away>avoid(?:ing)?|bypass)|(?:spare|skip|ignore|leave out|pass on|"
    r"forget(?: about)?|cancel|"
    r"never mind(?: about)?|(?:don't|do not) (?:mind|worry about)))"
    rf"\s+(?P<thing>(?:the|my|our|that|this|those|these|any|all)\s+(?!fact\b|rest\b).+?)(?={_NEXT}|$)"
)
_YOU_NEAR = re.compile(
    r"\b(?:don't|do not|never) want (?:to (?:see|find|catch) )?(?:you|anyone|anybody|the robot) "
    r"(?:anywhere )?(?:near|in|inside|around|at|on|by|close to|next to) (?P<thing>.+)"
)
# "I'm not allowed to open it, do it for me"
_OTHERS_ARE = re.compile(r"\b(?:i|he|she|they|we)(?:'m|'re|'s| am| are| is| was| were)?\s*$")
_YOU_HAVE = re.compile(r"\b(?:you've|you have|you)\b(?: got)?")
ROOM = re.compile(
    r"(?:room|kitchen|hall|hallway|corridor|office|study|garage|garden|balcony|cellar|attic)\W*$"
)


def off_limits(clause: str) -> Forbidden | None:
    """ "Opening the fridge is not allowed", "the bedroom is out of bounds"."""
    limits = _OFF_LIMITS.search(clause)
    before = clause[: limits.start()] if limits is not None else ""
    if limits is None or before.endswith((" not ", "n't ")) or _OTHERS_ARE.search(before):
        return None
    subject = _YOU_HAVE.sub("", clause[: limits.start()]) + clause[limits.end() :]
    verbs = list(verbs_in(subject, chinese=False))
    actions = frozenset[str]()
    for verb in verbs:
        actions |= english_actions(verb[0], subject[verb.end() :])
    named = subject[verbs[-1].end() :] if verbs else subject
    named = re.sub(
        r"^\W*(?:so|and|but|because)\b|^.*\b(?:agreed|said|know|told you)(?: that)? (?=the |my )",
        " ",
        named,
    )
    named = re.sub(r"\b(?:is|are|it's|it|strictly|for you|to)\b", " ", named)
    what = named_in(named, actions)
    return Forbidden(0, len(clause), actions or EVERYTHING - {"look_at"}, *what)


def kept_away_from(clause: str) -> Forbidden | None:
    """What the robot is to stay away from, or to leave out."""
    near = _YOU_NEAR.search(clause)
    if near is not None:
        return Forbidden(0, len(clause), NEARING, *named_in(near["thing"], NEARING))
    bare = _BARE.match(clause)
    if bare is not None:  # "the chocolate is another story: hands off"
        return Forbidden(0, len(clause), HANDLING if bare["hands"] else NEARING)
    away = _AWAY.search(clause) or _BERTH.search(clause)
    if away is not None:
        actions = HANDLING if away.groupdict().get("hands") else NEARING
        return Forbidden(away.start(), away.end(), actions, *named_in(away["thing"], actions))
    out = _KEPT_OUT.search(clause)
    if out is not None and told(clause[: out.start()]):
        things, _ = things_in(out["thing"])
        [place, *_] = [*things_in(out["place"])[0], ""]
        if place:
            return Forbidden(out.start(), len(clause), frozenset({"place"}), things, place)
    spared = _SPARED.search(clause)
    if (
        spared is not None
        and told(clause[: spared.start()])
        and not NO_THING.search(spared["thing"])
        and not _SPEAKS.search(spared["thing"])
    ):
        nearing = spared["away"] or ROOM.search(spared["thing"])
        actions = NEARING if nearing else HANDLING
        named = named_in(spared["thing"], actions)
        return Forbidden(spared.start(), spared.end(), actions, *named)
    return None
