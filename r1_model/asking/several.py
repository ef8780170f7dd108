"""Two questions or goals in one text: taken apart, and their answers put together.

Only what stands on its own is taken apart: "pick up the mug and put it down" is one goal, "what has
keys and is played by hand?" one question. `benchmarks/real_questions.py` counts what is taken
apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from r1_model.asking.shared import completed, each_named
from r1_model.plans.verbs import CHINESE_VERB, ENGLISH_VERB
from r1_model.text.answer import Answer, Step
from r1_model.text.chinese import simplified

_MOST = 4  # questions in one
_ASKS = (
    r"(?:what|which|where|who|why|how (?:many|much|tall|high|wide|long|deep|far|big)|is|are|does|"
    r"do|tell me|say|can you see)\b"
)
# a question behind "and"; "which has a lid and is red" goes on
_ASKS_NEXT = (
    r"(?:(?:what|which|where|who|why|how (?:many|much|tall|high|wide|long|deep|far|big))\b|"
    r"(?:tell me|say|can you see)\b|(?:is|are|does|do) (?:the|an?|there|any|this|that|my|your)\b)"
)
_JOIN = r",?\s+(?:and|also)(?:\s+(?:also|then|please))*\s+"
_AND = re.compile(rf"{_JOIN}(?={_ASKS_NEXT})", re.I)
_THEN = re.compile(
    r"(?:,?\s+and(?:\s+(?:also|then|please))*|,\s*then|\.\s+(?:then|and))\s+"
    rf"(?={ENGLISH_VERB}\b|tell me\b|(?:what|where|how (?:many|tall|far|wide))\b)",
    re.I,
)
# a goal behind a question that is whole: "where is the ball and bring me the cup"
_WHOLE = re.compile(r"(?:what|which|where|how|is|are)\b.*\b(?:is|are)\b", re.I)
_SOMEBODY = re.compile(
    r"\b(?:can|could|should|would|will|do|does|did|may|to|i|we|he|she|people|used?)\b", re.I
)
_AND_DO = re.compile(rf"{_JOIN}(?={ENGLISH_VERB} (?:me |us )?(?:the|an?|my|off|on)\b)", re.I)
_WAY = re.compile(r"\b(?:(?:to|on) the (?:left|right)|around)\b", re.I)  # from the goal before
_SENTENCES = re.compile(r"(?<=[?？])\s*(?=\S)")
_ANY_SENTENCES = re.compile(r"(?<=[?？。])\s*(?=\S)|(?<=[.!])\s+(?=[A-Z])")
# where the speaker, or the robot after its goal, looks from
_FROM_HERE = re.compile(r"\b(?:you|your|i|my|me|left|right|front|behind|here|now)\b", re.I)
_ASKS_ZH = re.compile("什麼|什么|哪|幾|几|多少|多[高寬宽長长遠远大深]|嗎|吗|誰|谁|呢")
_RESPECTIVELY = re.compile(
    r"(?P<names>[^，。？,?]+?[和跟與与、][^，。？,?]+?)(?:各|分别|分別|都各)(?P<rest>(?:是|有|在|多)[^。？]*[。？?]?)"
)
_NAMES = re.compile("[和跟與与、]")
_POINTS_BACK = re.compile(
    r"\b(?:it|its|them|they|that one|this one|one|ones|(?<!are )(?<!is )there|those|these|he|she|"
    r"his|her|both|each other|the other|same)\b|[它他她牠]|那個|那个|那裡|那里",
    re.I,
)
_LATIN = re.compile(r"[A-Za-z]")
_FEWEST = 3  # words of an English part: "go and get the basket" is one goal
_ALL = re.compile(r"\b(?:everything|all|every)\b", re.I)
_STARTS = re.compile(rf"(?:(?:please|first|and|also)\s+)*(?:{_ASKS}|{ENGLISH_VERB}\b)", re.I)
_GOAL = re.compile(
    rf"(?:(?:please|also|then|now|and)\s+)*(?!(?!bring)\w+(?:ing|ed)\b){ENGLISH_VERB}\b"
    rf"|(?:[請请再]|然後|然后|順便|顺便)?(?:{CHINESE_VERB}|把)",
    re.I,
)
_GOAL_ZH = re.compile(f"请?(?:帮我)?(?:{CHINESE_VERB}|把)")
_THEN_ZH = re.compile(
    "[，,]?(?:然后|接着|并且|并|再)(?:再|请)?(?=告诉我|说|[把将](?!它)"
    f"|{CHINESE_VERB}(?![到在进回下给去来])[^，。]{{2,}})"
)
_FIRST = re.compile(r"(?:first|also|and|then)\s+", re.I)
_VERB = re.compile(r"\b(?:is|are|was|were|do|does|has|have|can)\b", re.I)
_LINE = re.compile(r"^\s{0,8}\d{1,4}(?=[.、．)])", re.M)
_THINKING = re.compile(r".*</think>", re.S)
_ANSWER_TAGS = re.compile(r"</?answer>")


def several(text: str) -> list[str]:
    """The questions and goals of a text, each on its own; the text alone where it is one.

    Args:
        text: a plain wording.
    """
    sentences = _SENTENCES.split(text)
    completed_sentences = completed(sentences)
    if len(sentences) > 1 and all(map(_is_question, completed_sentences)):
        apart = completed_sentences
    elif (mixed := _goals_and_questions(text)) is not None:
        apart = mixed
    elif len(sentences) > 1:
        return [text]
    else:
        apart = _named_apart(text) or each_named(text) or _joined_apart(text) or [text]
    own = [_FIRST.sub("", part.strip()) for part in apart]
    if not 2 <= len(own) <= _MOST or any(_POINTS_BACK.search(part) for part in own[1:]):
        return [text]
    if _ALL.search(text) or any(_LATIN.search(p) and len(p.split()) < _FEWEST for p in own):
        return [text]
    return own


def joined(answers: Sequence[Answer]) -> Answer:
    """One answer of the answers to the parts of a question, in their order."""
    first = answers[0]
    tasks = {one.task for one in answers}
    texts = [one.answer.strip() for one in answers if one.answer.strip()]
    # a part that was to be planned and has no steps must not be taken for done
    said = [one.answer.strip() for one in answers if not one.steps and one.task != "planning"]
    steps: list[Step] = []
    for one in answers:
        steps += [replace(s, index=len(steps) + k) for k, s in enumerate(one.steps, 1)]
    thinking = "\n".join(filter(None, (one.thinking for one in answers)))
    bodies = [_ANSWER_TAGS.sub("", _THINKING.sub("", one.raw)).strip() for one in answers]
    body = _numbered("\n".join(bodies))
    return replace(
        first,
        raw=f"<think>{thinking}</think><answer>{body}</answer>",
        thinking=thinking,
        answer=_numbered("\n".join(texts)) if steps else " ".join(texts),
        task=first.task if len(tasks) == 1 else "planning" if steps else "dialogue",
        boxes=[box for one in answers for box in one.boxes],
        steps=steps,
        said=" ".join(filter(None, said)) if steps else "",
        unread=[part for one in answers for part in one.unread],
        exact=all(one.exact for one in answers),
        withheld=[item for one in answers for item in one.withheld],
        frame=next((one.frame for one in answers if one.frame is not None), None),
        view_ids=list(dict.fromkeys(number for one in answers for number in one.view_ids)),
        stopped=any(one.stopped for one in answers),
        finished=all(one.finished for one in answers),
        total_seconds=sum(one.total_seconds for one in answers),
    )


def _numbered(text: str) -> str:
    """A text whose steps count from 1 to the last."""
    count = 0

    def number(_: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return str(count)

    return _LINE.sub(number, text)


def _is_question(text: str) -> bool:
    text = text.strip()
    return text.endswith(("?", "？")) and bool(_STARTS.match(text) or _ASKS_ZH.search(text))


def _goals_and_questions(text: str) -> list[str] | None:
    """Sentences of which some ask and the others want something done: all of them count."""
    sentences = [part.strip() for part in _ANY_SENTENCES.split(text)]
    asked = [part for part in sentences if _is_question(part)]
    if not 0 < len(asked) < len(sentences) or any(map(_FROM_HERE.search, asked)):
        return None
    if not all(_GOAL.match(part) for part in sentences if not _is_question(part)):
        return None
    return [piece for part in sentences for piece in _joined_apart(part) or [part]]


def _named_apart(text: str) -> list[str] | None:
    """冰箱和爐子分別是什麼顏色？ asks for each of them."""
    found = _RESPECTIVELY.fullmatch(text)
    if found is None:
        return None
    return [f"{name}{found['rest']}" for name in _NAMES.split(found["names"]) if name]


def _joined_apart(text: str) -> list[str] | None:
    """Parts that "and" joins, where each begins like a question or a goal of its own."""
    plain = simplified(text)
    if not (_STARTS.match(text) or _GOAL_ZH.match(plain)):
        return None
    asked = re.match(_ASKS, text, re.I) is not None
    parts = (_AND if asked else _THEN).split(text)
    if not asked and _GOAL_ZH.match(plain):
        cuts = [(0, 0), *(m.span() for m in _THEN_ZH.finditer(plain)), (len(text), len(text))]
        parts = [text[after:next_] for (_, after), (next_, _) in pairwise(cuts)]
    if asked:
        parts = [_completed(part, parts[-1]) for part in parts]
        parts = [piece for part in parts for piece in _then_done(part)]
    if len(parts) < 2 or any(map(_WAY.search, parts[1:])):
        return None
    return [_ended(part) for part in (part.strip(" ,;") for part in parts) if part]


def _then_done(question: str) -> list[str]:
    """A question and the goals that "and" joins to it, where it is whole without them."""
    first, *goals = _AND_DO.split(question)
    if not goals or not _WHOLE.match(first) or _SOMEBODY.search(first):
        return [question]
    return [first, *goals]


def _ended(part: str) -> str:
    """A part with a mark of its own."""
    if not _LATIN.search(part):
        return f"{part.rstrip('。！')}。"
    asked = re.match(_ASKS_NEXT, part, re.I) is not None and part[:7].lower() != "tell me"
    return part.rstrip(".?!") + ("?" if asked else ".")


def _completed(part: str, last: str) -> str:
    """ "How many mugs" beside "how many chairs are there?": the verb is that of the last one."""
    verb = _VERB.search(last)
    if _VERB.search(part) or verb is None or verb.start() == 0:
        return part
    return f"{part} {last[verb.start() :]}"
