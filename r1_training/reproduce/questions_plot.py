"""The questions that SFT and GRPO ask, counted and drawn as the paper's Figure 2 counts its own."""

from __future__ import annotations

from pathlib import Path

from r1_training.engine.filters import count_words
from r1_training.engine.statistics import Statistics
from r1_training.engine.statistics_plot import plot_statistics
from r1_training.grpo.config import GRPORunConfig
from r1_training.grpo.questions import make_visit

ROOMS = 40  # that are counted: each has as many questions as any other


def question_statistics(run: GRPORunConfig, rooms: int = ROOMS) -> Statistics:
    """Counts of what is asked in the first rooms of a run, which are SFT's."""
    found = Statistics()
    for visit in range(min(rooms, run.all_rooms)):
        room, samples = make_visit(run, visit)
        for sample in samples:
            found.scenes[str(room.seed)] += 1
            found.tasks[sample.task] += 1
            found.question_types[sample.task, sample.kind] += 1
            found.languages[sample.language] += 1
            parts = {"question": sample.question, "think": sample.think, "answer": sample.answer}
            for part, text in parts.items():
                found.lengths[part][count_words(text)] += 1
    return found


def draw_questions(run: GRPORunConfig, path: Path, rooms: int = ROOMS) -> None:
    """Draw them into a PNG."""
    counted = min(rooms, run.all_rooms)
    title = f"{counted} of {run.all_rooms:,} training rooms"
    plot_statistics(question_statistics(run, counted), path, title)
