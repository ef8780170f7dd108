"""A teacher that works offline: it puts what is known to be true into the paper's form.

What it knows: the answer and targets of the item, its rationale (synthetic rooms have exact ones)
and the scene description. It adds nothing to these, so its text is as true as they are. The same
item and seed always give the same text.
"""

from __future__ import annotations

import random
import re
import zlib
from dataclasses import dataclass

from r1_training.engine.errors import RefusedRequestError
from r1_training.engine.filters import count_words
from r1_training.engine.items import Item
from r1_training.engine.teachers.teacher import Completion, Request, Usage

_WANTED_THINK_WORDS = 40
_MAX_QUOTED = 4  # sentences about the item


@dataclass(frozen=True)
class _Phrases:
    """Ways to say the steps in one language.

    Attributes:
        step: {0} is its number.
        question: {0} is the question.
        look: {0} are the targets.
        scene: {0} is quoted from the description.
        conclusion: what the last step begins with.
        answer: {0} are the targets, {1} is the answer.
        untargeted: takes the place of the targets, {0} is the question.
        target: one target.
        between, last: separate the targets.
        joiner: between sentences.
    """

    step: str
    question: str
    look: tuple[str, ...]
    scene: tuple[str, ...]
    conclusion: str
    answer: str
    untargeted: str
    target: str
    between: str
    last: str
    joiner: str


_PHRASES = {
    "en": _Phrases(
        step="Step {0}: ",
        question='The question is "{0}"',
        look=(
            "To answer it, I look for {0} in the scene.",
            "First I have to find {0} in the scene.",
            "What matters here is {0}.",
        ),
        scene=(
            "The scene description says: {0}",
            "From the description of the scene: {0}",
            "This is known about the scene: {0}",
        ),
        conclusion="Conclusion: ",
        answer="As for {0}, the answer is: {1}",
        untargeted='"{0}"',
        target="the {0}",
        between=", ",
        last=" and ",
        joiner=" ",
    ),
    "zh-Hant": _Phrases(
        step="第{0}步：",
        question="問題是「{0}」",
        look=("這裡重要的是{0}。", "要回答它，首先要在場景中找到{0}。"),
        scene=("場景描述寫道：{0}", "關於這個場景，已知：{0}"),
        conclusion="結論：",
        answer="關於{0}，答案是：{1}",
        untargeted="「{0}」",
        target="{0}",
        between="、",
        last="和",
        joiner="",
    ),
    "zh-Hans": _Phrases(
        step="第{0}步：",
        question="问题是“{0}”",
        look=("这里重要的是{0}。", "要回答它，首先要在场景中找到{0}。"),
        scene=("场景描述写道：{0}", "关于这个场景，已知：{0}"),
        conclusion="结论：",
        answer="关于{0}，答案是：{1}",
        untargeted="“{0}”",
        target="{0}",
        between="、",
        last="和",
        joiner="",
    ),
}
_BOX = re.compile(r"<obj>.*?</obj>")
_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:\.(?=\d)[^.!?。！？\n]+)*[.!?。！？]*")


class RuleTeacher:
    """See `Teacher`. Costs nothing, so its requests are not journaled."""

    billed = False

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def complete(self, request: Request) -> Completion:
        """See `Teacher.complete`.

        Raises:
            RefusedRequestError: the item's answer is not known, or the thinking has no conclusion.
        """
        phrases = _PHRASES[request.item.language]
        if request.stage == "consistency":
            return Completion(_concluded(request.thinking, phrases), Usage())
        if not request.item.answers or not request.item.answers[0].strip():
            raise RefusedRequestError("the rules do not know the answer of this item", "failed")
        name = f"{self._seed}/{request.item.key}".encode("utf-8", "replace")
        draw = random.Random(zlib.crc32(name))
        return Completion(_reply(request.item, phrases, draw), Usage())


def _reply(item: Item, phrases: _Phrases, draw: random.Random) -> str:
    answer = item.answers[0].strip()
    target = _join([phrases.target.format(name) for name in dict.fromkeys(item.targets)], phrases)
    opening = [phrases.question.format(item.question.strip())]
    if target:
        opening.append(draw.choice(phrases.look).format(target))
    conclusion = phrases.answer.format(target or phrases.untargeted.format(item.question), answer)
    steps = [phrases.joiner.join(opening)]
    known = sum(map(count_words, (steps[0], item.rationale, conclusion)))
    if quoted := _quote(item, _WANTED_THINK_WORDS - known, phrases):
        steps.append(draw.choice(phrases.scene).format(quoted))
    if item.rationale:
        steps.append(item.rationale.strip())
    lines = [phrases.step.format(number) + text for number, text in enumerate(steps, 1)]
    lines.append(phrases.conclusion + conclusion)
    return f"<think>{chr(10).join(lines)}</think><answer>{answer}</answer>"


def _join(names: list[str], phrases: _Phrases) -> str:
    start, end = phrases.between.join(names[:-1]), names[-1:]
    return phrases.last.join([part for part in (start, *end) if part])


def _quote(item: Item, words: int, phrases: _Phrases) -> str:
    """Sentences of the description, as they stand: those about the item, then others up to `words`.

    About the item are those with a box of its texts, else those that name a target.
    """
    found = (
        sentence.strip().removeprefix("- ") for sentence in _SENTENCE.findall(item.description)
    )
    sentences = [sentence for sentence in found if sentence]
    boxes = set(_BOX.findall(item.question + item.rationale + item.answers[0]))
    about = [s for s in sentences if boxes & set(_BOX.findall(s))]
    if not about:
        targets = [target.casefold() for target in item.targets]
        about = [s for s in sentences if any(target in s.casefold() for target in targets)]
    chosen = set(about[:_MAX_QUOTED])
    for sentence in sentences:
        if sum(map(count_words, chosen)) >= words:
            break
        chosen.add(sentence)
    return phrases.joiner.join(s for s in dict.fromkeys(sentences) if s in chosen)


def _concluded(thinking: str, phrases: _Phrases) -> str:
    """Read the answer off the conclusion."""
    lead = phrases.answer.partition("{0}")[2].partition("{1}")[0]
    conclusion = thinking.rpartition("\n" + phrases.conclusion)[2]
    _, found, answer = conclusion.partition(lead)
    if not found:
        raise RefusedRequestError("the thinking has no conclusion", "failed")
    return answer
