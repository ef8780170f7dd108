"""The whole of `r1-tiny`, from nothing to weights: tokenizer, dense stage, SFT, SceneClip."""

from __future__ import annotations

from pathlib import Path

import torch
from accelerate import PartialState
from transformers import AutoTokenizer

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.config import TrainingConfig
from r1_training.common.whole_files import written_whole
from r1_training.synthetic.room_mix import RoomMix
from r1_training.tiny.build import build_tiny
from r1_training.tiny.tokenizer import train_tokenizer
from r1_training.tiny.weights.carry_over import carry_over
from r1_training.tiny.weights.packed import pack_weights

VOCABULARY = 5_120
CORPUS_ROOMS = 2_500
STAGES = ("dense", "sft")  # r1-tiny-NAME.yaml


def start_tiny(folder: Path, config: TrainingConfig, known: Path | None = None) -> Path:
    """A tokenizer trained on the synthetic rooms' text, and weights to start from; made once.

    A run that goes on after a kill must find the tokenizer that it started with.

    Args:
        folder: made, with its parents.
        config: of the first stage.
        known: model whose knowledge is carried over; None for random weights.
    """
    from r1_training.synthetic.language.corpus import corpus

    with PartialState().main_process_first():  # the others find it
        if folder.is_dir():
            return folder
        mix = RoomMix.load(config.meshes, config.mesh_rooms)
        text = corpus(CORPUS_ROOMS, workers=config.workers, mix=mix)
        tokenizer = train_tokenizer(text, VOCABULARY)
        backbone = None if config.backbone is None else Path(config.backbone)
        model = build_tiny(tokenizer, config.seed, backbone)
        if known is not None:
            old = R1ForConditionalGeneration.from_pretrained(known, dtype=torch.float32)
            carry_over(model, tokenizer, old, AutoTokenizer.from_pretrained(known))
        with written_whole(folder) as part:
            model.save_pretrained(part)
            tokenizer.save_pretrained(part)
    return folder


def train_tiny(
    configs: Path,
    output: Path,
    devices: int | None = None,
    workers: int | None = None,
    known: Path | None = None,
) -> Path:
    """All stages in order; each goes on where a killed run stopped. From `known` on SFT alone.

    Args:
        configs: folder with the `STAGES`' files and clip.yaml.
        output: folder of all stages.
        devices: overrides the files; as many processes of torchrun call this.
        workers: overrides the files; of each process.
        known: see `start_tiny`.

    Returns:
        The folder of the finished model: `output`/r1-tiny.
    """
    from r1_training.clip.train import ClipTrainingConfig
    from r1_training.clip.train import train as train_clip
    from r1_training.tiny.sft import train

    def load(name: str) -> TrainingConfig:
        return TrainingConfig.load(
            configs / f"r1-tiny-{name}.yaml",
            output=str(output / name),
            devices=devices,
            workers=workers,
        )

    first, last = map(load, STAGES)
    folder = start_tiny(output / "start", first, known)
    for config in (first, last) if known is None else (last,):  # what is known sees already
        final = Path(config.output) / "final"
        folder = final if final.is_dir() else train(str(folder), config, resume=True)
    shipped = output / "r1-tiny"
    with PartialState().main_process_first():
        if PartialState().is_main_process:
            train_clip(
                ClipTrainingConfig.load(
                    configs / "clip.yaml",
                    model=str(folder),
                    output=str(output / "clip"),
                    workers=workers,
                    known=None if known is None else str(known),
                )
            )
            pack_weights(folder, shipped)
    return shipped
