"""The scores of view selection from a trained `SceneClip` and the scene encoder's tokens."""

from __future__ import annotations

from collections.abc import Callable
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
    """A `selection.ViewScorer`. Keeps the embeddings of the last scene it was asked about.

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
        self._scene: Scene | None = None
        self._embedded: tuple[Tensor, Tensor] | None = None

    @property
    def trained(self) -> bool:
        """False: the numbers would be noise."""
        return self.clip.config.trained

    @torch.inference_mode()
    def similarities(self, scene: Scene, question: str) -> np.ndarray:
        """(V, 3) float64: S_text3D, S_img3D, S_clip of every view, in the scene's order."""
        if self._embedded is None or self._scene is not scene:
            self._embedded = self._embed(scene)
            self._scene = scene
        images, points = self._embedded
        text = self.clip.encode_text(self.clip.tokenize(self.tokenizer, [question]))
        return self.clip.similarities(text, images, points)[0].double().cpu().numpy()

    def utility(self, similarities: np.ndarray) -> np.ndarray:
        """(V, 3) -> (V,): w_t S_text3D + w_c S_img3D + w_clip S_clip."""
        return similarities @ self.clip.utility.weights().detach().double().cpu().numpy()

    def _embed(self, scene: Scene) -> tuple[Tensor, Tensor]:
        """E_img (V, E) and E_3D (V, E) of a scene's views."""
        device = self.clip.mean.device
        images = []
        for start in range(0, len(scene.views), CHUNK):
            # views may differ in size, so each is shrunk on its own
            batch = [
                self.clip.prepare(torch.from_numpy(view.color)[None])
                for view in scene.views[start : start + CHUNK]
            ]
            images.append(self.clip.clip.encode_image(torch.cat(batch), normalize=True))
        tokens = self.encode(scene)
        seen = np.stack([visible(view, tokens.xyz) for view in scene.views])
        points = self.clip.encode_points(
            tokens.features.to(device), torch.from_numpy(seen).to(device)
        )
        return torch.cat(images), points
