"""The whole of `r1-tiny`, from nothing to weights: tokenizer, dense stage, SFT, SceneClip."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.config import TrainingConfig
from r1_training.common.whole_files import written_whole
from r1_training.tiny.build import build_tiny
from r1_training.tiny.tokenizer import train_tokenizer

VOCABULARY = 4_608
CORPUS_ROOMS = 2_500
STAGES = ("dense", "sft", "polish")  # r1-tiny-NAME.yaml
SHARD = "14MB"


def start_tiny(folder: Path, seed: int, workers: int = 0) -> Path:
    """A tokenizer trained on the synthetic rooms' text, and random weights; made once a folder.

    A run that goes on after a kill must find the tokenizer that it started with.

    Args:
        folder: made, with its parents.
        seed: of the weights.
        workers: processes that make the rooms' text.
    """
    from r1_training.synthetic.language.corpus import corpus

    if folder.is_dir():
        return folder
    tokenizer = train_tokenizer(corpus(CORPUS_ROOMS, workers=workers), VOCABULARY)
    with written_whole(folder) as part:
        build_tiny(tokenizer, seed).save_pretrained(part)
        tokenizer.save_pretrained(part)
    return folder


def train_tiny(configs: Path, output: Path, workers: int | None = None) -> Path:
    """All stages in order; each goes on where a killed run stopped.

    Args:
        configs: folder with the `STAGES`' files and clip.yaml.
        output: folder of all stages.
        workers: overrides the files.

    Returns:
        The folder of the finished model: `output`/r1-tiny.
    """
    from r1_training.clip.train import ClipTrainingConfig
    from r1_training.clip.train import train as train_clip
    from r1_training.tiny.sft import train

    def load(name: str) -> TrainingConfig:
        return TrainingConfig.load(
            configs / f"r1-tiny-{name}.yaml", output=str(output / name), workers=workers
        )

    stages = [load(name) for name in STAGES]
    folder = start_tiny(output / "start", stages[0].seed, stages[0].workers)
    for config in stages:
        final = Path(config.output) / "final"
        folder = final if final.is_dir() else train(str(folder), config, resume=True)
    train_clip(
        ClipTrainingConfig.load(
            configs / "clip.yaml", model=str(folder), output=str(output / "clip"), workers=workers
        )
    )
    return pack_weights(folder, output / "r1-tiny")


def pack_weights(trained: Path, folder: Path) -> Path:
    """A finished model as it ships: bf16, in files small enough for a repository."""
    with written_whole(folder) as part:
        shutil.copytree(trained, part, ignore=shutil.ignore_patterns("model*", "*.bin"))
        model = R1ForConditionalGeneration.from_pretrained(trained, dtype=torch.bfloat16)
        model.save_pretrained(part, max_shard_size=SHARD)
    return folder
