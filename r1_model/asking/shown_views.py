"""Which views of a scene a question is shown, and what a model sees of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from r1_model.asking.question import Question
from r1_model.asking.reading import Ready
from r1_model.asking.scenes import KnownScene, Scenes
from r1_model.conversation import R1Processor
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.network.view_tokens import ViewTokens
from r1_model.network.vision import Grid
from r1_model.scene.scene import Scene, View
from r1_model.views.scene_clip import SceneClip
from r1_model.views.scores import PlacedTokens, SceneClipScorer, placed_tokens
from r1_model.views.selection import ViewScore, select_views


class ShownViews:
    """Chooses views by what is asked, and keeps the image tokens of those that were shown.

    Args:
        model: whose eyes see them.
        processor: of the model.
        scenes: those that are read.
        clip: scores views; None: they are chosen by what they cover alone.

    Attributes:
        scorer: of `clip`.
    """

    def __init__(
        self,
        model: R1ForConditionalGeneration,
        processor: R1Processor,
        scenes: Scenes,
        clip: SceneClip | None,
    ) -> None:
        self._processor, self._scenes = processor, scenes
        self._device = model.device
        self._tokens = ViewTokens(model)
        self.scorer: SceneClipScorer | None = None
        if clip is not None:
            self.scorer = SceneClipScorer(clip.to(model.device), processor.tokenizer, self._placed)

    def clear(self) -> None:
        """Forget all views."""
        self._tokens.clear()
        if self.scorer is not None:
            self.scorer.clear()

    def look_early(self, scene: Scene, count: int) -> None:
        """Let a GPU look at a scene's views while the CPU still prepares its cloud."""
        if not scene.views or not count:
            return
        self._scenes.prepare_ahead([scene])
        scene, _ = self._processor.frame(scene)
        self._scenes.name_pictures(scene.views)
        if len(scene.views) <= count:  # shown whatever the question is
            self._tokens.encode(scene.views)
        elif self.scorer is not None:
            self.scorer.see(scene)

    def scores(self, known: KnownScene, question: str, count: int) -> list[ViewScore]:
        """The views that would be shown for a question, best first."""
        return select_views(known.scene, question, count, self.scorer)

    def choose(
        self,
        questions: Sequence[Question],
        known: Sequence[KnownScene],
        texts: Sequence[str],
        count: int,
    ) -> list[list[View]]:
        """The views that are shown for each question, oldest first.

        Args:
            questions: for their earlier turns.
            known: the scene of each.
            texts: what is asked now.
            count: most views of each; 0: none.
        """
        # "is it on?" says nothing of where to look; the turns before it do
        about = [
            " ".join([*(turn.question for turn in one.history[-2:]), text])
            for one, text in zip(questions, texts, strict=True)
        ]
        choice = [len(one.scene.views) > count > 0 for one in known]
        if self.scorer is not None and self.scorer.trained and any(choice):
            self.scorer.look_at(
                [one.scene for one, many in zip(known, choice, strict=True) if many], about
            )
        found = []
        for own, text, many in zip(known, about, choice, strict=True):
            if not many:  # nothing to choose
                shown = own.scene.views if count else []
                found.append(sorted(shown, key=lambda view: view.id))
                continue
            scores = select_views(own.scene, text, count, self.scorer, seen=own.prepared.seen)
            by_id = {view.id: view for view in own.scene.views}
            found.append([by_id[number] for number in sorted(score.view_id for score in scores)])
        return found

    def grid(self, view: View) -> Grid:
        """Rows and columns of a view's image tokens."""
        return self._tokens.grid(view)

    def tokens(self, ready: Sequence[Ready]) -> Tensor | None:
        """(all, hidden) image tokens of questions, in order; None where no view is shown."""
        pairs = [(view, one.known) for one in ready for view in one.views]
        shown = {(id(view), id(known)): (view, known) for view, known in pairs}
        if not shown:
            return None
        lows = torch.stack([known.prepared.low for _, known in shown.values()])
        tokens = self._tokens([view for view, _ in shown.values()], lows.to(self._device))
        number = {key: place for place, key in enumerate(shown)}
        order = [number[id(view), id(known)] for view, known in pairs]
        return torch.cat([tokens[place] for place in order])

    def _placed(self, scene: Scene) -> PlacedTokens:
        known = self._scenes.read(scene)
        return placed_tokens(known.points, known.encoded.features)
