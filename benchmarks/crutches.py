"""What the settings do that help a small model to read questions, each left out in turn.

`R1Config.normalise_questions`, `drop_unrelated_history` and `names_as_requests` are on for r1-tiny.
Each is asked for what it is made for, about unseen rooms, and all are left out at once for the
questions as they are written:

- typed: questions in small letters without their last mark, as people type them;
- new topic: questions that stand alone, behind one or two turns about something else;
- name: a thing is named and nothing more ("the white mug"), in place of "Find the white mug.".

    python benchmarks/crutches.py [r1-tiny] [--rooms 12] [--questions 10]
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np

from r1_model.reasoner import Reasoner
from r1_training.evaluation.room_evaluator import ObservedRoom, ask_all, observed_rooms
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.tasks.topic_changes import after_other_topics

Questions = list[tuple[ObservedRoom, Sample]]

SETTINGS = ("normalise_questions", "drop_unrelated_history", "names_as_requests")
SEED = 7  # beyond those of evaluate-rooms
# the forms of the test language from which a bare name is left
_NAMED = re.compile(
    r"(?:Find|Locate|Show me|Point to|請找到|请找到|找到|找出) ?((?!where ).+?)[.。]"
)


def typed(sample: Sample) -> Sample | None:
    """As people type: small letters, no mark at the end."""
    question = sample.question.lower().rstrip(".?!。？！")
    changed = question != sample.question and "<obj" not in question
    return replace(sample, question=question) if changed else None


def named(sample: Sample) -> Sample | None:
    """The name of what is to be found, where the question has the form for it."""
    found = _NAMED.fullmatch(sample.question)
    if sample.task != "grounding" or found is None:
        return None
    return replace(sample, question=found[1])


def new_topics(samples: Iterable[Sample], seed: int) -> list[Sample]:
    """Questions that belong to no dialogue, each behind turns about something else."""
    alone = [sample for sample in samples if not sample.turns]
    return [one for one in after_other_topics(alone, Random(seed), share=1.0) if one.turns]


def questions_of(reasoner: Reasoner, rooms: int, questions: int) -> dict[str, Questions]:
    """What is asked, by its kind."""
    found: dict[str, Questions] = {"as written": [], "typed": [], "new topic": [], "name": []}
    for place in observed_rooms(rooms, SEED, "test", reasoner.device):
        given = {"visible": place.visible, "split": "test"}
        rng = np.random.default_rng((SEED, place.room.seed))
        samples = make_samples(place.room, rng, count=questions, **given)
        wanted = make_samples(
            place.room,
            rng,
            count=20 * questions,
            visible=place.visible,
            split="train",
            tasks=["grounding"],
        )
        kinds = {
            "as written": samples,
            "typed": [one for sample in samples if (one := typed(sample))],
            "new topic": new_topics(samples, place.room.seed),
            "name": [one for sample in wanted if (one := named(sample))][:questions],
        }
        for kind, asked in kinds.items():
            found[kind] += [(place, sample) for sample in asked]
    return found


def main() -> None:
    """Print the table; the figures go into the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="r1-tiny")
    parser.add_argument("--rooms", type=int, default=12)
    parser.add_argument("--questions", type=int, default=10, help="of each room")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, default=Path("output/crutches.json"))
    options = parser.parse_args()
    reasoner = Reasoner.from_pretrained(options.model, device=options.device)
    asked = questions_of(reasoner, options.rooms, options.questions)
    table = {}
    for kind, settings in {
        "as written": SETTINGS,
        "typed": ("normalise_questions",),
        "new topic": ("drop_unrelated_history",),
        "name": ("names_as_requests",),
    }.items():
        with_all = ask_all(reasoner, asked[kind])
        for name in settings:
            setattr(reasoner.settings, name, False)
        without = ask_all(reasoner, asked[kind])
        for name in settings:
            setattr(reasoner.settings, name, True)
        pairs = list(zip(with_all, without, strict=True))
        row = {
            "asked": len(pairs),
            "with": float(np.mean([one.verdict["correct"] for one in with_all])),
            "without": float(np.mean([one.verdict["correct"] for one in without])),
            "answers_changed": sum(a.answer.raw != b.answer.raw for a, b in pairs),
        }
        table[kind] = row | {"left_out": settings}
        figures = (f"{name} {value:.4g}" for name, value in row.items())
        print(f"{kind:12}without {', '.join(settings)}:", *figures, flush=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    figures = {"model": options.model, "rooms": options.rooms, "questions": table}
    options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
