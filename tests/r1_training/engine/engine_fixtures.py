"""Small helpers of the engine's tests."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from r1_training.engine.config import EngineConfig, LimitsConfig, ModelConfig, TeacherConfig
from r1_training.engine.filters import SANE, FilterConfig
from r1_training.engine.items import Item
from r1_training.engine.journal.outputs import Report
from r1_training.engine.run import synthesize
from r1_training.engine.teachers.teacher import Completion, Request, Teacher, Usage

GOOD_THINK = (
    "Step 1: the question is about the chair, so I look for chairs in the description. "
    "Step 2: the description says that the chair by the window is brown and made of wood. "
    "Conclusion: the chair is brown."
)
GOOD = f"<think>{GOOD_THINK}</think><answer>The chair is brown.</answer>"


def config(**limits: Any) -> EngineConfig:
    """Quick limits, a price of a dollar a token."""
    model = ModelConfig(name="m", input_usd_per_million=1e6, output_usd_per_million=1e6)
    quick = {"concurrency": 4, "first_backoff_seconds": 0.001, "max_backoff_seconds": 0.002}
    return EngineConfig(
        teacher=TeacherConfig(
            reasoning=model, consistency=replace(model, temperature=0.0), max_output_tokens=100
        ),
        filters=SANE,
        limits=LimitsConfig(**{**quick, "min_free_bytes": 0, **limits}),
    )


def with_filters(settings: EngineConfig, filters: FilterConfig) -> EngineConfig:
    return replace(settings, filters=filters)


def item(number: int = 0, **changes: Any) -> Item:
    values: dict[str, Any] = {
        "scene_id": "scene0000_00",
        "question_id": f"q{number}",
        "question": "What color is the chair?",
        "targets": ("chair",),
        "answers": ("brown",),
    }
    return Item(**{**values, **changes})


class ScriptedTeacher:
    """Answers by a function of the request; counts what it was asked.

    A function may return text, or raise.
    """

    billed = True

    def __init__(self, script: Callable[[Request], str] | None = None) -> None:
        self._script = script or (lambda request: GOOD)
        self._lock = threading.Lock()
        self.asked: Counter[tuple[str, str]] = Counter()

    def complete(self, request: Request) -> Completion:
        with self._lock:
            self.asked[request.item.key, request.stage] += 1
        text = self._script(request)
        if request.stage == "consistency" and text == GOOD:
            text = "The chair is brown."
        return Completion(text, Usage(2, 1))


def records(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]


def run(
    folder: Path,
    items: Iterable[Item],
    teacher: Teacher,
    settings: EngineConfig | None = None,
    **options: object,
) -> Report:
    options = {"is_held_out": lambda scene_id: scene_id.startswith("scene0011")} | options
    return synthesize(
        items,
        lambda scene_id: "" if scene_id == "unknown" else "A room, 房間, with a brown chair.",
        teacher,
        settings or config(),
        folder,
        **options,  # type: ignore[arg-type]
    )
