"""What `SceneClip` learns from: texts about objects, and the views that see these objects."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from r1_model.views.scene_clip import SceneClip
from r1_model.views.utility import ranking_loss

MIN_SHARE = 5e-4  # of the image's pixels; below it an object is not recognisable


@dataclass(frozen=True)
class ClipBatch:
    """R rooms with V views, Q texts, O objects and T scene tokens each.

    Attributes:
        images: (R, V, H, W, 3) uint8.
        ids: (R, Q, L) text tokens; rows of padding where a room has fewer texts.
        present: (R, Q) bool, the text exists.
        needed: (R, Q, O) bool, the objects that the text is about.
        shares: (R, V, O) float, share of the image's pixels on each object.
        kind: (R, O) int, category and colour as one number; -1 where there is no object.
        features: (R, T, D) scene tokens.
        seen: (R, V, T) bool, the view sees the token.
    """

    images: Tensor
    ids: Tensor
    present: Tensor
    needed: Tensor
    shares: Tensor
    kind: Tensor
    features: Tensor
    seen: Tensor


@dataclass(frozen=True)
class ClipEmbeddings:
    """Text (R, Q, E), images (R, V, E) and points (R, V, E) of a batch."""

    text: Tensor
    images: Tensor
    points: Tensor


def embed(model: SceneClip, batch: ClipBatch) -> ClipEmbeddings:
    """All embeddings of a batch, float32; on a GPU the towers run in bfloat16."""
    with torch.autocast("cuda", torch.bfloat16, batch.ids.is_cuda):
        text = model.encode_text(batch.ids.flatten(0, 1))
        images = model.encode_images(batch.images.flatten(0, 1))
        points = model.encode_points(batch.features, batch.seen)
    return ClipEmbeddings(
        text=text.float().unflatten(0, batch.ids.shape[:2]),
        images=images.float().unflatten(0, batch.images.shape[:2]),
        points=points.float(),
    )


def relevance(batch: ClipBatch) -> Tensor:
    """(R, Q, V) in [0, 1]: how well each view of a room shows what its texts are about.

    For each object a view counts by the pixels it has of it, over the pixels of the room's best
    view; a text about several objects takes the mean.
    """
    shares = torch.where(batch.shares >= MIN_SHARE, batch.shares, 0.0)
    relative = shares / shares.amax(1, keepdim=True).clamp(min=MIN_SHARE)  # (R, V, O)
    needed = batch.needed.to(relative)
    count = needed.sum(-1, keepdim=True).clamp(min=1)
    found = torch.einsum("rqo,rvo->rqv", needed, relative) / count
    return found * batch.present.unsqueeze(-1)


def other_rooms_match(batch: ClipBatch) -> Tensor:
    """(R Q, R V) bool: a view of another room that happens to show what a text says.

    True where it sees an object of the category and colour of every object that the text is
    about. Such a pair is neither right nor wrong, so losses leave it out.
    """
    rooms, texts, _ = batch.needed.shape
    views = batch.shares.shape[1]
    kinds = int(batch.kind.max()) + 1
    one_hot = F.one_hot(batch.kind.clamp(min=0), kinds) * (batch.kind >= 0).unsqueeze(-1)
    needed = (batch.needed.float() @ one_hot.float()).clamp(max=1).flatten(0, 1)  # (R Q, K)
    shown = ((batch.shares >= MIN_SHARE).float() @ one_hot.float()).clamp(max=1).flatten(0, 1)
    matches = needed @ shown.T >= needed.sum(-1, keepdim=True)
    room = torch.arange(rooms, device=matches.device)
    own = room.repeat_interleave(texts)[:, None] == room.repeat_interleave(views)[None]
    return matches & ~own


def clip_losses(model: SceneClip, batch: ClipBatch) -> dict[str, Tensor]:
    """Named scalar losses; their sum is the loss.

    `text_image` and `text_points` rank all views of the batch for every text, and all texts for
    every view; `image_points` finds the points of each image; `utility` trains the three weights
    of view selection to rank a room's views, on similarities that it cannot change; `pull` keeps
    w_t near the paper's mean.
    """
    found = embed(model, batch)
    right = relevance(batch)  # (R, Q, V)
    rooms, texts, views = right.shape
    spread = torch.zeros(rooms, texts, rooms, views, device=right.device)
    index = torch.arange(rooms, device=right.device)
    spread[index, :, index] = right
    target = spread.flatten(0, 1).flatten(1)  # (R Q, R V)
    left_out = other_rooms_match(batch) | ~batch.present.flatten()[:, None]
    scale = model.clip.logit_scale.exp().clamp(max=100)

    text = found.text.flatten(0, 1)
    losses = {}
    for name, side in (("text_image", found.images), ("text_points", found.points)):
        logits = (scale * text @ side.flatten(0, 1).T).masked_fill(left_out, -1e4)
        losses[name] = (
            ranking_loss(logits, target, 1.0) + ranking_loss(logits.T, target.T, 1.0)
        ) / 2
    sees = batch.seen.any(-1).flatten()
    images, points = found.images.flatten(0, 1)[sees], found.points.flatten(0, 1)[sees]
    logits = scale * images @ points.T
    same = torch.arange(len(logits), device=logits.device)
    losses["image_points"] = (F.cross_entropy(logits, same) + F.cross_entropy(logits.T, same)) / 4

    similarities = model.similarities(found.text, found.images, found.points).detach()
    utility = model.utility(similarities)  # (R, Q, V)
    losses["utility"] = ranking_loss(utility.flatten(0, 1), right.flatten(0, 1))
    losses["pull"] = model.utility.pull()
    return losses
