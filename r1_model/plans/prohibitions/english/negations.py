"""English negations, and what may stand between one and the verb of a skill that it governs."""

from __future__ import annotations

import re

from r1_model.plans.verbs import ENGLISH_VERB

# words between a negation and the verb that it governs
_FILL = (
    r"(?:(?:please|ever|just|even|yet|also|simply|really|accidentally|you|dare|to|try(?:ing)?|"
    r"planning (?:on|to)|going to|"
    r"attempt(?:ing)?|think(?:ing)? (?:of|about)|begin(?:ning)?|start(?:ing)?(?= \w+ing\b)|"
    r"bother(?:ing)?(?= (?:to|\w+ing)\b)|go(?:ing)?(?= (?:and|\w+ing)\b)|and|be|being|"
    r"get(?= \w+ed\b)|"
    r"again|now|at all|under any circumstances|on any account|in any case|by any means|"
    r"the robot|anyone|anybody|either|directly|yourself|first|actually|may|must|should|can|"
    r"shall|has|have|is|are|allowed|at any (?:time|point)|carelessly|suddenly|quickly|"
    r"unnecessarily)\s+)*"
)
_VERB = rf"(?P<verb>{ENGLISH_VERB})"
_IMPERATIVE = (
    r"don't|do not|dont|never(?: ever)?|not|under no (?:circumstances?|conditions?)|"
    r"at no (?:time|point)|on no account|in no (?:case|way)|by no means"
)
_MODAL = (
    r"(?:must|may|should|shall|can|will|is to|are to) (?:on no account|under no circumstances|"
    r"at no time|in no (?:case|way)|by no means)|"
    r"must not|mustn't|may not|shall not|shan't|should not|shouldn't|need not|needn't|"
    r"must never|should never|may never|(?:doesn't|does not|don't|do not) get(?= \w+ed\b)|"
    r"had better not|better not|"
    r"(?:doesn't|does not|don't|do not) (?:need|require|have)(?: to)?(?= (?:be \w+ed|\w+ing)\b)"
)
_YOU = (
    r"can't|cannot|can not|could not|couldn't|will not|won't|would not|wouldn't|can never|"
    r"(?:'ll|will|'d|would|'re) never(?: to)?"
)
# "I don't think you should open it"; "I don't think you can" says what is possible
DOUBTS = (
    r"(?:(?:don't|do not) (?:think|believe|suppose|feel|reckon)|doubt)(?: that)? "
    r"(?:you|we|anyone|anybody)(?:'d| had)? (?:should|must|may|ought to|need to|have to|better)"
)
_ANY = (
    rf"{DOUBTS}|not to|no (?:reason|cause|point|sense|use|call|permission|right|authority|"
    rf"excuse|business|occasion)"
    r"(?: for you| whatsoever| at all)?(?: to| in| for)?|"
    r"no need to|no need for you to|needn't to|don't have to|do not have to|don't need to|"
    r"do not need to|not (?:allowed|permitted|supposed|meant) to|refrain from|abstain from|"
    r"(?:resist|fight) (?:the|any|every|your) (?:urge|temptation|impulse|desire) to|"
    r"avoid(?:ing)?|hold off(?: on)?|without|instead of|rather than|nobody|no one|none of you|"
    r"neither|forbid you to|(?:not|isn't|aren't|wasn't|never) (?:really |exactly |at all )?(?:ok|"
    r"okay|safe|wise|fine|good|"
    r"advisable|right|acceptable|appropriate|necessary|the time|a good idea|smart|polite)"
    r"(?: for you)? to|"
    r"(?:unwise|unsafe|dangerous|risky|illegal|inadvisable|foolish|"
    r"a bad idea|too (?:early|late|soon|dangerous|risky|hot|noisy|loud|fragile))(?: for you)? to|"
    r"resist|desist from|forgo|hold back from|think twice before|decline to|isn't (?:nobody|"
    r"no one|anybody|anyone)|"
    r"(?:(?:forbid|prohibit|ban|bar|keep|prevent) (?:you|anyone|anybody) )from|"
    r"(?:(?:is|are|am|was) not|isn't|aren't|not|no) (?:to|(?:allowed|permitted|supposed|meant) to)|"
    r"(?:isn't|aren't) (?:to|allowed to|permitted to|supposed to|meant to)|"
    r"if (?:you|nobody|no one) (?:didn't|did not|don't|do not|wouldn't|would not|could not|never|"
    r"not)|(?:wish|rather|prefer) (?:that )?you (?:wouldn't|would not|didn't|did not|don't)|"
    r"no more|one (?:doesn't|does not)|(?:don't|do not|doesn't|does not) get to|"
    r"(?:nobody|no one) (?:but|except) (?:me|us|him|her)|(?:isn't|is not|aren't|are not) (?:yours|"
    r"for you) to|"
    r"(?:not|n't) (?:your (?:job|place|business|task|turn)|up to you|for you) to|"
    r"rather you didn't|rather not|prefer you not to|stop|prevent(?:ing)?|quit|no"
)
# a way or an emphasis nobody has listed: "don't for any reason open it"; what has an infinitive, a
# subject or an object behind it is another verb: "don't forget to open it"
_GAP = (
    r"(?:(?!(?:to|i|you|we|he|she|it|they|them|this|that|the|an?|my|your(?! life| own)|our|me|us|"
    r"and|or|but|so|"
    r"because|if|when|while|until|till|unless|why|what|how|where|who|which|only|just|simply|worry|forget\w*|"
    r"hesitate|wait\w*|mind|fail|panic|be|is|are|was|were|been|stop\w*|quit|cease|finish|give|delay|postpone|resist|neglect|skip|refuse|regret|believe|imagine|miss|expect|skimp|avoid|matter|stand|sit|have|has|"
    r"need|want|know|care|like|think|say|said|understand|remember|see|let|before|after|later|than|"
    r"problem|more|less|longer|doubt|wonder|way|time|rush|hurry|shy|lazy|there|here|no|not|never|long)\b)"
    r"[a-z'-]+\s+){0,4}?"
)
GOVERNED = re.compile(
    rf"\b(?:(?P<any>{_ANY})|(?P<imperative>{_IMPERATIVE})|(?P<modal>{_MODAL})|(?P<you>{_YOU}))"
    rf"\s+(?P<fill>{_FILL})(?:(?<=n't\s|not\s|ver\s){_GAP})?{_VERB}"
)
NEEDS_ING = re.compile(
    r"(?:without|instead of|resist$|desist|forgo|hold back|think twice|no \w+ for$|avoid|"
    r"hold off|prevent|refrain|abstain|stop|quit|no$|no more|isn't \w+body|"
    r"isn't (?:no one|anyone))|.*\bfrom$"
)
