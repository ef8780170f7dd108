"""`SceneClip`: questions, images and seen scene tokens in one embedding space.

A small CLIP (open_clip's towers, trained from scratch by `r1_training.clip`) and a head that pools
the scene encoder's tokens which a view sees. Cosines in this space are the scores of view
selection. One text tower serves as E_text and E_CLIPtxt, one image tower as E_img and E_CLIPimg.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import open_clip
import torch
import torch.nn.functional as F
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from r1_model.errors import InvalidConfigError, ModelLoadError
from r1_model.network.config_checks import require_count
from r1_model.views.utility import ViewUtility

CONFIG_FILE, WEIGHTS_FILE = "scene_clip.json", "scene_clip.safetensors"


@dataclass(frozen=True)
class SceneClipConfig:
    """Sizes of a `SceneClip`.

    Attributes:
        vocab_size, eos_token_id, pad_token_id: of the tokenizer that it shares with the model.
        scene_width: channels of the scene encoder's tokens.
        embed_dim: width of the common space.
        image_size, patch_size: pixels; images are squeezed to a square, nothing is cropped.
        width, layers, head_width: of both towers.
        context_length: tokens of a text, the end token included; longer texts lose their end.
        trained: False while the weights are random.

    Raises:
        InvalidConfigError: a size is out of range.
    """

    vocab_size: int
    eos_token_id: int
    pad_token_id: int
    scene_width: int = 256
    embed_dim: int = 128
    image_size: int = 128
    patch_size: int = 16
    width: int = 128
    layers: int = 3
    head_width: int = 32
    context_length: int = 64
    trained: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name not in ("eos_token_id", "pad_token_id", "trained"):
                require_count(self, field.name)
        if self.image_size % self.patch_size:
            raise InvalidConfigError(
                f"image_size {self.image_size} is no multiple of {self.patch_size}"
            )
        if self.width % self.head_width:
            raise InvalidConfigError(f"width {self.width} is no multiple of {self.head_width}")
        for name in ("eos_token_id", "pad_token_id"):
            require_count(self, name, least=0, most=self.vocab_size - 1)
        if self.eos_token_id == self.pad_token_id:
            raise InvalidConfigError("the end of a text and its padding must be different tokens")

    @classmethod
    def for_tokenizer(cls, tokenizer: PreTrainedTokenizerBase, **sizes: Any) -> SceneClipConfig:
        """Configuration that shares a tokenizer."""
        return cls(len(tokenizer), tokenizer.eos_token_id, tokenizer.pad_token_id, **sizes)


def tokenize(
    tokenizer: PreTrainedTokenizerBase, config: SceneClipConfig, texts: Sequence[str]
) -> Tensor:
    """Texts -> ids (T, context_length): cut to length, closed by the end token, padded."""
    length = config.context_length
    ids = torch.full((len(texts), length), config.pad_token_id)
    # a token has at most a few characters; no need to read a megabyte
    short = [text[: 32 * length] for text in texts]
    read = tokenizer(short, add_special_tokens=False)["input_ids"] if short else []
    for row, every in enumerate(read):
        # an end token inside the text would be taken for its end
        found = [i for i in every if i != config.eos_token_id][: length - 1]
        ids[row, : len(found)] = torch.tensor(found, dtype=torch.long)
        ids[row, len(found)] = config.eos_token_id
    return ids


class SceneClip(nn.Module):
    """See the module's text. All embeddings have length 1 (0 where a view sees no token)."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: SceneClipConfig) -> None:
        super().__init__()
        self.config = config
        vision = open_clip.CLIPVisionCfg(
            layers=config.layers,
            width=config.width,
            head_width=config.head_width,
            patch_size=config.patch_size,
            image_size=config.image_size,
        )
        text = open_clip.CLIPTextCfg(
            context_length=config.context_length,
            vocab_size=config.vocab_size,
            width=config.width,
            heads=config.width // config.head_width,
            layers=config.layers,
            pad_id=config.pad_token_id,
            eos_id=config.eos_token_id,
            pool_type="eos",
        )
        self.clip = open_clip.CLIP(config.embed_dim, vision, text)
        self.point_head = nn.Sequential(
            nn.LayerNorm(config.scene_width),
            nn.Linear(config.scene_width, config.scene_width),
            nn.GELU(),
            nn.Linear(config.scene_width, config.embed_dim + 1),  # value and attention
        )
        self.utility = ViewUtility()
        mean, std = torch.tensor(OPENAI_DATASET_MEAN), torch.tensor(OPENAI_DATASET_STD)
        self.register_buffer("mean", mean.view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", std.view(1, 3, 1, 1), persistent=False)

    def tokenize(self, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Tensor:
        """Texts -> ids (T, context_length) on the model's device, see `tokenize`."""
        return tokenize(tokenizer, self.config, texts).to(self.mean.device)

    def encode_text(self, ids: Tensor) -> Tensor:
        """Ids (T, context_length) from `tokenize` -> (T, embed_dim)."""
        return self.clip.encode_text(ids, normalize=True)

    def encode_images(self, colors: Tensor) -> Tensor:
        """RGB images (V, H, W, 3) uint8 of any size -> (V, embed_dim)."""
        return self.clip.encode_image(self.prepare(colors), normalize=True)

    def prepare(self, colors: Tensor) -> Tensor:
        """(V, H, W, 3) uint8 -> (V, 3, image_size, image_size), normalised as CLIP's images."""
        size = (self.config.image_size, self.config.image_size)
        pixels = colors.permute(0, 3, 1, 2)
        if pixels.shape[2:] != size:
            # on a CPU bytes shrink 35 times faster than floats; GPUs only take floats
            pixels = pixels if pixels.device.type == "cpu" else pixels.float()
            pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True)
        pixels = pixels.to(self.mean.device).float() / 255
        return (pixels - self.mean) / self.std

    def encode_points(self, features: Tensor, seen: Tensor) -> Tensor:
        """What each view sees of a scene, pooled by learned attention.

        Args:
            features: (..., T, scene_width) scene tokens.
            seen: (..., V, T) bool, the view sees the token.

        Returns:
            (..., V, embed_dim).
        """
        out = self.point_head(features)
        value, attention = out[..., :-1], out[..., -1]
        # the maximum cancels out; without it exp could overflow
        weight = (attention - attention.amax(-1, keepdim=True).detach()).exp()
        return F.normalize((seen * weight.unsqueeze(-2)) @ value, dim=-1)

    def similarities(self, text: Tensor, images: Tensor, points: Tensor) -> Tensor:
        """The three scores of V views of a scene for Q questions.

        Args:
            text: (..., Q, E) E_text.
            images: (..., V, E) E_img.
            points: (..., V, E) E_3D.

        Returns:
            (..., Q, V, 3): S_text3D, S_img3D (mean over the scene's images), S_clip.
        """
        text_3d = text @ points.transpose(-1, -2)
        image_3d = (images @ points.transpose(-1, -2)).mean(-2, keepdim=True)
        clip = text @ images.transpose(-1, -2)
        return torch.stack((text_3d, image_3d.expand_as(clip), clip), -1)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write configuration and bf16 weights."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG_FILE).write_text(json.dumps(asdict(self.config), indent=2) + "\n")
        state = {
            # two scalars whose third decimal is reported stay exact
            name: (value if value.ndim == 0 else value.bfloat16()).contiguous().cpu()
            for name, value in self.state_dict().items()
        }
        save_file(state, folder / WEIGHTS_FILE, {"format": "pt"})

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> SceneClip:
        """Load what `save_pretrained` wrote, as float32 in evaluation mode.

        Raises:
            ModelLoadError: a file is missing or damaged, or does not fit. One line.
        """
        folder = Path(folder)
        known = {field.name for field in fields(SceneClipConfig)}
        try:
            values = json.loads((folder / CONFIG_FILE).read_text())
            if not isinstance(values, dict):
                raise ValueError(f"{CONFIG_FILE} holds no object but {str(values)[:80]}")
            if set(values) - known:
                raise ValueError(f"unknown keys {sorted(set(values) - known)}")
            model = cls(SceneClipConfig(**values))
            state = load_file(folder / WEIGHTS_FILE)
            model.load_state_dict({name: value.float() for name, value in state.items()})
        except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:400]  # torch lists wrong weights in many lines
            raise ModelLoadError(f"no SceneClip in {folder}: {reason}") from error
        return model.eval()
