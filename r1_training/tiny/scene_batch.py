"""A batch of rooms on the device: observed, its boxes known, ready for the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask

from r1_model.network.config import R1Config
from r1_model.network.depth_positions import patch_positions
from r1_model.network.looks import Pictures
from r1_model.network.scene_tokens import LEVELS, normalise_boxes
from r1_model.network.token_loss import IGNORED
from r1_model.network.vision import MERGE, PATCH, patchify
from r1_training.common.config import TrainingConfig
from r1_training.common.labels import STATES
from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.tops import SHOWN, top_points
from r1_training.synthetic.household.pack import MeshPack
from r1_training.tiny.batches import Prefix
from r1_training.tiny.dense_loss import SceneTargets
from r1_training.tiny.packing import attention_mask, fill_slots

# An object with fewer points in the cloud (of 81,920) was not observed: its box would be a guess.
LEAST_POINTS = 20


@dataclass(frozen=True)
class RoomBatch:
    """What one training step needs, on the device.

    Attributes:
        scene: points (B, N, 3) metres, colors (B, N, 3) in [0, 1], bounds (B, 2, 3) metres; and
            the `Pictures` of a model that looks at what it found.
        views: see `view_inputs`; empty without questions.
        targets: truth of the dense decoder.
        language: the questions; None in the dense stage.
    """

    scene: dict[str, Any]
    views: dict[str, Any]
    targets: SceneTargets
    language: Language | None


@dataclass(frozen=True)
class Language:
    """Filled text of a batch.

    Attributes:
        input_ids, labels: (B, L).
        position_ids: (3, B, L).
        segment: (B, L) int32; the mask for FlexAttention reads it where a block is partly masked.
        mask: (B, 1, L, L) bool, or the same for FlexAttention.
    """

    input_ids: Tensor
    labels: Tensor
    position_ids: Tensor
    segment: Tensor
    mask: Tensor | BlockMask


@dataclass(frozen=True)
class Seen:
    """What a scan shows of the O objects of B rooms.

    Attributes:
        points: (B, O) points of each object in the cloud.
        readable, unread: (B, O) bool, see `observe_batch`.
        tops: (B, O) points of each object on its top, see `tops.top_points`.
    """

    points: Tensor
    readable: Tensor
    unread: Tensor
    tops: Tensor

    @staticmethod
    def all_of(holds: Tensor, rows: Tensor) -> Tensor:
        """Does it hold for all objects of a list? (B, O) bool, (B, S, R) rows or -1 -> (B, S)."""
        rows = rows.long()
        found = holds.gather(1, rows.clamp(min=0).flatten(1)).view_as(rows)
        return (found | (rows < 0)).all(-1)


def observe_rooms(
    made: dict[str, Any],
    run: TrainingConfig,
    config: R1Config,
    prefix: Prefix,
    numbers: Tensor,
    mask: Callable[[Tensor], Tensor | BlockMask],
    device: torch.device,
    pack: MeshPack | None = None,
) -> RoomBatch:
    """Scan the rooms of a batch from `BatchBuilder` and fill the boxes into their questions.

    Args:
        made: from `BatchBuilder`.
        run, config: of the training and of the model.
        prefix, numbers, mask: see `language_inputs`.
        device: where it all happens.
        pack: of rooms of meshes.
    """
    observed = observe_batch(
        made["rooms"],
        seed=run.seed * 1_000_003 + made["number"],
        views=run.scan_views,
        height=run.scan_size[0],
        width=run.scan_size[1],
        points=config.scene_config.num_points,
        keep_views=config.num_views,
        view_size=run.view_size,
        draw_views=True,
        device=device,
        pack=pack,
    )
    labels = {name: table.to(device) for name, table in made["labels"].items()}
    spare = labels["states"].shape[1] - observed["readable"].shape[1]  # rows of no object
    states = hide_unread(labels["states"], F.pad(observed["readable"], (0, spare)))
    # a model that was made before prints were labels knows the first ones
    labels["states"] = states[..., : len(config.scene_config.states)]
    bounds = cloud_bounds(observed["points"])
    scene: dict[str, Any] = {
        "points": observed["points"],
        "colors": observed["colors"].float() / 255,
        "bounds": bounds,
    }
    if config.scene_config.look_size is not None:
        scene["pictures"] = pictures_of(observed)
    targets = scene_targets(labels, observed["instance"])
    if not run.conversations:
        return RoomBatch(scene, {}, targets, None)
    boxes = torch.stack((labels["center"], labels["size"]), 2)
    objects = observed["object_points"].shape[1]
    tops = top_points(
        *(observed["points"], observed["instance"]),
        *(labels[name][:, :objects] for name in ("center", "size")),
    )
    language = language_inputs(
        {name: field.to(device) for name, field in made["text"].items()},
        torch.cat((boxes, made["extra_boxes"].to(device)), 1),
        bounds,
        Seen(observed["object_points"], observed["readable"], observed["unread"], tops),
        prefix,
        numbers.to(device),
        mask,
    )
    return RoomBatch(scene, view_inputs(observed, bounds, config), targets, language)


def hide_unread(states: Tensor, readable: Tensor) -> Tensor:
    """States (B, O, S) of `label_tables`, -1 for the prints that no view shows well enough.

    Args:
        states: 1, 0, or -1.
        readable: (B, O) bool, see `observe_batch`.
    """
    prints = states[..., len(STATES) :]
    hidden = (prints == 1).any(-1) & ~readable
    prints = torch.where(hidden.unsqueeze(-1), -1, prints)
    return torch.cat((states[..., : len(STATES)], prints), -1)


def pictures_of(observed: dict[str, Tensor]) -> Pictures:
    """The kept views of `observe_batch`."""
    return Pictures(*(observed[f"view_{name}"] for name in ("color", "depth", "K", "T")))


def scene_targets(labels: dict[str, Tensor], instance: Tensor) -> SceneTargets:
    """Label tables and per-point instances (B, N) as the truth of the dense decoder."""
    return SceneTargets(instance=instance.long().clamp(min=0), **labels)


def cloud_bounds(points: Tensor) -> Tensor:
    """(B, N, 3) -> (B, 2, 3) minimum and maximum corner."""
    return torch.stack((points.amin(1), points.amax(1)), 1)


def view_inputs(observed: dict[str, Tensor], bounds: Tensor, config: R1Config) -> dict[str, Any]:
    """Patches and places of the views of `observe_batch`, in the names of the model's forward."""
    height, width = config.fixed_view_size
    rows, columns = height // PATCH, width // PATCH
    rooms, views = observed["view_color"].shape[:2]
    patches = patchify(observed["view_color"].flatten(0, 1), height, width)
    positions, valid = patch_positions(
        observed["view_depth"].flatten(0, 1),
        observed["view_K"].flatten(0, 1),
        observed["view_T"].flatten(0, 1),
        rows // MERGE,
        columns // MERGE,
    )
    origin = bounds[:, 0].repeat_interleave(views, 0).unsqueeze(1)
    return {
        "patches": patches.flatten(0, 1),
        "view_grids": [(rows, columns)] * (rooms * views),
        "view_positions": (positions - origin).flatten(0, 1),
        "view_positions_valid": valid.flatten(),
    }


def language_inputs(
    text: dict[str, Tensor],
    boxes: Tensor,
    bounds: Tensor,
    seen: Seen,
    prefix: Prefix,
    numbers: Tensor,
    mask: Callable[[Tensor], Tensor | BlockMask] = attention_mask,
) -> Language:
    """Fill the boxes in and drop questions about what was not observed.

    Args:
        text: fields of `packing.Packed`, (B, ...).
        boxes: (B, M, 2, 3) centre and size, metres; objects first, then regions.
        bounds: (B, 2, 3) metres.
        seen: what the cloud and the views show of each object.
        prefix: shared by all.
        numbers: (2, 256), see `packing.number_table`.
        mask: `packing.attention_mask` or `packing.block_mask`.
    """
    levels = normalise_boxes(boxes[:, :, 0], boxes[:, :, 1], bounds).round().clamp(0, LEVELS - 1)
    input_ids = fill_slots(
        text["input_ids"], text["slot_box"], text["slot_coordinate"], levels, numbers
    )
    fair = (
        seen.all_of(seen.points >= LEAST_POINTS, text["required"])
        & seen.all_of(seen.readable, text["reads"])
        & seen.all_of(seen.unread, text["unread"])
        & seen.all_of(seen.tops >= SHOWN, text["tops"])
        & seen.all_of(seen.tops == 0, text["no_tops"])
    )
    segment = text["segment"].int()
    fair = torch.cat((torch.zeros_like(fair[:, :1]), fair), 1)  # the prefix is not trained
    trained = text["trained"] & fair.gather(1, segment.clamp(min=0).long())
    position = prefix.next_position + text["position"].long()
    position_ids = position.unsqueeze(0).repeat(3, 1, 1)
    own = torch.as_tensor(prefix.positions, device=position.device)
    position_ids[:, :, : own.shape[1]] = own.unsqueeze(1)
    return Language(
        input_ids=input_ids,
        labels=torch.where(trained, input_ids, IGNORED),
        position_ids=position_ids,
        segment=segment,
        mask=mask(segment),
    )
