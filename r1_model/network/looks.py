"""What detections look like: each is cut out of the view that shows it best.

A cloud keeps a colour every centimetre or two; a camera sees the handle, the keys, the label. The
cuts go through a backbone that was trained on photographs (MobileNetV2, arXiv 1801.04381) and stays
as it is, and through a small net of the model's own that reads what is printed on things: the
backbone halves a cut five times, and a digit is gone. What both say refines the labels of a
detection and its token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import mobilenet_v2

from r1_model.network.config import R1SceneConfig
from r1_model.network.dense_decoder import Detections
from r1_model.network.layers import ZeroLinear
from r1_model.network.scene_encoder import SceneFeatures, pick

BLOCKS, CHANNELS = 18, 320  # of MobileNetV2 without its last widening
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, which it was trained with
PROBES = 6  # a side: where a view is asked whether it sees a box
MARGIN = 1.1  # side of a cut over the longer side of what it shows
LEVELS = 3  # halvings of a view that large things are cut from
NEAR = 0.15  # metres; what is nearer to a camera is not in its view
SLACK = 0.03  # metres around a box that still count as inside
LEAST_SEEN = 0.08  # share of the probes
AT_ONCE = 512  # cuts of a scene; a map of many tiles has thousands
UNSEEN = 0.15  # share of the scenes that are trained without looks
READER_GROUPS = 8  # channels are normalised together; a width has as many times four
LARGE = 96.0  # pixels a side from which a larger picture of a thing shows no more


@dataclass(frozen=True)
class Pictures:
    """V views of each of B scenes.

    Attributes:
        color: (B, V, H, W, 3) uint8.
        depth: (B, V, h, w) metres along the optical axis, 0 invalid; may be coarser than `color`.
        K: (B, V, 3, 3) pixels of `depth`.
        T_scene_camera: (B, V, 4, 4) metres.
    """

    color: Tensor
    depth: Tensor
    K: Tensor
    T_scene_camera: Tensor

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """All of them, in order."""
        return self.color, self.depth, self.K, self.T_scene_camera

    def to(self, device: torch.device) -> Pictures:
        """The same on another device."""
        return Pictures(*(values.to(device) for values in self.tensors))


@dataclass(frozen=True)
class Cuts:
    """Where K boxes of each of B scenes are seen best.

    Attributes:
        view: (B, K) index of the view.
        middle: (B, K, 2) of the cut, as shares of the view's width and height.
        side: (B, K) of the square cut, as a share of the view's width.
        seen: (B, K) share of the box's picture that shows the box and not what is before it.
    """

    view: Tensor
    middle: Tensor
    side: Tensor
    seen: Tensor


def best_views(pictures: Pictures, center: Tensor, size: Tensor) -> Cuts:
    """The view in which most of each box is visible.

    Args:
        pictures: V views.
        center, size: (B, K, 3) metres.
    """
    batch, views, height, width = pictures.depth.shape
    count = center.shape[1]
    T = pictures.T_scene_camera.float()
    R, t = T[..., :3, :3], T[..., :3, 3]  # (B, V, 3, 3), (B, V, 3)
    # nothing is copied to the device here: a step that is recorded must not wait
    corner, axis = (torch.arange(count, device=center.device) for count in (8, 3))
    bits = corner.unsqueeze(1) >> axis
    corners = (center.unsqueeze(2) + ((bits & 1) - 0.5) * size.unsqueeze(2)).flatten(1, 2)
    camera = (corners.unsqueeze(1) - t.unsqueeze(2)) @ R  # (B, V, 8K, 3)
    focal = torch.stack((pictures.K[..., 0, 0], pictures.K[..., 1, 1]), -1).unsqueeze(2)
    middle = pictures.K[..., :2, 2].unsqueeze(2)  # (B, V, 1, 2)
    pixel = camera[..., :2] / camera[..., 2:].clamp(min=NEAR) * focal + middle
    pixel = pixel.view(batch, views, count, 8, 2)
    low, high = (_clipped(edge, height, width) for edge in (pixel.amin(3), pixel.amax(3)))
    # probes all over the box's picture: is what is seen there inside of the box?
    steps = (torch.arange(PROBES, device=center.device) + 0.5) / PROBES
    grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1).view(-1, 2)
    probe = low.unsqueeze(3) + grid * (high - low).unsqueeze(3)  # (B, V, K, P, 2)
    column = probe[..., 0].long().clamp(0, width - 1)
    row = probe[..., 1].long().clamp(0, height - 1)
    z = pictures.depth.flatten(2).gather(2, (row * width + column).flatten(2)).view(column.shape)
    slope = (probe - middle.unsqueeze(3)) / focal.unsqueeze(3)
    point = torch.cat((slope * z.unsqueeze(-1), z.unsqueeze(-1)), -1)
    point = (point.flatten(2, 3) @ R.transpose(-1, -2) + t.unsqueeze(2)).view(*z.shape, 3)
    away = (point - center[:, None, :, None]).abs() - size[:, None, :, None] / 2
    inside = (away <= SLACK).all(-1) & (z > 0)
    seen = inside.float().mean(-1)  # (B, V, K)
    depth_of = ((center.unsqueeze(1) - t.unsqueeze(2)) @ R)[..., 2]
    span = high - low
    seen = seen * ((depth_of > NEAR) & (span.amin(-1) > 1))
    extent = span.amax(-1) * (pictures.color.shape[3] / width)
    score = seen * extent.clamp(max=LARGE)
    view = score.argmax(1)  # (B, K)

    def chosen(values: Tensor) -> Tensor:
        index = view[:, None, :, None].expand(-1, -1, -1, values.shape[-1])
        return values.gather(1, index)[:, 0]

    span, seen = chosen(span), chosen(seen.unsqueeze(-1))[..., 0]
    across, down = (chosen(low) + span / 2).unbind(-1)
    return Cuts(
        view=view,
        middle=torch.stack((across / width, down / height), -1),
        side=span.amax(-1).clamp(min=2) * MARGIN / width,
        seen=seen,
    )


def cut_out(pictures: Pictures, cuts: Cuts, size: int) -> Tensor:
    """Square cuts of views, (B, K, 3, size, size) in [0, 1]; beyond an edge its colour goes on.

    Large cuts are read from halved views, so that nothing between two samples is missed.
    """
    batch, views, height, width = pictures.color.shape[:4]
    pyramid = [pictures.color.flatten(0, 1).permute(0, 3, 1, 2).float()]
    for _ in range(LEVELS - 1):
        pyramid.append(F.avg_pool2d(pyramid[-1], 2, ceil_mode=True))
    flat = [level.permute(0, 2, 3, 1).reshape(batch, -1, 3) for level in pyramid]
    values = torch.cat(flat, 1)  # (B, all pixels of all levels, 3)
    pixels = cuts.side * width  # (B, K)
    level = (pixels / size).clamp(min=1).log2().floor().long().clamp(0, LEVELS - 1)
    starts = accumulate((part.shape[1] for part in flat), initial=0)
    first = _by_level(level, list(starts)[:LEVELS])
    height_of = _by_level(level, [part.shape[2] for part in pyramid])
    width_of = _by_level(level, [part.shape[3] for part in pyramid])
    scale = 0.5 ** level.float()
    steps = (torch.arange(size, device=values.device) + 0.5) / size - 0.5
    across = cuts.middle[..., :1] * width + steps * pixels.unsqueeze(-1)  # (B, K, size)
    down = cuts.middle[..., 1:] * height + steps * pixels.unsqueeze(-1)
    across, down = (axis * scale.unsqueeze(-1) - 0.5 for axis in (across, down))
    base = first + cuts.view * height_of * width_of
    cut = torch.zeros(*level.shape, size, size, 3, device=values.device)
    for dy in (0, 1):
        y0 = down.floor()
        weight_y = 1 - (down - y0 - dy).abs()
        y = (y0.long() + dy).clamp(min=0).minimum(height_of.unsqueeze(-1) - 1)
        for dx in (0, 1):
            x0 = across.floor()
            weight_x = 1 - (across - x0 - dx).abs()
            x = (x0.long() + dx).clamp(min=0).minimum(width_of.unsqueeze(-1) - 1)
            index = base[..., None, None] + y.unsqueeze(-1) * width_of[..., None, None]
            index = index + x.unsqueeze(-2)  # (B, K, size, size)
            read = pick(values, index)
            cut = cut + read * (weight_y.unsqueeze(-1) * weight_x.unsqueeze(-2)).unsqueeze(-1)
    return cut.permute(0, 1, 4, 2, 3) / 255


def normalised(images: Tensor) -> Tensor:
    """(N, 3, H, W) in [0, 1] as the backbone reads them."""
    channels = zip(images.unbind(1), MEAN, STD, strict=True)
    return torch.stack([(channel - mean) / std for channel, mean, std in channels], 1)


class Reader(nn.Module):
    """What stands on a cut, wherever it stands: a few convolutions that end at an eighth of it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channels = 2 * width
        widths = (3, width // 4, width // 2, width // 2, width, width)
        layers: list[nn.Module] = []
        for fan_in, fan_out, stride in zip(widths[:-1], widths[1:], (2, 2, 1, 2, 1), strict=True):
            layers += [
                nn.Conv2d(fan_in, fan_out, 3, stride, 1),
                nn.GroupNorm(READER_GROUPS, fan_out),
                nn.GELU(),
            ]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) as of `normalised` -> (N, channels): the strongest of each, and the mean."""
        read = self.layers(images)
        return torch.cat((read.amax((2, 3)), read.mean((2, 3))), 1)


class Looks(nn.Module):
    """Refines the kept detections by what they look like. Without pictures nothing changes."""

    def __init__(self, config: R1SceneConfig, size: int) -> None:
        super().__init__()
        self.size = size
        width = config.width
        self.labels = [
            len(config.categories),
            len(config.colors),
            len(config.materials),
            len(config.states),
        ]
        self.backbone = mobilenet_v2(weights=None).features[:BLOCKS].requires_grad_(False)
        self.norm = nn.LayerNorm(CHANNELS)
        self.reader = None if config.read_width is None else Reader(config.read_width)
        known = CHANNELS + 2 + width + (0 if self.reader is None else self.reader.channels)
        self.read = nn.Sequential(
            nn.Linear(known, width), nn.GELU(), nn.Linear(width, width), nn.GELU()
        )
        self.feature = ZeroLinear(width, width)
        self.classes = ZeroLinear(width, sum(self.labels))

    def train(self, mode: bool = True) -> Looks:
        """The backbone's statistics stay those of photographs."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(
        self, features: SceneFeatures, found: Detections, index: Tensor, pictures: Pictures
    ) -> tuple[SceneFeatures, Detections]:
        """Features and labels of the candidates of `index` (B, K) refined; the others stay."""
        parts = [self._read(features, found, part, pictures) for part in index.split(AT_ONCE, 1)]
        read = torch.cat(parts, 1)
        labels = self.classes(read).float().split(self.labels, -1)
        names = ("category", "color", "material", "states")
        refined = {
            name: _added(getattr(found, name), index, change)
            for name, change in zip(names, labels, strict=True)
        }
        objects = _added(features.objects, index, self.feature(read))
        return replace(features, objects=objects), replace(found, **refined)

    def _read(
        self, features: SceneFeatures, found: Detections, index: Tensor, pictures: Pictures
    ) -> Tensor:
        """(B, K, width) of what the candidates of `index` look like; 0 where no view shows them."""
        with torch.no_grad():
            kept = found.pick(index)
            # half precision is a centimetre at ten metres, and half a pixel at two hundred
            with torch.autocast(index.device.type, enabled=False):
                cuts = best_views(pictures, kept.center, kept.size)
                images = normalised(cut_out(pictures, cuts, self.size).flatten(0, 1))
            images = images.to(self._dtype)
            if images.device.type == "cpu":  # a quarter faster there
                images = images.contiguous(memory_format=torch.channels_last)
            seen = self.backbone(images).mean((2, 3))
        objects = pick(features.objects, index)
        look = self.norm(seen.view(*index.shape, -1).float()).to(objects)
        more = torch.stack((cuts.seen, cuts.side.log()), -1).to(objects)
        known = [look, more, objects]
        if self.reader is not None:
            printed = self.reader(images)
            known.append(printed.view(*index.shape, -1).to(objects))
        read = self.read(torch.cat(known, -1))
        shown = cuts.seen > LEAST_SEEN
        if self.training:  # what no view shows must be known as well
            shown = shown & (torch.rand(len(shown), 1, device=shown.device) >= UNSEEN)
        return read * shown.unsqueeze(-1)

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.backbone.parameters()).dtype


def _clipped(pixel: Tensor, height: int, width: int) -> Tensor:
    """(..., 2) pixels, moved to the edges of the view where they lie outside."""
    return torch.stack((pixel[..., 0].clamp(0, width), pixel[..., 1].clamp(0, height)), -1)


def _by_level(level: Tensor, values: Sequence[int]) -> Tensor:
    """values[level]."""
    found = torch.zeros_like(level)
    for number, value in enumerate(values):
        found = torch.where(level == number, value, found)
    return found


def _added(values: Tensor, index: Tensor, change: Tensor) -> Tensor:
    """values (B, S, C) with change (B, K, C) added to the rows of index (B, K)."""
    rows = index.unsqueeze(-1).expand(-1, -1, values.shape[-1])
    return values.scatter_add(1, rows, change.to(values))
