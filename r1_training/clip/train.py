"""Training of `SceneClip` and of the weights of view selection, on synthetic rooms.

Comes after the model's own training: E_3D reads the scene encoder's tokens, which stay as they are.

    python -m r1_training.clip.train --config config/training/clip.yaml
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from r1_model.network.scene_encoder import SceneEncoder
from r1_model.pretrained import load_pretrained
from r1_model.views.scene_clip import SceneClip, SceneClipConfig
from r1_training.clip.batches import ClipBatchBuilder, clip_batch
from r1_training.clip.losses import ClipBatch, clip_losses
from r1_training.clip.retrieval import RetrievalReport, evaluate_clip
from r1_training.common.config import TrainingConfigError, check_types, image_size, load_settings
from r1_training.common.whole_files import written_whole
from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.room_mix import RoomMix
from r1_training.tiny.weights.carry_over import carried_words

CHECKPOINT = "checkpoint.pt"
WORDS = "clip.token_embedding.weight"


@dataclass(frozen=True)
class ClipTrainingConfig:
    """A run of `python -m r1_training.clip.train`.

    Attributes:
        model: model folder with the trained scene encoder and the tokenizer.
        output: folder of the log, the checkpoint and the result; the result is also written into
            `model`.
        seed: of rooms, texts and weights.
        steps: optimizer steps.
        rooms, texts, views: in a batch; texts and views per room.
        view_size: (height, width) of the views in pixels.
        learning_rate: peak of the cosine schedule of the towers and the head.
        utility_learning_rate: of the three weights of view selection.
        warmup: steps of linear warm-up.
        weight_decay: of AdamW, on matrices.
        evaluation_rooms: held-out rooms of the split `test`.
        workers: processes that make rooms and texts.
        save_every: steps between checkpoints.
        meshes, mesh_rooms: see `TrainingConfig`.
        known: model folder whose `SceneClip` is carried over, its words by their text; None: random
            weights.
    """

    model: str
    output: str
    seed: int = 0
    steps: int = 3000
    rooms: int = 24
    texts: int = 12
    views: int = 12
    view_size: tuple[int, int] = (120, 160)
    learning_rate: float = 1e-3
    utility_learning_rate: float = 3e-3
    warmup: int = 200
    weight_decay: float = 0.1
    evaluation_rooms: int = 192
    workers: int = 14
    save_every: int = 500
    meshes: str | None = None
    mesh_rooms: float = 1.0
    known: str | None = None

    def __post_init__(self) -> None:
        check_types(self)
        object.__setattr__(self, "view_size", image_size("view_size", self.view_size))
        for name in ("steps", "rooms", "texts", "views", "evaluation_rooms", "save_every"):
            if getattr(self, name) < 1:
                raise TrainingConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        amounts = ("seed", "learning_rate", "utility_learning_rate", "warmup", "weight_decay")
        for name in (*amounts, "workers"):
            if getattr(self, name) < 0:
                raise TrainingConfigError(f"{name} must not be negative: {getattr(self, name)}")
        if not 0 <= self.mesh_rooms <= 1:
            raise TrainingConfigError(f"mesh_rooms must lie in 0 to 1, not {self.mesh_rooms}")

    @classmethod
    def load(cls, path: str | Path, **overrides: object) -> ClipTrainingConfig:
        """Read a YAML file; overrides that are not None win.

        Raises:
            TrainingConfigError: the file is unreadable, a key is unknown or missing, or a value
                is impossible.
        """
        return load_settings(cls, path, overrides)


class Source:
    """Batches by number: the same number always gives the same batch."""

    def __init__(
        self,
        config: ClipTrainingConfig,
        encoder: SceneEncoder,
        tokenizer: PreTrainedTokenizerBase,
        clip: SceneClipConfig,
        split: str,
    ) -> None:
        self.config, self.encoder = config, encoder
        mix = RoomMix.load(config.meshes, config.mesh_rooms)
        self.builder = ClipBatchBuilder(
            tokenizer,
            clip,
            split,
            seed=config.seed,
            rooms=config.rooms,
            texts=config.texts,
            views=config.views,
            mix=mix,
        )

    def batches(self, device: torch.device, start: int, stop: int) -> Iterator[ClipBatch]:
        """Batches start..stop-1 on a device."""
        config = self.config
        numbers: Any = range(start, stop)  # torch takes any sequence, its types only a Dataset
        loader: DataLoader[Any] = DataLoader(
            numbers,
            batch_size=1,
            collate_fn=self.builder,
            num_workers=config.workers,
            prefetch_factor=4 if config.workers else None,
        )
        for made in loader:
            observed = observe_batch(
                made["rooms"],
                seed=config.seed * 1_000_003 + made["number"],
                views=config.views,
                height=config.view_size[0],
                width=config.view_size[1],
                points=self.encoder.config.num_points,
                keep_views=config.views,
                device=device,
                pack=self.builder.mix.pack,
            )
            yield clip_batch(made, observed, self.encoder)


def optimizer_of(model: SceneClip, config: ClipTrainingConfig) -> torch.optim.AdamW:
    """AdamW: no decay on vectors and scalars, an own rate for the weights of view selection."""
    weights = list(model.utility.parameters())
    rest = [p for name, p in model.named_parameters() if not name.startswith("utility.")]
    return torch.optim.AdamW(
        [
            {"params": [p for p in rest if p.ndim > 1], "weight_decay": config.weight_decay},
            {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
            {"params": weights, "weight_decay": 0.0, "lr": config.utility_learning_rate},
        ],
        lr=config.learning_rate,
        betas=(0.9, 0.98),
    )


def rate_factor(step: int, config: ClipTrainingConfig) -> float:
    """Linear warm-up, then a cosine to zero."""
    if step < config.warmup:
        return (step + 1) / config.warmup
    way = (step - config.warmup) / max(1, config.steps - config.warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, way)))


def train_step(
    model: SceneClip,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    batch: ClipBatch,
) -> dict[str, Tensor]:
    """One optimizer step; returns the losses, detached."""
    losses = clip_losses(model, batch)
    optimizer.zero_grad()
    reduce(torch.add, losses.values()).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    return {name: value.detach() for name, value in losses.items()}


def carry_over_clip(model: SceneClip, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Copy what another SceneClip of equal sizes has learned; its words are known by their text.

    Args:
        model: new; changed in place.
        tokenizer: of `model`.
        folder: with the other one and its tokenizer.
    """
    known = AutoTokenizer.from_pretrained(folder)
    state = SceneClip.from_pretrained(folder).state_dict()
    state[WORDS] = carried_words(tokenizer, known, state[WORDS])
    model.load_state_dict(state)


def train(config: ClipTrainingConfig) -> RetrievalReport:
    """Train, evaluate on held-out rooms, and put the result beside the model's weights.

    A run that was killed goes on from its last checkpoint when it is started again.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    loaded = load_pretrained(config.model, device=str(device), dtype="float32")
    encoder = loaded.model.model.scene_encoder.eval().requires_grad_(False)
    tokenizer = loaded.processor.tokenizer
    torch.manual_seed(config.seed)
    sizes = SceneClipConfig.for_tokenizer(tokenizer, scene_width=encoder.config.width)
    model = SceneClip(sizes).to(device)
    if config.known is not None:
        carry_over_clip(model, tokenizer, Path(config.known))
    optimizer = optimizer_of(model, config)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: rate_factor(s, config))
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    start = _resume(output / CHECKPOINT, model, optimizer, scheduler)
    log = SummaryWriter(str(output / "logs"))
    batches = Source(config, encoder, tokenizer, sizes, "train").batches(
        device, start, config.steps
    )
    progress = tqdm(batches, total=config.steps, initial=start, desc="clip", unit="step")
    for step, batch in enumerate(progress, start + 1):
        losses = train_step(model, optimizer, scheduler, batch)
        if step % 20 == 0 or step == config.steps:
            for name, value in losses.items():
                log.add_scalar(f"loss/{name}", value.item(), step)
            weights = model.utility.weights().tolist()
            for name, weight in zip(("w_t", "w_c", "w_clip"), weights, strict=True):
                log.add_scalar(f"utility/{name}", weight, step)
            progress.set_postfix(
                loss=f"{sum(loss.item() for loss in losses.values()):.2f}",
                weights=" ".join(f"{weight:.2f}" for weight in weights),
            )
        if step % config.save_every == 0:
            _save(output / CHECKPOINT, model, optimizer, scheduler, step)
    log.close()
    model.config = replace(model.config, trained=True)
    held_out = Source(config, encoder, tokenizer, sizes, "test")
    count = -(-config.evaluation_rooms // config.rooms)
    report = evaluate_clip(model.eval(), held_out.batches(device, 0, count))
    for folder in {output, Path(loaded.model.config.name_or_path or output)}:
        model.save_pretrained(folder)
    (output / "retrieval.json").write_text(json.dumps(vars(report), indent=2) + "\n")
    return report


def _save(
    path: Path,
    model: SceneClip,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    step: int,
) -> None:
    state = {
        "step": step,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
    }
    with written_whole(path) as part:
        torch.save(state, part)


def _resume(
    path: Path,
    model: SceneClip,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, map_location=model.mean.device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    return state["step"]
