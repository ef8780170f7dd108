"""The scores of view selection from a trained `SceneClip` and the scene encoder's tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from r1_model.network.scene_encoder import SceneFeatures, pick
from r1_model.scene.scene import Scene
from r1_model.views.scene_clip import SceneClip
from r1_model.views.visibility import visible

CHUNK = 32  # images a pass


@dataclass(frozen=True)
class PlacedTokens:
    """Scene tokens and where they lie on the surface.

    Attributes:
        xyz: (T, 3) float, metres in the scene frame.
        features: (T, D) of the scene encoder.
    """

    xyz: np.ndarray
    features: Tensor


def placed_tokens(points: Tensor, features: SceneFeatures) -> PlacedTokens:
    """Object candidates and context of one encoded cloud.

    A candidate lies where the point that voted for it lies: its voted centre is inside the
    object, where no camera sees it.

    Args:
        points: (1, N, 3) the cloud as it was encoded, metres.
        features: what the encoder made of it.
    """
    xyz = torch.cat((pick(points, features.seed_points), features.context_xyz), 1)
    tokens = torch.cat((features.objects, features.context), 1)
    return PlacedTokens(xyz[0].float().cpu().numpy(), tokens[0].float())


class SceneClipScorer:
    """A `selection.ViewScorer`. Keeps the embeddings of the scenes it was asked about last.

    Args:
        clip: the model, on the device where it is to run.
        tokenizer: the one that the model was trained with.
        encode: a scene's tokens, e.g. by `placed_tokens` from the encoding that the language
            model uses as well.
    """

    def __init__(
        self,
        clip: SceneClip,
        tokenizer: PreTrainedTokenizerBase,
        encode: Callable[[Scene], PlacedTokens],
    ) -> None:
        self.clip, self.tokenizer, self.encode = clip, tokenizer, encode
        # on the CPU: the similarities of a few views are not worth a wait for a GPU
        self._scenes: dict[int, tuple[Scene, Tensor, Tensor]] = {}
        self._texts: dict[str, Tensor] = {}
        self._seen: tuple[Scene, Tensor] | None = None  # E_img (V, E) of a scene, by `see`

    def clear(self) -> None:
        """Forget scenes and questions."""
        self._scenes.clear()
        self._texts.clear()
        self._seen = None

    @property
    def trained(self) -> bool:
        """False: the numbers would be noise."""
        return self.clip.config.trained

    @torch.inference_mode()
    def look_at(self, scenes: Sequence[Scene], questions: Sequence[str]) -> None:
        """Embed at once what `similarities` will be asked for; what is not among it is forgotten.

        Args:
            scenes: any number, the same one perhaps several times.
            questions: any number.
        """
        wanted = {id(scene): scene for scene in scenes if scene.views}
        self._scenes = {k: v for k, v in self._scenes.items() if k in wanted}
        new = [scene for key, scene in wanted.items() if key not in self._scenes]
        for scene, *embedded in zip(new, *self._embed(new), strict=True):
            self._scenes[id(scene)] = scene, embedded[0], embedded[1]
        texts = list(dict.fromkeys(questions))
        ids = self.clip.tokenize(self.tokenizer, texts)
        self._texts = dict(zip(texts, self.clip.encode_text(ids).cpu(), strict=True))

    @torch.inference_mode()
    def see(self, scene: Scene) -> None:
        """Let a GPU begin with a scene's images; `look_at` waits for them."""
        if id(scene) not in self._scenes and scene.views:
            self._seen = scene, self._see([scene])

    @torch.inference_mode()
    def similarities(self, scene: Scene, question: str) -> np.ndarray:
        """(V, 3) float64: S_text3D, S_img3D, S_clip of every view, in the scene's order."""
        if id(scene) not in self._scenes or question not in self._texts:
            self.look_at([scene], [question])
        _, images, points = self._scenes[id(scene)]
        text = self._texts[question][None]
        return self.clip.similarities(text, images, points)[0].double().numpy()

    def utility(self, similarities: np.ndarray) -> np.ndarray:
        """(V, 3) -> (V,): w_t S_text3D + w_c S_img3D + w_clip S_clip."""
        return similarities @ self.clip.utility.weights().detach().double().cpu().numpy()

    def _embed(self, scenes: Sequence[Scene]) -> tuple[list[Tensor], list[Tensor]]:
        """E_img and E_3D of the views of each scene, (V, E) each."""
        if not scenes:
            return [], []
        device = self.clip.mean.device
        images = self._see(scenes)
        points = []
        for scene in scenes:
            tokens = self.encode(scene)
            seen = np.stack([visible(view, tokens.xyz) for view in scene.views])
            rows = torch.from_numpy(seen).to(device)
            points.append(self.clip.encode_points(tokens.features.to(device), rows).cpu())
        return list(images.cpu().split([len(scene.views) for scene in scenes])), points

    def _see(self, scenes: Sequence[Scene]) -> Tensor:
        """E_img (V, E) of all views."""
        if len(scenes) == 1 and self._seen is not None and self._seen[0] is scenes[0]:
            images, self._seen = self._seen[1], None
            return images
        device = self.clip.mean.device
        colors = [view.color for scene in scenes for view in scene.views]
        found: list[tuple[int, Tensor]] = []
        for same in _of_one_size(colors):
            for start in range(0, len(same), CHUNK):
                some = same[start : start + CHUNK]
                pixels = torch.from_numpy(np.stack([colors[row] for row in some])).to(device)
                found += zip(some, self.clip.encode_images(pixels), strict=True)
        return torch.stack([image for _, image in sorted(found, key=lambda pair: pair[0])])


def _of_one_size(images: Sequence[np.ndarray]) -> list[list[int]]:
    """Numbers of images of equal size together."""
    found: dict[tuple[int, ...], list[int]] = {}
    for number, image in enumerate(images):
        found.setdefault(image.shape, []).append(number)
    return list(found.values())
