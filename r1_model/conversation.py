"""Conversations as the model reads them, in text and in tensors: one, or many packed in training.

`R1Processor` makes the tensors of `R1ForConditionalGeneration` of scene, views and dialogue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

from r1_model.errors import QuestionTooLongError
from r1_model.network.config import SCENE_END, SCENE_PAD, SCENE_START, R1Config
from r1_model.network.depth_positions import patch_positions
from r1_model.network.looks import Pictures
from r1_model.network.rope import rope_positions
from r1_model.network.vision import MERGE, PATCH, patchify
from r1_model.scene.sampling import sample_points, voxel_means
from r1_model.scene.scene import Scene, View
from r1_model.text.answer import Turn
from r1_model.text.normalise import as_written

NATIVE_PIXELS = (28 * 28 * 16, 640 * 480)  # least and most pixels of a view at native resolution
KEPT_VIEWS = 16
MOST_PICTURES = 24  # of a scene, for what is found to be cut out of
_USER, _ASSISTANT, _END = "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>"


def shared_text(config: R1Config, view_tokens: Sequence[int]) -> str:
    """What all conversations about a scene begin with; it ends inside the first user message.

    Args:
        config: of the model.
        view_tokens: image tokens of each view.
    """
    system = f"<|im_start|>system\n{config.system_prompt}{_END}\n" if config.system_prompt else ""
    scene = SCENE_START + SCENE_PAD * config.scene_config.num_tokens + SCENE_END
    views = "".join(
        f"<|vision_start|>{'<|image_pad|>' * count}<|vision_end|>" for count in view_tokens
    )
    return f"{system}{_USER}{scene}{views}"


def turn_texts(turns: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What the model reads and what it says in each turn, behind `shared_text`.

    Args:
        turns: (question, raw answer), oldest first.
    """
    for index, (question, answer) in enumerate(turns):
        opening = _USER if index else ""
        closing = "\n" if index < len(turns) - 1 else ""
        yield f"{opening}{question}{_END}\n{_ASSISTANT}", f"{answer}{_END}{closing}"


def view_size(config: R1Config, view: View) -> tuple[int, int]:
    """Height and width in pixels at which a view is read, multiples of 28."""
    if config.view_size is not None:
        height, width = config.view_size
        return height, width
    least, most = NATIVE_PIXELS
    height, width = view.depth.shape
    return smart_resize(height, width, PATCH * MERGE, min_pixels=least, max_pixels=most)


@dataclass(frozen=True)
class Asking:
    """What a prompt is made of, beside the scene.

    Attributes:
        question: as the user typed it; placeholders in it are taken out.
        history: earlier turns, oldest first.
        grids: (rows, columns) of the image tokens of each view.
        max_tokens: earlier turns are left out, oldest first, until the prompt holds no more.
    """

    question: str
    history: Sequence[Turn] = ()
    grids: Sequence[tuple[int, int]] = ()
    max_tokens: int | None = None


@dataclass(frozen=True)
class Prompt:
    """A prompt with placeholders.

    Attributes:
        ids: (L,) int64.
        positions: (3, L) int64, see `rope_positions`.
    """

    ids: np.ndarray
    positions: np.ndarray


@dataclass(frozen=True)
class R1Inputs:
    """One conversation about one scene, batch size 1. See `R1ForConditionalGeneration.forward`."""

    input_ids: Tensor  # (1, L)
    position_ids: Tensor  # (3, 1, L)
    points: Tensor  # (1, N, 3)
    colors: Tensor  # (1, N, 3)
    bounds: Tensor  # (1, 2, 3)
    patches: Tensor | None  # (P, 1176)
    view_grids: list[tuple[int, int]]
    view_positions: Tensor | None  # (P / 4, 3)
    view_positions_valid: Tensor | None  # (P / 4,)

    def to(self, device: torch.device) -> R1Inputs:
        """The same on another device."""
        moved = {
            field.name: getattr(self, field.name).to(device)
            for field in fields(self)
            if isinstance(getattr(self, field.name), Tensor)
        }
        return replace(self, **moved)


class R1Processor:
    """Prepares inputs; knows the tokenizer and the sizes of the configuration."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, config: R1Config) -> None:
        self.tokenizer = tokenizer
        self.config = config
        # by the view's id, with the view, so that nothing else can have its id; oldest use first
        self._views: dict[int, tuple[View, tuple[Tensor, Tensor, Tensor]]] = {}

    @classmethod
    def from_pretrained(cls, folder: str | Path, config: R1Config | None = None) -> R1Processor:
        """Load the tokenizer of a model folder, and its configuration unless one is given."""
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return cls(tokenizer, config or R1Config.from_pretrained(folder))

    def save_pretrained(self, folder: str | Path) -> None:
        """Save tokenizer and configuration beside the weights."""
        self.tokenizer.save_pretrained(folder)
        self.config.save_pretrained(folder)

    def frame(self, scene: Scene) -> tuple[Scene, float]:
        """The scene as it is read and written about, and the radians that it was turned by."""
        if self.config.align_to_walls:
            return scene.aligned, scene.alignment
        return scene, 0.0

    def cloud(self, scene: Scene) -> tuple[Tensor, Tensor, Tensor]:
        """points (1, N, 3), colors (1, N, 3) in [0, 1] and bounds (1, 2, 3), without strays."""
        bounds = np.stack(scene.bounds()).astype(np.float32)
        points, colors = voxel_means(scene.points[scene.not_stray], scene.colors[scene.not_stray])
        points, colors = sample_points(points, colors, self.config.scene_config.num_points)
        return (
            torch.from_numpy(points)[None],
            torch.from_numpy(colors)[None].float() / 255,
            torch.from_numpy(bounds)[None],
        )

    def pictures(self, scene: Scene) -> Pictures | None:
        """The views of a scene for a model that looks at what it found; None where there are none.

        Views of another size than most are left out; of more than `MOST_PICTURES`, some between.
        """
        if self.config.scene_config.look_size is None or not scene.views:
            return None
        size, _ = Counter(view.depth.shape for view in scene.views).most_common(1)[0]
        views = [view for view in scene.views if view.depth.shape == size]
        rows = np.linspace(0, len(views) - 1, min(len(views), MOST_PICTURES)).round().astype(int)
        chosen = [views[row] for row in rows]
        return Pictures(
            color=torch.from_numpy(np.stack([view.color for view in chosen]))[None],
            depth=torch.from_numpy(np.stack([view.depth for view in chosen]))[None],
            K=torch.from_numpy(np.stack([view.K for view in chosen])).float()[None],
            T_scene_camera=torch.from_numpy(
                np.stack([view.T_scene_camera for view in chosen])
            ).float()[None],
        )

    def prompt(self, question: str, history: Sequence[Turn], view_tokens: Sequence[int]) -> str:
        """Chat text with placeholders: scene and views open the first user message."""
        turns = [*((turn.question, turn.raw) for turn in history), (question, "")]
        *earlier, (last, _) = turn_texts(turns)
        said = "".join(read + answer for read, answer in earlier)
        return shared_text(self.config, view_tokens) + said + last

    def __call__(
        self,
        scene: Scene,
        views: Sequence[View],
        question: str,
        history: Sequence[Turn] = (),
        *,
        cloud: tuple[Tensor, Tensor, Tensor] | None = None,
        max_tokens: int | None = None,
    ) -> R1Inputs:
        """Inputs for one question.

        Args:
            scene: with at least one point.
            views: the views to show, in order.
            question: as the user typed it; placeholders in it are taken out.
            history: earlier turns, oldest first.
            cloud: of `cloud(scene)`, where it is there already.
            max_tokens: earlier turns are left out, oldest first, until the prompt holds no more.

        Raises:
            InvalidSceneError: the scene has no points.
            QuestionTooLongError: the question alone is longer than `max_tokens`.
        """
        points, colors, bounds = self.cloud(scene) if cloud is None else cloud
        sizes = [view_size(self.config, view) for view in views]
        grids = [(height // PATCH, width // PATCH) for height, width in sizes]
        token_grids = [(rows // MERGE, columns // MERGE) for rows, columns in grids]
        [prompt] = self.prompts([Asking(question, history, token_grids, max_tokens)])
        patches = positions = valid = None
        if views:
            parts = [self._view(*pair) for pair in zip(views, sizes, strict=True)]
            patches, places, valid = (torch.cat(part) for part in zip(*parts, strict=True))
            positions = places - bounds[0, 0]
        return R1Inputs(
            input_ids=torch.from_numpy(prompt.ids)[None],
            position_ids=torch.from_numpy(prompt.positions)[:, None],
            points=points,
            colors=colors,
            bounds=bounds,
            patches=patches,
            view_grids=grids,
            view_positions=positions,
            view_positions_valid=valid,
        )

    def prompts(self, many: Sequence[Asking]) -> list[Prompt]:
        """The prompts of several questions, in their order.

        Raises:
            QuestionTooLongError: a question alone is longer than its `max_tokens`.
        """
        if not many:
            return []
        cleaned = [
            replace(
                one,
                question=self._read(one.question),
                history=[Turn(self._read(t.question), self._clean(t.raw)) for t in one.history],
            )
            for one in many
        ]
        texts = [self._text(one, one.history) for one in cleaned]
        ids = self.tokenizer(texts, add_special_tokens=False)["input_ids"]  # in parallel
        image, scene = self.config.image_token_id, self.config.scene_token_id
        found = []
        for one, whole in zip(cleaned, ids, strict=True):
            own = np.asarray(self._shortened(one, whole))
            found.append(Prompt(own, rope_positions(own, image, scene, [*one.grids])))
        return found

    def _text(self, asking: Asking, history: Sequence[Turn]) -> str:
        view_tokens = [rows * columns for rows, columns in asking.grids]
        return self.prompt(asking.question, history, view_tokens)

    def _shortened(self, asking: Asking, ids: list[int]) -> list[int]:
        """`ids` of the whole prompt, or those with fewer turns, as few as need be left out."""
        most, first = asking.max_tokens, 0
        while most is not None and len(ids) > most:
            first += 1
            if first > len(asking.history):
                raise QuestionTooLongError(
                    f"the question with its scene takes {len(ids)} tokens, at most {most} are read"
                )
            text = self._text(asking, asking.history[first:])
            ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _view(self, view: View, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """Patches of a view, places of its tokens in the scene's frame, which of them are known.

        Those of the views seen last are kept: the next question is often shown the same ones.
        """
        found = self._views.pop(id(view), None)
        if found is None:
            height, width = size
            places, valid = patch_positions(
                torch.from_numpy(view.depth)[None],
                torch.from_numpy(view.K)[None],
                torch.from_numpy(view.T_scene_camera)[None],
                height // (PATCH * MERGE),
                width // (PATCH * MERGE),
            )
            patches = patchify(torch.from_numpy(view.color)[None], height, width)[0]
            found = view, (patches, places[0], valid[0])
        self._views[id(view)] = found
        if len(self._views) > KEPT_VIEWS:
            del self._views[next(iter(self._views))]
        return found[1]

    def _read(self, question: str) -> str:
        text = self._clean(question)
        return as_written(text) if self.config.normalise_questions else text

    def _clean(self, text: str) -> str:
        # a user's text must not be able to speak for the system or to fake an image, nor may what
        # is left where a token was taken out
        cleaned = None
        while cleaned != text:
            cleaned = text
            for token in self.tokenizer.all_special_tokens:
                text = text.replace(token, "")
        return text
