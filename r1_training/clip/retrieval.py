"""How well `SceneClip` finds what a question is about, and what view selection makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from r1_model.views.scene_clip import SceneClip
from r1_model.views.selection import choose
from r1_model.views.utility import ViewUtility
from r1_training.clip.losses import MIN_SHARE, ClipBatch, embed, other_rooms_match, relevance

COVERAGE_WEIGHTS = (0.0, 0.1, 0.25, 0.5)
GOOD = 0.5  # a view that shows half of what the room's best view shows is a hit


@dataclass(frozen=True)
class RetrievalReport:
    """Figures on held-out rooms. All are shares in [0, 1] unless noted.

    Attributes:
        questions: how many.
        image_r1, image_r5: a right view is the first, or among the first five, of all views of
            the evaluation's batch, by S_clip.
        points_r1, points_r5: the same by S_text3D.
        chance_r1: `image_r1` of a random order.
        first: mean relevance of the room's first view by: text_3d, image_3d, clip, the utility
            before training (`paper`) and after (`learned`), and a random one (`random`).
        chosen: mean over questions of the best relevance among N chosen views, by method and N:
            `uniform` (evenly spaced), `coverage` (no utility), and `learned` with several weights
            of the coverage term.
        pool: views in a batch, among which R@K is counted.
        weights: w_t, w_c, w_clip after training.
    """

    questions: int
    image_r1: float
    image_r5: float
    points_r1: float
    points_r5: float
    chance_r1: float
    first: dict[str, float]
    chosen: dict[str, dict[int, float]]
    pool: int
    weights: list[float]

    def table(self) -> str:
        """For people."""
        w_t, w_c, w_clip = self.weights
        lines = [
            f"{self.questions} questions about unseen rooms, {self.pool} views to find them in",
            f"  image  R@1 {self.image_r1:.3f}  R@5 {self.image_r5:.3f}"
            f"   (random R@1 {self.chance_r1:.3f})",
            f"  points R@1 {self.points_r1:.3f}  R@5 {self.points_r5:.3f}",
            f"  weights w_t {w_t:.3f}  w_c {w_c:.3f}  w_clip {w_clip:.3f}"
            "   (paper 0.300 0.500 0.500)",
            "  relevance of the first view: "
            + "  ".join(f"{name} {value:.3f}" for name, value in self.first.items()),
            "  best relevance among N views:",
        ]
        for name, values in self.chosen.items():
            figures = "  ".join(f"N={count} {value:.3f}" for count, value in values.items())
            lines.append(f"    {name:<14}{figures}")
        return "\n".join(lines)


@torch.no_grad()
def evaluate_clip(
    model: SceneClip, batches: Iterable[ClipBatch], counts: tuple[int, ...] = (1, 3, 6)
) -> RetrievalReport:
    """Evaluate on batches of held-out rooms.

    Args:
        model: in evaluation mode.
        batches: all of one size.
        counts: numbers of views to choose.

    Raises:
        ValueError: no question is about anything that a view shows.
    """
    paper = ViewUtility().to(model.mean.device)
    hits: dict[str, list[Tensor]] = {}
    first: dict[str, list[Tensor]] = {}
    chosen: dict[str, dict[int, list[float]]] = {}
    pool = 0
    for batch in batches:
        found, right = embed(model, batch), relevance(batch)
        similarities = model.similarities(found.text, found.images, found.points)
        utility = model.utility(similarities)
        rooms, texts, views = right.shape
        pool = rooms * views
        asked = right.amax(-1) > 0
        own = torch.zeros(rooms, texts, rooms, views, dtype=torch.bool, device=right.device)
        index = torch.arange(rooms, device=right.device)
        own[index, :, index] = right >= GOOD
        correct = (own.flatten(0, 1).flatten(1) | other_rooms_match(batch))[asked.flatten()]
        text = found.text[asked]
        for name, side in (("image", found.images), ("points", found.points)):
            order = (text @ side.flatten(0, 1).T).topk(5).indices
            ranked = correct.gather(1, order).float()
            hits.setdefault(f"{name}_r1", []).append(ranked[:, 0])
            hits.setdefault(f"{name}_r5", []).append(ranked.amax(1))
        hits.setdefault("chance_r1", []).append(correct.float().mean(1))
        rankings = {
            "text_3d": similarities[..., 0],
            "image_3d": similarities[..., 1],
            "clip": similarities[..., 2],
            "paper": paper(similarities),
            "learned": utility,
        }
        for name, ranking in rankings.items():
            best = ranking.argmax(-1, keepdim=True)
            first.setdefault(name, []).append(right.gather(-1, best)[..., 0][asked])
        first.setdefault("random", []).append(right.mean(-1)[asked])
        for name, count, value in _selections(batch, utility, right, asked, counts):
            chosen.setdefault(name, {}).setdefault(count, []).append(value)
    if not hits or not sum(len(values) for values in hits["image_r1"]):
        raise ValueError("no question is about anything that a view shows")
    return RetrievalReport(
        questions=sum(len(values) for values in hits["image_r1"]),
        **{name: torch.cat(values).mean().item() for name, values in hits.items()},
        first={name: torch.cat(values).mean().item() for name, values in first.items()},
        chosen={
            name: {count: float(np.mean(values)) for count, values in by_count.items()}
            for name, by_count in chosen.items()
        },
        pool=pool,
        weights=model.utility.weights().tolist(),
    )


def _selections(
    batch: ClipBatch, utility: Tensor, right: Tensor, asked: Tensor, counts: tuple[int, ...]
) -> Iterator[tuple[str, int, float]]:
    """(method, N, best relevance among N views) of every question.

    The choice is `view_selection`'s own. Scene tokens and objects that a view sees stand for
    voxels.
    """
    rooms, _, views = right.shape
    ids, blank = np.arange(views), np.full(views, np.nan)
    seen = torch.cat((batch.seen, batch.shares >= MIN_SHARE), -1).cpu().numpy()
    utility_of, right_of, asked_of = (t.float().cpu().numpy() for t in (utility, right, asked))
    most = max(counts)
    for r in range(rooms):
        covering, _ = choose(ids, blank, seen[r], most, 1.0)
        for q in np.flatnonzero(asked_of[r]):
            orders = {"coverage": covering}
            for weight in COVERAGE_WEIGHTS:
                orders[f"learned {weight}"], _ = choose(
                    ids, utility_of[r, q], seen[r], most, weight
                )
            for count in counts:
                even = np.linspace(0, views - 1, count).round().astype(int)
                yield "uniform", count, float(right_of[r, q, even].max())
                for name, rows in orders.items():  # greedy: a shorter choice is a prefix
                    yield name, count, float(right_of[r, q, rows[:count]].max())
