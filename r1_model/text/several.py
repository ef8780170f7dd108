"""Two questions or goals in one sentence: taken apart, and their answers put together.

Only what stands on its own is taken apart: "pick up the mug and put it down" is one goal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from r1_model.plans.verbs import ENGLISH_VERB
from r1_model.text.answer import Answer, Step

_MOST = 4  # questions in one
_ASKS = (
    r"(?:what|which|where|who|why|how (?:many|much|tall|high|wide|long|deep|far|big)|is|are|does|"
    r"do|tell me|say|can you see)\b"
)
_AND = re.compile(rf",?\s+(?:and|also)(?:\s+(?:also|then|please))*\s+(?={_ASKS})", re.I)
_THEN = re.compile(
    r"(?:,?\s+and(?:\s+(?:also|then|please))*|,\s*then|\.\s+(?:then|and))\s+"
    rf"(?={ENGLISH_VERB}\b|tell me\b)",
    re.I,
)
_SENTENCES = re.compile(r"(?<=[?？])\s*(?=\S)")
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
_STARTS = re.compile(rf"(?:please\s+)?(?:{_ASKS}|{ENGLISH_VERB}\b)", re.I)
_VERB = re.compile(r"\b(?:is|are|was|were|do|does|has|have|can)\b", re.I)
_LINE = re.compile(r"^\s{0,8}\d{1,4}(?=[.、．)])", re.M)
_THINKING = re.compile(r".*</think>", re.S)
_ANSWER_TAGS = re.compile(r"</?answer>")


def several(text: str) -> list[str]:
    """The questions and goals of a text, each on its own; the text alone where it is one.

    Args:
        text: a plain wording.
    """
    apart = _SENTENCES.split(text)
    if len(apart) < 2:
        apart = _named_apart(text) or _joined_apart(text) or [text]
    own = [part.strip() for part in apart]
    if not 2 <= len(own) <= _MOST or any(_POINTS_BACK.search(part) for part in own[1:]):
        return [text]
    if _ALL.search(text) or any(_LATIN.search(p) and len(p.split()) < _FEWEST for p in own):
        return [text]
    if len(_SENTENCES.split(text)) > 1 and not all(map(_is_question, own)):
        return [text]
    return own


def joined(answers: Sequence[Answer]) -> Answer:
    """One answer of the answers to the parts of a question, in their order."""
    first = answers[0]
    tasks = {one.task for one in answers}
    texts = [one.answer.strip() for one in answers if one.answer.strip()]
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
    return text.endswith(("?", "？")) and bool(_STARTS.match(text) or _ASKS_ZH.search(text))


def _named_apart(text: str) -> list[str] | None:
    """冰箱和爐子分別是什麼顏色？ asks for each of them."""
    found = _RESPECTIVELY.fullmatch(text)
    if found is None:
        return None
    return [f"{name}{found['rest']}" for name in _NAMES.split(found["names"]) if name]


def _joined_apart(text: str) -> list[str] | None:
    """Parts that "and" joins, where each begins like a question or a goal of its own."""
    if not _STARTS.match(text):
        return None
    asked = re.match(_ASKS, text, re.I) is not None
    parts = (_AND if asked else _THEN).split(text)
    if len(parts) < 2:
        return None
    mark = "?" if asked else "."
    whole = [_completed(part, parts[-1]) if asked else part for part in parts]
    return [
        part if part[-1:] in ".?!" else part + mark
        for part in (part.strip(" ,;") for part in whole)
        if part
    ]


def _completed(part: str, last: str) -> str:
    """ "How many mugs" beside "how many chairs are there?": the verb is that of the last one."""
    verb = _VERB.search(last)
    if _VERB.search(part) or verb is None or verb.start() == 0:
        return part
    return f"{part} {last[verb.start() :]}"
