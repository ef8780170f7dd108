"""The text that the model reads and writes: boxes, answers, plans. See docs/text_format.md.

Reading never raises on model text and takes linear time: what cannot be read is returned as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from r1_model.plans.skills import SKILLS
from r1_model.text.answer import Box, Step

LEVELS = 256  # box numbers are integers 0..255
MIN_EXTENT = 1e-3  # metres; a flat scene still has a box
MAX_LABEL = 80  # characters; a longer run of words is not a name
MAX_BOXES = 1000  # of one text; more are unread, as no answer names so many
MAX_UNREAD = 50  # parts that are kept; garbage has no end

_TAG = re.compile(r"</?(?:obj|think|answer)>")
_NUMBERS = re.compile(r"\s*([0-9]{1,3})" + r"\s*[,，]\s*([0-9]{1,3})" * 5 + r"\s*")
_STEP = re.compile(r"\s{0,8}([0-9]{1,4})\s?[.、．)]\s?([A-Za-z_]{1,40})\s?[(（]")
_DESCRIBED = re.compile(r"[^<\n]{1,80}<obj>[^<\n]{1,120}</obj>\s?[:：]")
_BRACKET = re.compile(r"[()（）]")
# "1.5 m", "1,5 m": what stands between digits ends no name
_BREAK = re.compile(r"[\n;:!?()\[\]{}\"|。，、；：！？（）「」『』《》“”…/]|(?<!\d)[.,]|[.,](?!\d)")
# a measure before a name: "1.2 m from the", "1.5 m tall", "1.2公尺外的"
_MEASURE = re.compile(
    r"(?i:.*?(?:(?:about|around|roughly|nearly|almost|some)\s+)?\d+(?:[.,]\d+)?\s?-?"
    r"(?:mm|cm|km|m|met(?:er|re)s?|(?:centi|milli)met(?:er|re)s?|f(?:oo|ee)?t|in(?:ch(?:es)?)?)\b\s*"
    r"(?:(?:tall|high|wide|long|deep|thick|away|apart|far|off|above|below|behind|left|right)\s+)?"
    r"(?:(?:from|of|to|by|in front of)\s+)?(?:(?:the|an?)\s+)?)"
    r"|.*?(?:約|约|大約|大约)?\d+(?:[.,]\d+)?\s?(?:公尺|公分|厘米|釐米|公釐|毫米|米|英尺|英寸|吋|呎)"
    r"(?:高|寬|宽|長|长|深|遠|远|外|左右)*的?"
)
# words before a name that are not part of it
_LEAD_IN = re.compile(
    r"(?i:.*\b(?:there (?:is|are)|it is|this is|that is|they are|i see)\s+)"
    r"|.*一[把張张個个盞盏台本只隻件塊块幅扇座支條条瓶盆杯部顆颗株棵面組组片架具床]"
)
# a clause that goes on behind an earlier name: "is next to the", "比", "是放在"
_CLAUSE = re.compile(
    r"(?i:.*\b(?:is|are|was|were|has|have|than|nothing|no|stands?|lies?|hangs?|sits?)\b"
    r".*\b(?:the|an?|one)\s+)"
    r"|.*[在比離离於于]"
)
_AND = re.compile(r"(?i:(?:and|or)\s+)|[和與与跟及或]")  # between two boxes
_ARTICLE = re.compile(r"(?i:(?:the|an?|one)\s+)")

Bounds = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class ParsedAnswer:
    """What was read from the model's text.

    Attributes:
        thinking: text between <think> and </think>, boxes included.
        answer: text of <answer> for people: tags and boxes taken out.
        boxes: every box of the answer part, in order of the text.
        steps: the steps, where the answer holds a plan.
        unread: parts of the text that could not be read.
        exact: the text is `<think>..</think><answer>..</answer>` and all of it was read.
    """

    thinking: str
    answer: str
    boxes: list[Box] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    exact: bool = False


def quantise_box(center: np.ndarray, size: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Box in metres -> (6,) int64 in 0..255; what lies outside of the bounds is clipped.

    Args:
        center, size: (3,) metres.
        bounds: minimum and maximum corner of the scene's cloud, (3,) each, metres.
    """
    low, extent = _frame(bounds)
    relative = np.concatenate(
        [
            (np.asarray(center, np.float64) - low) / extent,
            np.asarray(size, np.float64) / extent,
        ]
    )
    return np.floor(relative.clip(0, 1) * (LEVELS - 1) + 0.5).astype(np.int64)


def dequantise_box(levels: np.ndarray, bounds: Bounds) -> tuple[np.ndarray, np.ndarray]:
    """(6,) integers in 0..255 -> centre and size, (3,) float64 each, metres."""
    low, extent = _frame(bounds)
    relative = np.asarray(levels, np.float64).reshape(2, 3) / (LEVELS - 1)
    return low + relative[0] * extent, relative[1] * extent


def format_box(center: np.ndarray, size: np.ndarray, bounds: Bounds) -> str:
    """Box in metres -> `<obj>cx, cy, cz, w, h, l</obj>`; arguments as in `quantise_box`."""
    return f"<obj>{', '.join(map(str, quantise_box(center, size, bounds)))}</obj>"


def read_box(text: str, bounds: Bounds) -> tuple[np.ndarray, np.ndarray] | None:
    """`<obj>cx, cy, cz, w, h, l</obj>` -> centre and size, (3,) metres; None: it is none."""
    numbers = _NUMBERS.fullmatch(text.removeprefix("<obj>").removesuffix("</obj>"))
    levels = np.array([int(number) for number in numbers.groups()] if numbers else [LEVELS])
    return None if levels.max() >= LEVELS else dequantise_box(levels, bounds)


def parse_answer(text: str, bounds: Bounds, task: str) -> ParsedAnswer:
    """Read the model's text.

    Args:
        text: anything, also cut off or garbage.
        bounds: minimum and maximum corner of the scene's cloud, (3,) each, metres.
        task: one of `answer.TASKS`; steps are read for "planning" and "dialogue" and descriptions
            of boxes for "dense_caption".
    """
    thinking, body, unread, tags_exact = _split(text)
    found, bad_boxes, plain = _read_boxes(body, bounds)
    unread += bad_boxes
    boxes = [box for box, _, _ in found]
    steps: list[Step] = []
    if task in ("planning", "dialogue"):
        steps, bad_steps = _read_steps(body, found)
        unread += bad_steps
    elif task == "dense_caption":
        boxes = [_described(body, found, index) for index in range(len(found))]
    return ParsedAnswer(
        thinking=thinking.strip(),
        answer=plain.strip(),
        boxes=boxes,
        steps=steps,
        unread=unread[:MAX_UNREAD],
        exact=tags_exact and not unread and bool(thinking.strip() and body.strip()),
    )


def task_of_text(text: str) -> str | None:
    """The task that a text was written for, where its form says so: steps, or a list of objects.

    Args:
        text: of the model.

    Returns:
        "planning", "dense_caption", or None.
    """
    lines = _split(text)[1].splitlines()
    steps = (_STEP.match(line) for line in lines)
    if any(step and step[2] in SKILLS for step in steps):
        return "planning"
    described = sum(bool(_DESCRIBED.match(line)) for line in lines)
    return "dense_caption" if described >= 2 else None


def _frame(bounds: Bounds) -> tuple[np.ndarray, np.ndarray]:
    low, high = (np.asarray(corner, np.float64) for corner in bounds)
    return low, np.maximum(high - low, MIN_EXTENT)


def _split(text: str) -> tuple[str, str, list[str], bool]:
    """Thinking, answer part, what stands outside of both, and whether the tags are exact."""
    parts = {"think": "", "answer": ""}
    seen: list[str] = []
    outside: list[str] = []
    current, start = "", 0
    for match in _TAG.finditer(text):
        tag = match[0]
        if tag.endswith("obj>"):
            continue
        name, opens = tag.strip("</>"), not tag.startswith("</")
        seen.append(tag)
        chunk = text[start : match.start()]
        if current and not parts[current]:
            parts[current] = chunk
        else:
            outside.append(chunk)
        start, current = match.end(), name if opens else ""
        if opens and parts[name]:
            current = ""  # a second part of the same kind is not read
    rest = text[start:]
    if current and not parts[current]:
        parts[current] = rest
    else:
        outside.append(rest)
    outside = [chunk.strip() for chunk in outside if chunk.strip()]
    exact = seen == ["<think>", "</think>", "<answer>", "</answer>"] and not outside
    if "<answer>" not in seen and outside:
        # without its tag the answer is what follows the thinking
        parts["answer"] = outside.pop()
    elif "<answer>" not in seen and "</answer>" in seen and parts["think"].strip():
        outside.append(parts["think"].strip())  # it was closed, but never opened
    return parts["think"], parts["answer"], outside, exact


_Found = tuple[Box, int, int]  # a box and where it stands in the text


def _read_boxes(text: str, bounds: Bounds) -> tuple[list[_Found], list[str], str]:
    """Boxes with their places, unreadable ones, and the text without boxes."""
    found: list[_Found] = []
    unread: list[str] = []
    plain: list[str] = []
    opened: int | None = None
    end = 0  # of what was already copied to `plain`
    label_start = 0
    for match in _TAG.finditer(text):
        if match[0] == "<obj>":
            if opened is not None:
                unread.append(text[opened : match.start()])
            plain.append(text[end : match.start()])
            opened, end = match.start(), match.end()
        elif match[0] == "</obj>":
            if opened is None:
                unread.append(match[0])
                plain.append(text[end : match.start()])
            else:
                box = None
                if len(found) < MAX_BOXES:
                    box = _read_box(text, opened, match.start(), label_start, bounds)
                if box is None:
                    unread.append(text[opened : match.end()])
                else:
                    found.append((box, opened, match.end()))
                    plain[-1] = plain[-1].rstrip(" \t")
            opened, end = None, match.end()
            label_start = match.end()
        else:  # a stray tag inside of the answer
            unread.append(match[0])
            plain.append(text[end : match.start()])
            end = match.end()
    if opened is not None:
        unread.append(text[opened:])
    else:
        plain.append(text[end:])
    return found, unread, "".join(plain)


def _read_box(text: str, start: int, end: int, label_start: int, bounds: Bounds) -> Box | None:
    if end - start > 120:  # blanks without end
        return None
    found = read_box(text[start:end], bounds)
    return None if found is None else Box(*found, label=_label(text, label_start, start))


def _label(text: str, start: int, end: int) -> str:
    """The words just before a box, without "there is", "is next to", "the", "一張" ..."""
    words = text[max(start, end - 2 * MAX_LABEL) : end].rstrip()
    breaks = list(_BREAK.finditer(words))
    if breaks:
        words = words[breaks[-1].end() :]
    words = words.strip(" \t-*#>")
    follows_a_box = start > 0 and not breaks
    for pattern in (_LEAD_IN, _CLAUSE, _MEASURE, *((_AND,) if follows_a_box else ()), _ARTICLE):
        before = pattern.match(words)
        if before and before.end() < len(words):
            words = words[before.end() :].strip()
    return words if len(words) <= MAX_LABEL else ""


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _described(text: str, found: list[_Found], index: int) -> Box:
    """The box with the sentence that follows it up to the end of its line."""
    box, start, end = found[index]
    previous_end = found[index - 1][2] if index else 0
    first_in_line = "\n" in text[previous_end:start] or not index
    if not first_in_line:
        return box
    sentence, cursor = "", end
    stop = _line_end(text, end)
    for _, inner_start, inner_end in found[index + 1 :]:
        if inner_start >= stop:
            break
        sentence += text[cursor:inner_start].rstrip()
        cursor = inner_end
    sentence += text[cursor:stop]
    return Box(box.center, box.size, box.label, sentence.strip(" \t:：-"), box.score)


def _read_steps(text: str, found: list[_Found]) -> tuple[list[Step], list[str]]:
    """Steps of a plan, one a line, and lines that start like a step but are none."""
    steps: list[Step] = []
    unread: list[str] = []
    start, cursor = 0, 0
    while start < len(text):
        stop = _line_end(text, start)
        match = _STEP.match(text, start, stop)
        while cursor < len(found) and found[cursor][1] < start:
            cursor += 1
        first = cursor
        while cursor < len(found) and found[cursor][1] < stop:
            cursor += 1
        if match:
            step = _read_step(text, match, stop, found[first:cursor])
            if step is None:
                unread.append(text[start:stop].strip())
            else:
                steps.append(step)
        start = stop + 1
    return steps, unread


def _read_step(text: str, match: re.Match[str], stop: int, found: list[_Found]) -> Step | None:
    action = match[2].lower()
    if action not in SKILLS:
        return None
    closing = _closing(text, match.end(), stop)
    if closing is None:
        return None
    inside = [item for item in found if item[1] < closing]
    labels, cursor = [], match.end()
    for box, start, end in inside:
        labels += [name for name in _names(text[cursor:start])[:-1] if name]
        labels.append(box.label)
        cursor = end
    labels += [name for name in _names(text[cursor:closing]) if name]
    sentence, cursor = "", closing + 1
    for _, start, end in found[len(inside) :]:
        sentence += text[cursor:start].rstrip()
        cursor = end
    sentence += text[cursor:stop]
    return Step(
        index=int(match[1]),
        action=action,
        labels=tuple(labels),
        boxes=tuple(box for box, _, _ in inside),
        text=sentence.strip(" \t:："),
    )


def _names(text: str) -> list[str]:
    return [name.strip() for name in re.split(r"[,，、]", text)]


def _closing(text: str, start: int, stop: int) -> int | None:
    """Where the bracket of a step's arguments closes; labels may hold brackets themselves."""
    depth = 1
    for match in _BRACKET.finditer(text, start, stop):
        depth += 1 if match[0] in "(（" else -1
        if not depth:
            return match.start()
    return None
