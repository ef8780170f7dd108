"""A stage's model asked again and shown something else: which views, how many, which modalities."""

from __future__ import annotations

from pathlib import Path

from r1_training.evaluation.modalities import PartlyShownReasoner
from r1_training.evaluation.room_evaluator import (
    Asked,
    ask_all,
    evaluate_rooms,
    observed,
    pieces_of,
    samples_about,
)
from r1_training.reproduce.comparison import Row, rows_of
from r1_training.reproduce.config import ReproduceConfig, ShownConfig
from r1_training.synthetic.room_mix import RoomMix

MADE = 64  # questions made about a room, of which those are asked that need views


def evaluate_shown(model: Path, asked: ShownConfig, config: ReproduceConfig) -> list[Row]:
    """What is kept of the answers of a model that is shown what `asked` says.

    Raises:
        MeshPackError: the pack of meshes cannot be used.
    """
    reasoner = PartlyShownReasoner.from_pretrained(str(model), dtype="float32")
    reasoner.switch(asked.switches)
    found: list[Asked] = []
    for seed in range(config.seeds):
        if asked.prints:
            found += _about_prints(reasoner, config, seed)
        else:
            found += evaluate_rooms(
                reasoner,
                rooms=config.rooms,
                questions=config.questions,
                seed=seed,
                split="test",
                tasks=config.tasks,
            )
    return rows_of(found)


def _about_prints(reasoner: PartlyShownReasoner, config: ReproduceConfig, seed: int) -> list[Asked]:
    mix, found = RoomMix.load(config.meshes), []
    for piece in pieces_of(config.rooms, seed):
        pending = []
        for place in observed(piece, "test", reasoner.device, mix):
            samples = samples_about(
                *(place.room, place.visible, place.readable, place.topped),
                *(seed, MADE, "test", config.tasks),
            )
            needing = [sample for sample in samples if sample.reads]
            pending += [(place, sample) for sample in needing[: config.questions]]
        found += ask_all(reasoner, pending)
    return found
