"""Scene-30K rows with their ScanNet scenes, as the model's tensors."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from r1_model.conversation import R1Inputs, R1Processor
from r1_model.network.config import R1Config
from r1_model.network.token_loss import IGNORED
from r1_model.scene.scene import Scene, View
from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import SplitError
from r1_training.datasets.rows import RowReport
from r1_training.datasets.scannet.prepared import is_prepared, read_scene
from r1_training.datasets.scannet.splits import may_train_on, read_hold_out
from r1_training.datasets.scene30k import read_scene30k
from r1_training.qwen.config import FullSizeConfig

# Scenes of the data are shuffled, so a cache helps little; clouds are 2 MB, views 10 MB each scene.
CACHED_SCENES = 8
# Tokens of a 640 x 480 frame at native resolution.
NATIVE_TOKENS = 17 * 23


@dataclass
class DataReport:
    """What the data hold, for the dry run.

    Attributes:
        rows: what became of the rows of the file.
        usable: conversations with a prepared scene.
        scenes: prepared scenes that they are about.
        missing: rows by scene that is not prepared.
        answer_words: words of think and answer, over usable rows.
    """

    rows: RowReport
    usable: int = 0
    scenes: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    answer_words: list[int] = field(default_factory=list)


def usable_samples(config: FullSizeConfig) -> tuple[list[Sample], DataReport]:
    """Training rows of the data whose scene is prepared, with its frames where views are shown.

    Raises:
        FileFormatError: the data file or the list of held-out scenes is missing.
    """
    folder, report = Path(config.scannet), DataReport(RowReport())
    samples, found = [], {}
    rows = read_scene30k(
        Path(config.data),
        "train",
        on_bad="skip",
        report=report.rows,
        held_out=_held_out(config),
    )
    for sample in rows:
        scene = sample.scene_id
        if scene not in found:
            found[scene] = is_prepared(folder, scene, frames=config.views > 0)
        if not found[scene]:
            report.missing[scene] += 1
            continue
        samples.append(sample)
        report.answer_words.append(len(sample.details["cot"].split()))
    report.usable, report.scenes = len(samples), sum(found.values())
    return samples, report


def within_limit(
    samples: list[Sample], processor: R1Processor, config: FullSizeConfig
) -> list[Sample]:
    """The samples whose conversation has at most `config.max_tokens` tokens."""
    lengths = conversation_tokens(samples, processor, config)
    pairs = zip(samples, lengths, strict=True)
    return [sample for sample, (tokens, _) in pairs if tokens <= config.max_tokens]


def conversation_tokens(
    samples: list[Sample], processor: R1Processor, config: FullSizeConfig
) -> list[tuple[int, int]]:
    """Tokens of each conversation, with scene and views, and of its target alone."""
    views = config.views * (view_tokens(processor.config) + 2)

    def count(text: str) -> int:
        return len(processor.tokenizer(text, add_special_tokens=False)["input_ids"])

    targets = [count(sample.details["cot"]) for sample in samples]
    return [
        (count(processor.prompt(sample.question, sample.turns, ())) + target + views, target)
        for sample, target in zip(samples, targets, strict=True)
    ]


def view_tokens(model: R1Config) -> int:
    """Tokens of one 640 x 480 frame, without its two marks."""
    return NATIVE_TOKENS if model.view_size is None else math.prod(model.view_size) // 28**2


class Scene30KConversations:
    """Conversations as `training_example` makes them, by index.

    Raises:
        SplitError: a sample's scene is held out; no scan of such a scene is read for training.
    """

    def __init__(
        self, config: FullSizeConfig, samples: list[Sample], processor: R1Processor
    ) -> None:
        held_out = _held_out(config)
        for sample in samples:
            if not may_train_on(sample.scene_id, held_out):
                raise SplitError(f"{sample.scene_id} is held out and must not be trained on")
        self.config = config
        self.samples = samples
        self.processor = processor

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        sample = self.samples[index]
        scene, views = self._seen(sample)
        return training_example(self.processor, sample, scene, views)

    def question(self, index: int) -> tuple[Sample, R1Inputs]:
        """A sample and the inputs of its question, without the answer."""
        sample = self.samples[index]
        scene, views = self._seen(sample)
        return sample, self.processor(scene, views, sample.question, sample.turns)

    def _seen(self, sample: Sample) -> tuple[Scene, list[View]]:
        scene = _cached_scene(self.config.scannet, sample.scene_id, self.config.views > 0)
        return scene, evenly_spaced(scene.views, self.config.views)

    def collate(self, rows: list[dict[str, int]]) -> dict[str, Any]:
        """The collator, for rows that are indices: worker processes then read the scenes.

        One conversation at a time, because each has its own number of views.
        """
        (row,) = rows
        return {key: value for key, value in self[row["index"]].items() if value is not None}


def training_example(
    processor: R1Processor, sample: Sample, scene: Scene, views: list[View]
) -> dict[str, Any]:
    """Forward arguments of `R1ForConditionalGeneration` with labels on the target's tokens.

    The target is the sample's chain of thought (`details["cot"]`) and the end of the turn.
    """
    inputs = processor(scene, views, sample.question, sample.turns)
    text = f"{sample.details['cot']}<|im_end|>\n"
    target = torch.tensor([processor.tokenizer(text, add_special_tokens=False)["input_ids"]])
    after = inputs.position_ids.max() + 1 + torch.arange(target.shape[1])
    ignored = torch.full_like(inputs.input_ids, IGNORED)
    return {
        "input_ids": torch.cat((inputs.input_ids, target), 1),
        "position_ids": torch.cat((inputs.position_ids, after.expand(3, 1, -1)), 2),
        "labels": torch.cat((ignored, target), 1),
        "points": inputs.points,
        "colors": inputs.colors,
        "bounds": inputs.bounds,
        "patches": inputs.patches,
        "view_grids": inputs.view_grids,
        "view_positions": inputs.view_positions,
        "view_positions_valid": inputs.view_positions_valid,
    }


def evenly_spaced(views: list[View], count: int) -> list[View]:
    """At most `count` of the views, first and last included."""
    if len(views) <= count:
        return views
    return [views[round(index)] for index in np.linspace(0, len(views) - 1, count)]


def to_device(example: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """The same on another device."""
    return {k: v.to(device) if isinstance(v, Tensor) else v for k, v in example.items()}


def _held_out(config: FullSizeConfig) -> frozenset[str]:
    return frozenset() if config.hold_out is None else read_hold_out(Path(config.hold_out))


@lru_cache(maxsize=CACHED_SCENES)
def _cached_scene(folder: str, scene_id: str, frames: bool) -> Scene:
    return read_scene(Path(folder), scene_id, frames=frames)
