"""What comes back from the model: boxes, steps and the whole `Answer`. Plain data, no logic."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

TASKS = (
    "qa",
    "grounding",
    "object_caption",
    "dense_caption",
    "dialogue",
    "reasoning",
    "planning",
)
LANGUAGES = ("en", "zh-Hant", "zh-Hans")


@dataclass(frozen=True)
class Box:
    """An upright box in the scene frame.

    Attributes:
        center: (3,) float64, metres.
        size: (3,) float64, full edge lengths along its own x, y, z, metres.
        label: what the text calls it; empty where the text names nothing.
        description: the sentence about it (dense captions); else empty.
        score: confidence in [0, 1]; NaN where the model gives none.
        yaw: radians that it is turned about z; 0: it lies along the axes.
        names: what a detection may be called and how likely that is, best first; empty: only label.
    """

    center: np.ndarray
    size: np.ndarray
    label: str = ""
    description: str = ""
    score: float = float("nan")
    yaw: float = 0.0
    names: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Step:
    """One step of a plan: `index. action(labels...): text`.

    Attributes:
        index: 1-based.
        action: skill name (see `r1_model.plans.skills`).
        labels: what the arguments are called, in order.
        boxes: one per label that carries an `<obj>` reference, in order.
        text: the step as a sentence, in the language of the question.
        assumed: nobody has seen its object yet; an earlier step is expected to reveal it.
    """

    index: int
    action: str
    labels: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    text: str = ""
    assumed: bool = False


@dataclass(frozen=True)
class Withheld:
    """Why a step is not in a plan, see `plans.guard`.

    Attributes:
        reason: "forbidden", "unseen", "depends" (on a step that went) or "question".
        words: what the user said, for "forbidden"; the thing, for "unseen".
        step: as the model wrote it; None where the model was not asked.
    """

    reason: str
    words: str = ""
    step: Step | None = None


@dataclass(frozen=True)
class TextFrame:
    """What the numbers of boxes in a text refer to.

    Attributes:
        yaw: radians by which the scene's frame is turned about z.
        low, high: corners of the scene in that frame, metres.
    """

    yaw: float
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Turn:
    """One earlier turn of a dialogue.

    Attributes:
        question: as it was asked.
        raw: the model's text.
        frame: of the text's boxes; None: that of the question which is asked now.
    """

    question: str
    raw: str
    frame: TextFrame | None = None


@dataclass(frozen=True)
class Answer:
    """An answer, what it was read from, and what could not be read.

    Attributes:
        raw: the model's text, unchanged.
        thinking: text between <think> and </think>.
        answer: text of <answer> for people: tags and boxes taken out.
        task: the task that was done (never "auto"), one of TASKS.
        language: one of LANGUAGES.
        boxes: every box of the answer part, in order of the text.
        steps: the steps, where the answer holds a plan.
        said: beside steps, what the other parts of the request are answered with.
        unread: parts of the text that the grammar could not read.
        exact: the text is `<think>..</think><answer>..</answer>` and all of it was read.
        withheld: why steps of the text must not be carried out; empty where all may be.
        view_ids: ids of the views that were shown to the model.
        frame: of the boxes in `raw`; None where the model was not asked.
        model: name of the model and its weights.
        trained: False where the weights are random.
        stopped: True where generation was cancelled before its end.
        finished: True where the model ended by itself; else the text is cut off.
        first_token_seconds, total_seconds: since the call, seconds.
    """

    raw: str
    thinking: str
    answer: str
    task: str
    language: str
    boxes: list[Box] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    said: str = ""
    unread: list[str] = field(default_factory=list)
    exact: bool = False
    withheld: list[Withheld] = field(default_factory=list)
    view_ids: list[int] = field(default_factory=list)
    frame: TextFrame | None = None
    model: str = ""
    trained: bool = False
    stopped: bool = False
    finished: bool = True
    first_token_seconds: float = 0.0
    total_seconds: float = 0.0
