"""Is it the robot that an English verb is said to?"""

from __future__ import annotations

import re

# rules out whatever follows, be it a verb or only a thing: "but under no circumstances the door"
NEVER = (
    r"(?:under no (?:circumstances?|conditions?)|at no (?:time|point)|on no account|"
    r"in no (?:case|way)|by no means|(?:definitely|certainly|absolutely) not)"
)
_OPENING = re.compile(
    r"^(?:and|or|so|yet|please|but|also|ok|okay|now|just|robot|hey|hi|hello|kindly|just|always|"
    r"remember|careful|listen|whatever you do|you|we|the robot|next|well|no|"
    r"yes|first|better|best|do|if i were you,? i|"
    # who wants it so: "mum said you can't"
    r"(?:(?:the|my|our|your) )?(?!i\b|you\b|we\b)\w+ (?:says?|said|insists?|insisted|ordered|"
    r"told (?:me|you|us))(?: that)?(?= (?:you|we|the robot|nobody|no one|not|never|to)\b)|"
    r"(?:in|under) (?:this|our|my) (?:house|home|family|household|kitchen|roof)|around here|"
    r"i said|i told you|i repeat|from (?:now|here|today|this moment) on|"
    r"let's|let us|i (?:do )?(?:hope|trust|expect)(?: that)?(?: you're| you are)?|"
    # "can we agree that you won't", "promise me you won't"
    r"(?:(?:can|could|shall) we |i thought (?:that )?we(?:'d| had)? |we(?:'ve| have)? )?"
    r"agreed?(?: that| on)?|(?:promise|swear|assure)(?: me| us)?(?: that)?|"
    r"in (?:the )?future|henceforth|today|tonight|only|"
    r"(?:can|could|would|will|won't) you(?: mind)?|"
    r"would you (?:please )?be so kind(?: as)?(?: to)?|"
    r"(?:may|can|could|might) (?:i|we) \w+ you to|\W)*$"
)


def opens(before: str) -> bool:
    """Does a text only lead up to what is said next?"""
    return _OPENING.match(before) is not None


def told(before: str) -> bool:
    """Does what stands before a verb leave it an order to the robot?"""
    joined = (" and", " or", " to", " you", "please", " do", " n", " but", " -", "–", "—")
    return opens(before) or before.rstrip().endswith(joined)
