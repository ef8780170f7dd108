"""Which views of a scan are kept, and what is printed on things that one can read in them.

A print is a label (or a picture as a whole) with a motif or a digit. It can be read in a view where
all of it is in the picture, seen from before, hardly covered, and not too small.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from r1_training.common.present import present
from r1_training.synthetic.camera.packed_rooms import PackedRooms
from r1_training.synthetic.household.drawing import instances as col
from r1_training.synthetic.household.motifs import motif_tiles

# Added to the id of an object where its print is drawn: once on its front, twice on its top.
PRINT = 1024
LEAST_AREA, LEAST_SIDE = 200.0, 13.0  # pixels of a print that can be read
LEAST_SHOWN = 0.75  # share of it that nothing covers
HARDLY = 4  # pixels; with fewer in every view a print is not seen
_STEP = 4  # every so many-th pixel of a row and column counts for choosing views
_ASKED, _TWICE, _EVEN = 0.6, 0.4, 0.2


@dataclass(frozen=True)
class Prints:
    """What can be read in V views of B rooms with up to O objects.

    Attributes:
        readable: (B, V, O) bool, of object k + 1.
        seen: (B, V, O) int32, pixels of its prints.
    """

    readable: Tensor
    seen: Tensor


def with_prints(instances: Tensor, first_tile: int) -> Tensor:
    """Instance tables (B, I, 24) whose prints have ids of their own.

    Args:
        instances: of rooms of meshes.
        first_tile: of the motifs among the textures.
    """
    marked = instances.clone()
    face = _faces(instances, first_tile)
    marked[..., col.INSTANCE] += PRINT * face
    return marked


def _faces(instances: Tensor, first_tile: int) -> Tensor:
    """(B, I): 1 a print on a front, 2 on a top, 0 none."""
    number = instances[..., col.TILE] - first_tile
    printed = (number >= 0) & (number < len(motif_tiles())) & (instances[..., col.INSTANCE] > 0)
    printed &= instances[..., col.MESH] == col.BOX
    size = instances[..., col.SIZE]
    return torch.where(printed, 1 + (size[..., 2] < size[..., 1]).long(), 0)


def read_prints(
    packed: PackedRooms,
    marked: Tensor,
    K: Tensor,
    T: Tensor,
    first_tile: int,
    finer: float = 1.0,
) -> Prints:
    """What is printed where, from ids with PRINT in them.

    Args:
        packed: rooms of meshes; marked: (B, V, H, W) rendered ids.
        K: (B, V, 3, 3); T: (B, V, 4, 4) true poses.
        first_tile: of the motifs.
        finer: how many times as many pixels a direction the views have that are read.
    """
    batch, views, height, width = marked.shape
    table = present(packed.instances, "the meshes that bear prints")
    own = packed.objects + 1
    where = (marked.flatten() >= PRINT).nonzero().squeeze(1)
    code = marked.flatten()[where].long()
    frame = where.div(height * width, rounding_mode="floor")
    slots = torch.zeros(batch * views * 2 * own, dtype=torch.int32, device=marked.device)
    slot = (frame * 2 + code.div(PRINT, rounding_mode="floor") - 1) * own + code % PRINT
    slots.index_add_(0, slot, torch.ones_like(slot, dtype=torch.int32))
    pixels = slots.view(batch, views, 2, own)
    face = _faces(table, first_tile)
    area = _areas(table, face, K, T, height, width, finer)  # (B, V, I)
    index = (face.clamp_min(1) - 1) * own + torch.where(
        face > 0, table[..., col.INSTANCE].long(), 0
    )
    index = index[:, None].expand(-1, views, -1)
    whole = area.new_zeros(batch, views, 2 * own).scatter_reduce_(2, index, area, "amax")
    whole = whole.view(batch, views, 2, own)
    readable = (whole * finer**2 >= LEAST_AREA) & (pixels >= LEAST_SHOWN * whole)
    return Prints(readable.any(2)[..., 1:], pixels.sum(2)[..., 1:].int())


def _areas(
    table: Tensor, face: Tensor, K: Tensor, T: Tensor, height: int, width: int, finer: float
) -> Tensor:
    """(B, V, I) pixels that the printed side covers if nothing is before it; 0 where it is seen
    from behind, in part, or too thin.
    """
    front = table.new_tensor([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, -0.5, 1], [-0.5, -0.5, 1]])
    top = table.new_tensor([[-0.5, -0.5, 1], [0.5, -0.5, 1], [0.5, 0.5, 1], [-0.5, 0.5, 1]])
    unit = torch.where((face == 2)[..., None, None], top, front)  # (B, I, 4, 3)
    affine = table[..., col.AFFINE].unflatten(-1, (3, 4))
    corners = (affine[:, :, None, :, :3] * unit[..., None, :]).sum(-1) + affine[:, :, None, :, 3]
    axis = torch.where((face == 2)[..., None], affine[..., 2], -affine[..., 1])
    eye = T[:, :, None, None, :3, 3]
    away = corners[:, None] - eye  # (B, V, I, 4, 3)
    before = (away[..., 0, :] * axis[:, None]).sum(-1) < 0
    inside = (away[..., None] * T[:, :, None, None, :3, :3]).sum(-2)
    z = inside[..., 2]
    focal = torch.stack((K[..., 0, 0], K[..., 1, 1]), -1)[:, :, None, None]
    pixel = inside[..., :2] / z.clamp_min(1e-3)[..., None] * focal + K[:, :, None, None, :2, 2]
    limit = pixel.new_tensor([width, height]) - 0.5
    shown = (z > 0.05).all(-1) & ((pixel > -0.5) & (pixel < limit)).all(-1).all(-1)
    x, y = pixel.unbind(-1)
    turned = x * y.roll(-1, -1) - y * x.roll(-1, -1)
    area = turned.sum(-1).abs() / 2
    sides = (pixel - pixel.roll(-1, -2)).norm(dim=-1)
    # a slanted quadrilateral is as thin as its height over its longest side
    side = torch.minimum(sides.amin(-1), area / sides.amax(-1).clamp_min(1))
    good = before & shown & (side * finer >= LEAST_SIDE) & (face > 0)[:, None]
    return torch.where(good, area, 0.0)


def object_pixels(instance: Tensor, objects: int) -> Tensor:
    """About how many pixels of each view show each object: (B, V, O) int32.

    Args:
        instance: (B, V, H, W) ids.
        objects: O.
    """
    few = instance[..., ::_STEP, ::_STEP].flatten(2).long() + 1
    counts = torch.zeros(*few.shape[:2], objects + 2, dtype=torch.int32, device=few.device)
    counts.scatter_add_(2, few, torch.ones_like(few, dtype=torch.int32))
    return counts[..., 2:] * _STEP**2


def even_views(rooms: int, views: int, keep: int, device: torch.device) -> Tensor:
    """(B, keep) numbers of views evenly spaced over the scan."""
    row = torch.linspace(0, views - 1, keep).round().long().to(device)
    return row.expand(rooms, -1)


def drawn_views(
    pixels: Tensor, prints: Prints | None, keep: int, generator: torch.Generator
) -> Tensor:
    """Views as a user or a selector may choose them: (B, keep) numbers, in the order of the scan.

    Mostly any of them, a fifth of the rooms evenly spaced ones; in most rooms one or two of them
    show something that may be asked about: a print that can be read, or else some object.

    Args:
        pixels: (B, V, O) of each object.
        prints: what can be read; None in rooms of primitives.
        generator: on the device of `pixels`.
    """
    rooms, views, objects = pixels.shape
    device = pixels.device

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, device=device, generator=generator)

    even = torch.zeros(rooms, views, device=device)
    even.scatter_(1, even_views(rooms, views, keep, device), 1.0)
    score = draw(rooms, views)
    score = torch.where(draw(rooms, 1) < _EVEN, even + score / 2, score)
    worth = pixels.float() * (0.5 + draw(rooms, views, objects))
    for chance in (_ASKED, _ASKED * _TWICE):
        wanted = draw(rooms, objects) * (pixels.amax(1) > 0)
        if prints is not None:
            wanted += 2 * prints.readable.any(1) * (draw(rooms, 1) < 0.7)
        thing = wanted.argmax(1)[:, None, None].expand(-1, views, 1)
        looks = worth.gather(2, thing).squeeze(2) + draw(rooms, views)  # any, where none shows it
        if prints is not None:
            looks = looks + 1e6 * prints.readable.gather(2, thing).squeeze(2)
        best = looks.argmax(1, keepdim=True)
        score.scatter_add_(1, best, 2.0 * (draw(rooms, 1) < chance))
    return score.topk(keep, 1).indices.sort(1).values
