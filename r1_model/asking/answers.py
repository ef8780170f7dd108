"""What the model said as an `Answer`, and answers that it was not asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from r1_model.asking.question import Question
from r1_model.asking.reading import Ready
from r1_model.generation import Generated
from r1_model.plans.guard import FORBIDDEN, guard_steps, overlap
from r1_model.plans.told import withheld_text
from r1_model.text.answer import Answer, Box, Withheld
from r1_model.text.boxes import turned_answer
from r1_model.text.chinese import in_script
from r1_model.text.frames import text_frame
from r1_model.text.grammar import ParsedAnswer, parse_answer, task_of_text
from r1_model.text.refinement import snap_answer
from r1_model.text.tasks import detect_language

# tasks whose answer may show that the question was another one's
_MEANT_OTHERWISE = ("qa", "grounding", "object_caption", "reasoning")
_COUNTING = ("qa", "dialogue")
_HOW_MANY = re.compile(r"\bhow many\b|\bnumber of\b|\bcount\b|多少|[幾几][^何乎]", re.I)
_SEEN = 0.1  # of the smaller box: a step's box that shares less with all detections holds nothing


@dataclass(frozen=True)
class Said:
    """What came back for a question.

    Attributes:
        raw: its text.
        produced: its tokens.
        first_token_seconds, total_seconds: since the question was asked.
    """

    raw: str
    produced: Generated
    first_token_seconds: float
    total_seconds: float


@dataclass(frozen=True)
class Answerer:
    """Makes answers in a model's name.

    Attributes:
        name, trained: of the model.
    """

    name: str
    trained: bool

    def answer(self, asked: Ready, said: Said, locate: Callable[[str], list[Box]]) -> Answer:
        """The answer to a question that the model was asked.

        Args:
            asked: the question.
            said: what came back.
            locate: boxes that the model finds for a noun phrase in the question's scene, in the
                frame in which the model reads it.
        """
        task, question, request = asked.task, asked.question, asked.question.request
        open_task = question.task == "auto"
        if open_task and task in _MEANT_OTHERWISE:
            task = task_of_text(said.raw) or task
        parsed = parse_answer(said.raw, asked.bounds, task)
        parsed = snap_answer(parsed, asked.found, asked.bounds)
        boxes = parsed.boxes
        if task in _COUNTING and not boxes and _HOW_MANY.search(question.text):
            boxes = _counted(parsed, asked)
        if open_task and task == "planning" and not request.acts:
            task = "qa"  # "how do I make a coffee?" is answered in words
        doubtful = asked.known.doubtful or []
        guarded = guard_steps(
            parsed.steps,
            request,
            earlier=question.forbidden_before(),
            # who ended the request does not wait for more
            locate=lambda name: [] if said.produced.stopped else locate(name),
            seen=lambda box: any(overlap(box, other) > _SEEN for other in doubtful),
        )
        why = withheld_text(guarded.withheld, asked.language)
        text = parsed.answer if guarded.steps or not why else why
        if question.measure is not None:
            text = question.measure.told(text)
        answer = Answer(
            raw=said.raw,
            thinking=parsed.thinking,
            # a model may answer in the other script
            answer=in_script(text, asked.language),
            task=task,
            language=asked.language,
            boxes=boxes,
            steps=guarded.steps,
            unread=parsed.unread,
            exact=parsed.exact,
            withheld=guarded.withheld,
            view_ids=[view.id for view in asked.views],
            frame=text_frame(0.0, asked.bounds),
            model=self.name,
            trained=self.trained,
            stopped=said.produced.stopped,
            finished=said.produced.finished,
            first_token_seconds=said.first_token_seconds,
            total_seconds=said.total_seconds,
        )
        return turned_answer(answer, -asked.known.yaw)

    def noted(self, asked: Question, seconds: float) -> Answer:
        """The answer to what only forbids, or asks for nothing: the model is not needed."""
        task, text = asked.known_task(), asked.reply or ""
        return Answer(
            raw=f"<think></think><answer>{text}</answer>",
            thinking="",
            answer=text,
            task="dialogue" if asked.task == "auto" else task,
            language=detect_language(asked.text),
            exact=True,
            withheld=[Withheld(FORBIDDEN, item.words) for item in asked.request.prohibitions],
            model=self.name,
            trained=self.trained,
            total_seconds=seconds,
        )

    def not_begun(self, asked: Question, seconds: float) -> Answer:
        """The answer to a question that was taken back before the model said anything."""
        return Answer(
            raw="",
            thinking="",
            answer="",
            task=asked.known_task(),
            language=detect_language(asked.text),
            model=self.name,
            trained=self.trained,
            stopped=True,
            finished=False,
            total_seconds=seconds,
        )


def _counted(parsed: ParsedAnswer, asked: Ready) -> list[Box]:
    """The boxes that a count was made of: they stand in the thinking."""
    shown = parse_answer(f"<answer>{parsed.thinking}</answer>", asked.bounds, "qa")
    boxes = snap_answer(shown, asked.found, asked.bounds).boxes
    label = next((box.label for box in boxes if box.label), "")
    return [replace(box, label=box.label or label) for box in boxes]
