"""`Item`: one question to be reasoned about, whatever file or room it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Item:
    """A question about a scene.

    Attributes:
        scene_id: e.g. `scene0000_00`.
        question_id: as in its source.
        question: in any language.
        task: one of `r1_model.text.answer.TASKS`.
        question_type: e.g. `color`, `count`, `where`; for the statistics.
        source: `scanqa`, `scanrefer`, `nr3d`, `3d_llm` or `synthetic`.
        answers: what the source holds to be true; may be empty.
        targets: names of the objects that the answer is about; may be empty.
        language: one of `r1_model.text.answer.LANGUAGES`.
        rationale: true reasoning, where the source knows it (synthetic rooms), else empty.
        description: of the scene; filled in by the pipeline where the source has none.
        key: unique within a run; given by `number`.
        ordinal: position in the input; given by `number`.
        duplicate_of: key of an earlier item with the same source, scene, id and question.
    """

    scene_id: str
    question_id: str
    question: str
    task: str = "qa"
    question_type: str = "other"
    source: str = "scanqa"
    answers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    language: str = "en"
    rationale: str = ""
    description: str = ""
    key: str = ""
    ordinal: int = 0
    duplicate_of: str = ""


def number(items: Iterable[Item]) -> Iterator[Item]:
    """Give every item its key and ordinal; the same input always gives the same keys.

    An id that was seen before gets `#2`, `#3`...: files do repeat ids. A repetition of the question
    as well is marked as a duplicate.
    """
    seen: dict[str, dict[str, str]] = {}  # first key -> question -> key
    for ordinal, item in enumerate(items):
        first = f"{item.source}/{item.scene_id}/{item.question_id}"
        questions = seen.setdefault(first, {})
        duplicate_of = questions.get(item.question, "")
        count = len(questions) + 1
        key = first if count == 1 else f"{first}#{count}"
        # A duplicate's question is stored under its key: each repetition gets a key of its own.
        questions[item.question if not duplicate_of else key] = key
        yield replace(item, key=key, ordinal=ordinal, duplicate_of=duplicate_of)


_TYPES = (
    ("how many", "count"),
    ("what color", "color"),
    ("what colour", "color"),
    ("what is the color", "color"),
    ("what kind", "object"),
    ("what type", "object"),
    ("what shape", "shape"),
    ("what material", "material"),
    ("where", "place"),
    ("which", "which"),
    ("is ", "yes_no"),
    ("are ", "yes_no"),
    ("does ", "yes_no"),
    ("do ", "yes_no"),
    ("can ", "yes_no"),
    ("what", "object"),
    ("why", "why"),
    ("how", "how"),
    ("who", "who"),
)


def question_type(question: str) -> str:
    """The kind of an English question by its first words, as ScanQA's authors count them."""
    start = question.strip().lower()
    for words, name in _TYPES:
        if start.startswith(words):
            return name
    return "other"
