"""Batches for `SceneClip`: rooms and questions in worker processes, the rest on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from r1_model.network.scene_encoder import SceneEncoder, pick
from r1_model.views.scene_clip import SceneClipConfig, tokenize
from r1_training.clip.losses import ClipBatch
from r1_training.common.labels import MAX_OBJECTS, label_tables
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.language import Sample, make_samples
from r1_training.synthetic.room_mix import PRIMITIVES, RoomMix

COLORS = 64  # more than there are: kind = category * COLORS + color + 1


class ClipBatchBuilder:
    """A collator: a list that holds one batch number -> rooms and texts. Runs in workers.

    Args:
        tokenizer: shared with the model.
        clip: the model's configuration.
        split: of the rooms and of the wording.
        seed: with the batch number the seed of everything.
        rooms, texts, views: in a batch; texts and views per room.
        mix: where the rooms come from.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        clip: SceneClipConfig,
        split: str,
        *,
        seed: int,
        rooms: int,
        texts: int,
        views: int,
        mix: RoomMix = PRIMITIVES,
    ) -> None:
        self.mix = mix
        self.tokenizer, self.clip = tokenizer, clip
        self.split, self.seed = split, seed
        self.rooms, self.texts, self.views = rooms, texts, views

    def __call__(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Keys: number, rooms (PackedRooms) and `ClipBatch`'s ids, present, needed, kind."""
        torch.set_num_threads(1)  # many workers share the cores
        number = numbers[0]
        first = (self.seed * 1_000_000 + number) * self.rooms
        rooms = [self.mix.room(first + index, self.split) for index in range(self.rooms)]
        tables = label_tables(rooms)
        category, color = tables["category"], tables["color"]
        texts: list[str] = []
        present = np.zeros((self.rooms, self.texts), bool)
        needed = np.zeros((self.rooms, self.texts, MAX_OBJECTS), bool)
        for row, room in enumerate(rooms):
            samples = make_samples(
                room,
                np.random.default_rng(room.seed),
                visible=[thing.id for thing in room.objects],
                count=2 * self.texts,  # some are about nothing that can be seen
                split=self.split,
            )
            found = [pair for pair in map(as_text, samples) if pair is not None][: self.texts]
            texts += [text for text, _ in found] + [""] * (self.texts - len(found))
            present[row, : len(found)] = True
            for column, (_, objects) in enumerate(found):
                needed[row, column, [id - 1 for id in objects]] = True
        return {
            "number": number,
            "rooms": pack_rooms(rooms, views=self.views),
            "ids": tokenize(self.tokenizer, self.clip, texts).unflatten(0, present.shape),
            "present": torch.from_numpy(present),
            "needed": torch.from_numpy(needed),
            "kind": torch.from_numpy(np.where(category >= 0, category * COLORS + color + 1, -1)),
        }


def as_text(sample: Sample) -> tuple[str, list[int]] | None:
    """The question as view selection will see it, and the ids of the objects it is about.

    None where the text alone does not say which objects these are (none at all, a box in the
    question, an earlier turn): it could only be learned by heart.
    """
    objects = [id for id in sample.objects if id not in sample.extra_boxes]
    if not objects or sample.turns or "<obj" in sample.question:
        return None
    return sample.question.strip(), objects


def pixel_shares(instance: Tensor, objects: int) -> Tensor:
    """Share of each view's pixels on each object.

    Args:
        instance: (R, V, H, W) object ids from 1; 0 and -1 are no object.
        objects: rows of the result per view.

    Returns:
        (R, V, objects) float32.
    """
    flat = instance.long().clamp(min=0).flatten(2)
    counts = torch.zeros(*flat.shape[:2], objects + 1, device=flat.device)
    counts.scatter_add_(2, flat, torch.ones_like(flat, dtype=torch.float32))
    return counts[..., 1:] / flat.shape[2]


def visible_tokens(
    xyz: Tensor, depth: Tensor, K: Tensor, T_scene_camera: Tensor, tolerance: float = 0.1
) -> Tensor:
    """`visibility.visible` for batches.

    Args:
        xyz: (R, T, 3) metres.
        depth: (R, V, H, W) metres, 0 hides nothing.
        K: (R, V, 3, 3); T_scene_camera: (R, V, 4, 4).
        tolerance: metres.

    Returns:
        (R, V, T) bool.
    """
    height, width = depth.shape[2:]
    rotation, translation = T_scene_camera[..., :3, :3], T_scene_camera[..., :3, 3]
    camera = (xyz.unsqueeze(1) - translation.unsqueeze(2)) @ rotation  # (R, V, T, 3)
    z = camera[..., 2]
    safe = torch.where(z > 0, z, 1.0)
    u = K[..., 0, 0, None] * camera[..., 0] / safe + K[..., 0, 2, None]
    v = K[..., 1, 1, None] * camera[..., 1] / safe + K[..., 1, 2, None]
    inside = (z > 0) & (u > -0.5) & (u < width - 0.5) & (v > -0.5) & (v < height - 0.5)
    pixel = (
        torch.where(inside, v, 0).round().long() * width + torch.where(inside, u, 0).round().long()
    )
    surface = depth.flatten(2).gather(2, pixel)
    return inside & ((surface <= 0) | (z <= surface + tolerance))


@torch.no_grad()
def clip_batch(
    made: dict[str, Any], observed: dict[str, Tensor], encoder: SceneEncoder
) -> ClipBatch:
    """Join what a worker made and what was observed of it.

    Args:
        made: by `ClipBatchBuilder`.
        observed: by `observe_batch` of the same rooms, on the device.
        encoder: the model's scene encoder; it stays as it is.
    """
    points = observed["points"]
    features = encoder(points, observed["colors"].float() / 255)
    xyz = torch.cat((pick(points, features.seed_points), features.context_xyz), 1)
    texts = {name: made[name].to(points.device) for name in ("ids", "present", "needed", "kind")}
    return ClipBatch(
        images=observed["view_color"],
        shares=pixel_shares(observed["view_instance"], made["needed"].shape[2]),
        features=torch.cat((features.objects, features.context), 1).float(),
        seen=visible_tokens(xyz, observed["view_depth"], observed["view_K"], observed["view_T"]),
        **texts,
    )
