"""A model with parts of what it sees switched: which views, how many, which modalities.

The paper's ablations of views (table 8), selection weights (9) and encoders (10) are made of these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from r1_model.asking.question import Question
from r1_model.asking.reading import Ready
from r1_model.asking.scenes import KnownScene
from r1_model.network.detected_boxes import LEAST_SCORE
from r1_model.pretrained import Pretrained
from r1_model.reasoner import Progress, Reasoner
from r1_model.scene.scene import Scene, View
from r1_model.text.answer import Box
from r1_model.views.scene_clip import SceneClip
from r1_model.views.selection import select_views
from r1_model.views.utility import ViewUtility
from r1_training.metrics.errors import EvaluationInputError

ViewPolicy = Literal["selected", "bottom", "even", "horizontal", "coverage", "all"]
POLICIES: tuple[str, ...] = get_args(ViewPolicy)
MODALITIES = ("image", "depth", "points")


@dataclass(frozen=True)
class Switches:
    """What a model is shown and how it answers; the default is the model as it is.

    Attributes:
        policy: how views are chosen. `selected`: by utility and coverage, as the model does it;
            `bottom`: the least utility; `even`: spaced over the recording; `horizontal`: the least
            pitch; `coverage`: what they see together; `all`: every view.
        views: how many; None: as many as the model shows. `all` has no number.
        alone: the pictures that are not chosen are not looked at either. A model that looks at what
            it found (`network.looks`) else does so in all of a map's keyframes, once.
        modalities: of `MODALITIES`, which the model sees beside the text. Without `depth` image
            tokens have no place in the scene, without `points` there are no scene tokens and no
            detections.
        weights: w_t, w_c, w_clip of the utility; None: the model's own.
        temperature: of sampling; 0 is greedy.
        seed: of sampling; each question has its own stream of it.
        max_new_tokens: of an answer; None: its task's own.
    """

    policy: ViewPolicy = "selected"
    views: int | None = None
    alone: bool = False
    modalities: tuple[str, ...] = MODALITIES
    weights: tuple[float, float, float] | None = None
    temperature: float = 0.0
    seed: int = 0
    max_new_tokens: int | None = None

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise EvaluationInputError(
                f"views must be chosen by one of {', '.join(POLICIES)}, got {self.policy!r}"
            )
        if self.views is not None and (self.views < 0 or self.policy == "all"):
            raise EvaluationInputError(
                f"the number of views must be 0 or more, and `all` has none: {self.views}"
            )
        unknown = set(self.modalities) - set(MODALITIES)
        if unknown or len(set(self.modalities)) != len(self.modalities):
            raise EvaluationInputError(
                f"modalities must be some of {', '.join(MODALITIES)}, got {self.modalities}"
            )
        if "depth" in self.modalities and "image" not in self.modalities:
            raise EvaluationInputError("depth gives images their places: it needs `image`")
        if self.weights is not None and not all(map(math.isfinite, self.weights)):
            raise EvaluationInputError(f"weights must be three numbers, got {self.weights}")
        if not 0 <= self.temperature < math.inf or self.seed < 0:
            raise EvaluationInputError(
                f"temperature and seed must be 0 or more: {self.temperature}, {self.seed}"
            )
        if self.max_new_tokens is not None and self.max_new_tokens < 1:
            raise EvaluationInputError(f"at least 1 new token, got {self.max_new_tokens}")

    @property
    def name(self) -> str:
        """What differs from the model as it is, for files and tables; empty where nothing does."""
        parts = []
        if self.policy != "selected" or self.views is not None:
            parts.append(f"{self.policy}{'' if self.views is None else f'-{self.views}'}")
        if self.alone:
            parts.append("alone")
        if self.modalities != MODALITIES:
            parts.append("text" + "".join(f"+{name}" for name in self.modalities))
        if self.weights is not None:
            parts.append("weights-" + "-".join(f"{value:g}" for value in self.weights))
        if self.temperature:
            parts.append(f"temperature-{self.temperature:g}-seed-{self.seed}")
        if self.max_new_tokens is not None:
            parts.append(f"tokens-{self.max_new_tokens}")
        return ",".join(parts)


class SwitchedReasoner(Reasoner):
    """A `Reasoner` that is shown what its switches say. Give it them by `switch` before asking."""

    def __init__(self, loaded: Pretrained, clip: SceneClip | None, num_views: int) -> None:
        super().__init__(loaded, clip, num_views)
        self.switches = Switches()
        self._own_views, self._own_generate = num_views, self._generate
        self._own_utility = None if clip is None else clip.utility
        self._depthless: dict[int, tuple[View, View]] = {}

    def switch(self, switches: Switches) -> SwitchedReasoner:
        """This reasoner, from now on with these switches.

        Raises:
            EvaluationInputError: weights or `bottom`, and no trained view selection.
        """
        scorer, weights = self._views.scorer, switches.weights
        if (weights or switches.policy == "bottom") and (scorer is None or not scorer.trained):
            raise EvaluationInputError(
                f"{self.name} has no trained view selection: its views have no utility"
            )
        self.switches = switches
        self.num_views = self._own_views if switches.views is None else switches.views
        self._generate = self._own_generate
        if scorer is not None and self._own_utility is not None:
            scorer.clip.utility = _FixedWeights(weights) if weights else self._own_utility
        return self

    def seed(self, question: int) -> None:
        """Begin the stream of random numbers of a question; its number in any numbering."""
        if not self.switches.temperature:
            return
        generator = torch.Generator(self.device).manual_seed(
            self.switches.seed * 1_000_003 + question
        )
        sampled: Callable[..., Any] = partial(
            self._own_generate, temperature=self.switches.temperature, generator=generator
        )
        self._generate = sampled  # type: ignore[assignment]  # called as the generator is

    def detect(self, scene: Scene, least_score: float = LEAST_SCORE) -> list[Box]:
        """Nothing where the model sees no points."""
        return super().detect(scene, least_score) if "points" in self.switches.modalities else []

    def _chosen_views(
        self, questions: Sequence[Question], known: Sequence[KnownScene], texts: Sequence[str]
    ) -> list[list[View]]:
        if "image" not in self.switches.modalities:
            return [[] for _ in questions]
        if self.switches.policy == "selected":
            chosen = super()._chosen_views(questions, known, texts)
        else:
            pairs = zip(known, texts, strict=True)
            chosen = [self._by_policy(own, text) for own, text in pairs]
        if "depth" in self.switches.modalities:
            return chosen
        return [[self._without_depth(view) for view in views] for views in chosen]

    def _read(
        self,
        questions: Sequence[Question],
        max_new_tokens: int | None,
        report: Progress,
        should_stop: Callable[[], bool],
    ) -> list[Ready]:
        ready = super()._read(questions, max_new_tokens, report, should_stop)
        if not self.switches.alone:
            return ready
        scenes: dict[tuple[int, ...], Scene] = {}  # questions with the same views share a scene
        few = []
        for one in ready:
            chosen = sorted(view.id for view in one.views)
            given = one.question.scene
            views = [view for view in given.views if view.id in chosen]
            scene = scenes.setdefault((id(given), *chosen), replace(given, views=views))
            few.append(replace(one.question, scene=scene))
        return super()._read(few, max_new_tokens, report, should_stop)

    def _by_policy(self, known: KnownScene, text: str) -> list[View]:
        """The views of one scene for one question, oldest first."""
        scene, policy = known.scene, self.switches.policy
        views = sorted(scene.views, key=lambda view: view.id)
        count = len(views) if policy == "all" else min(self.num_views, len(views))
        if policy == "all" or count == len(views):
            return views
        if policy == "even":
            return evenly(views, count)
        if policy == "horizontal":
            return horizontal(views, count)
        if policy == "coverage":
            scores = select_views(scene, text, count, None, seen=known.prepared.seen)
            numbers = {score.view_id for score in scores}
        else:
            scores = select_views(
                scene, text, len(views), self._views.scorer, 0.0, seen=known.prepared.seen
            )
            numbers = {score.view_id for score in scores[-count:] if count}
        return [view for view in views if view.id in numbers]

    def _without_depth(self, view: View) -> View:
        """The view with no pixel's place known; always the same for the same view."""
        found = self._depthless.get(id(view))
        if found is None or found[0] is not view:
            blank = replace(view, depth=np.zeros_like(view.depth))
            found = self._depthless[id(view)] = view, blank
        return found[1]

    def _sights(self, ready: Sequence[Ready]) -> tuple[Tensor | None, Tensor | None]:
        scenes, views = super()._sights(ready)
        return (scenes if "points" in self.switches.modalities else None), views


class _FixedWeights(ViewUtility):
    """A utility of given weights, which need not add up to anything."""

    def __init__(self, weights: tuple[float, float, float]) -> None:
        super().__init__()
        self.fixed = torch.tensor(weights)

    def weights(self) -> Tensor:
        """(3,): w_t, w_c, w_clip."""
        return self.fixed


def evenly(views: Sequence[View], count: int) -> list[View]:
    """`count` views spaced over the sequence, first and last among them."""
    return [views[round(place)] for place in np.linspace(0, len(views) - 1, count)]


def horizontal(views: Sequence[View], count: int) -> list[View]:
    """The `count` views whose cameras look least up or down, in their order."""
    tilt = [abs(view.T_scene_camera[2, 2]) for view in views]  # z of the viewing direction
    kept = np.argsort(tilt, kind="stable")[:count]
    return [views[index] for index in sorted(kept.tolist())]
