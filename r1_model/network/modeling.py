"""`R1ForConditionalGeneration`: Qwen2.5-VL that also reads a point cloud and its views' depth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from transformers import Qwen2_5_VLForConditionalGeneration
from transformers.cache_utils import Cache
from transformers.conversion_mapping import register_checkpoint_conversion_mapping
from transformers.core_model_loading import WeightRenaming
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLModel

from r1_model.network.config import R1Config
from r1_model.network.continuations import (
    EmbeddedPrefix,
    Prefix,
    read_continuations,
    read_embedded_continuations,
)
from r1_model.network.dense_decoder import DenseDecoder, Detections, select_objects
from r1_model.network.depth_positions import DepthPositions
from r1_model.network.looks import Looks, Pictures
from r1_model.network.scene_encoder import SceneEncoder, SceneFeatures
from r1_model.network.scene_tokens import SceneTokens
from r1_model.network.token_loss import TokenLoss, trained_token_loss
from r1_model.network.vision import encode_views

T = TypeVar("T")
NEW_MODULES = ("scene_encoder", "dense_decoder", "scene_tokens", "depth_positions")
SEES = (*NEW_MODULES[:2], "looks")  # what finds and names objects; a model may have no looks


@dataclass(frozen=True)
class EncodedScene:
    """B clouds as the language model reads them; independent of the question.

    Attributes:
        features: what the encoder knows of the cloud.
        found: every candidate's box and labels; with pictures, those that were kept are refined.
        index, score: (B, K) the candidates that were kept, best first.
        tokens: (B, T, hidden) scene tokens.
    """

    features: SceneFeatures
    found: Detections
    index: Tensor
    score: Tensor
    tokens: Tensor


@dataclass
class R1BackboneOutput(BaseModelOutputWithPast):
    """Output of the backbone with the encoded scene, where a cloud was given."""

    encoded: EncodedScene | None = None


@dataclass
class R1Output(CausalLMOutputWithPast):
    """Output of the model with the encoded scene, where a cloud was given."""

    encoded: EncodedScene | None = None


class R1Model(Qwen2_5_VLModel):
    """The backbone: everything but the language head."""

    config: R1Config

    def __init__(self, config: R1Config) -> None:
        super().__init__(config)
        scene, hidden = config.scene_config, config.text_config.hidden_size
        self.scene_encoder = SceneEncoder(scene)
        self.dense_decoder = DenseDecoder(scene)
        self.looks = None if scene.look_size is None else Looks(scene, scene.look_size)
        self.scene_tokens = SceneTokens(scene, hidden)
        self.depth_positions = DepthPositions(hidden)
        for name in {*NEW_MODULES, *SEES}:
            part = getattr(self, name)
            for module in () if part is None else part.modules():
                module.is_scene_branch = True
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if not _init_scene_branch(module):
            super()._init_weights(module)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: Tensor | None = None,
        use_cache: bool | None = None,
        points: Tensor | None = None,
        colors: Tensor | None = None,
        bounds: Tensor | None = None,
        pictures: Pictures | None = None,
        patches: Tensor | None = None,
        view_grids: list[tuple[int, int]] | None = None,
        view_positions: Tensor | None = None,
        view_positions_valid: Tensor | None = None,
        scene: Tensor | None = None,
        views: Tensor | None = None,
        prefix: Prefix | EmbeddedPrefix | None = None,
        **kwargs: object,
    ) -> R1BackboneOutput:
        """Hidden states of every position; scene and views come in here.

        Not in the model around it: trainers that score answers call the backbone and a head of
        their own, and would score them as if nothing had been seen.

        Args:
            input_ids: (B, L), or `inputs_embeds` (B, L, hidden) from `embed`.
            attention_mask: (B, L) or (B, 1, L, L).
            position_ids: (3, B, L) from `rope.rope_positions`.
            points, colors, bounds, pictures: see `encode_scene`.
            patches, view_grids: see `encode_views`.
            view_positions, view_positions_valid: see `embed`.
            scene, views: see `embed`; in place of points and patches that are encoded already.
            prefix: what many of the B sequences have in common; it is read once for all of them.
                `scene` and `views` then belong to it, and ids, mask and positions to what follows;
                an embedded one has seen both already.
        """
        encoded = None
        if prefix is not None:
            follows = (
                _given(input_ids, "input_ids"),
                _given(attention_mask, "attention_mask"),
                _given(position_ids, "position_ids"),
            )
            if isinstance(prefix, EmbeddedPrefix):
                hidden = read_embedded_continuations(self, prefix, *follows)
            else:
                sights = _given(scene, "scene"), _given(views, "views")
                hidden = read_continuations(self, prefix, *sights, *follows)
            # transformers says FloatTensor and means any tensor of floats
            return R1BackboneOutput(last_hidden_state=hidden)  # type: ignore[arg-type]
        if inputs_embeds is None:
            if points is not None:
                encoded = self.encode_scene(
                    points, _given(colors, "colors"), _given(bounds, "bounds"), pictures
                )
                scene = encoded.tokens
            if patches is not None:
                views = self.encode_views(patches, _given(view_grids, "view_grids"))
            ids = _given(input_ids, "input_ids")
            inputs_embeds = self.embed(ids, scene, views, view_positions, view_positions_valid)
        outputs = self.language_model(
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            use_cache=use_cache,
        )
        return R1BackboneOutput(
            last_hidden_state=outputs.last_hidden_state,
            past_key_values=outputs.past_key_values,
            encoded=encoded,
        )

    def encode_scene(
        self, points: Tensor, colors: Tensor, bounds: Tensor, pictures: Pictures | None = None
    ) -> EncodedScene:
        """Encode clouds.

        Args:
            points: (B, N, 3) metres.
            colors: (B, N, 3) RGB in [0, 1].
            bounds: (B, 2, 3) metres, corners that boxes in text refer to.
            pictures: views of the scenes, for a model that looks at what it found.
        """
        scene = self.config.scene_config
        features = self.scene_encoder(points, colors)
        found = self.dense_decoder(features)
        index, score = select_objects(found, scene.num_objects, scene.duplicate_iou)
        looked = features
        if self.looks is not None and pictures is not None:
            looked, found = self.looks(features, found, index, pictures)
        tokens = self.scene_tokens(looked, found, index, score, bounds)
        return EncodedScene(features, found, index, score, tokens)

    def looked_at(self, encoded: EncodedScene, bounds: Tensor, pictures: Pictures) -> EncodedScene:
        """A scene that was encoded without pictures, as if it had been encoded with them.

        Args:
            encoded: of `encode_scene`, or of tiles.
            bounds, pictures: see `encode_scene`.
        """
        looks = _given(self.looks, "looks")
        looked, found = looks(encoded.features, encoded.found, encoded.index, pictures)
        shown = slice(self.config.scene_config.num_objects)  # tiles keep more than are shown
        index, score = encoded.index[:, shown], encoded.score[:, shown]
        tokens = self.scene_tokens(looked, found, index, score, bounds)
        return replace(encoded, found=found, tokens=tokens)

    def encode_views(self, patches: Tensor, grids: list[tuple[int, int]]) -> Tensor:
        """Image tokens of views, one view after the other.

        Args:
            patches: (total patches, 1176) from `vision.patchify`.
            grids: (rows, columns) of each view's patches.

        Returns:
            (total patches / 4, hidden).
        """
        return encode_views(self.visual, patches, grids)

    def embed(
        self,
        input_ids: Tensor,
        scene: Tensor | None = None,
        views: Tensor | None = None,
        view_positions: Tensor | None = None,
        view_positions_valid: Tensor | None = None,
    ) -> Tensor:
        """Token embeddings with scene and image tokens in their places.

        Args:
            input_ids: (B, L) with placeholders.
            scene: (B, T, hidden) scene tokens, or None.
            views: (total image tokens, hidden), or None.
            view_positions: (total image tokens, 3) metres from the scene's minimum corner.
            view_positions_valid: (total image tokens,) bool.

        Returns:
            (B, L, hidden).
        """
        embeddings = self.get_input_embeddings()(input_ids)
        wait = not (self.training and embeddings.is_cuda)  # a step must not wait for the GPU
        if views is not None:
            if view_positions is not None:
                views = views + self.depth_positions(view_positions, view_positions_valid)
            embeddings = _fill(embeddings, input_ids == self.config.image_token_id, views, wait)
        if scene is not None:
            embeddings = _fill(embeddings, input_ids == self.config.scene_token_id, scene, wait)
        return embeddings


class R1ForConditionalGeneration(Qwen2_5_VLForConditionalGeneration):
    """3D-R1: text, views with depth and a point cloud in, text out.

    The forward takes what `R1Processor` makes. Positions are always passed explicitly: with
    embeddings alone Qwen2.5-VL cannot know where its images are.
    """

    config_class = R1Config
    config: R1Config

    def __init__(self, config: R1Config) -> None:
        # not Qwen's own constructor: it would build the stock backbone first
        super(Qwen2_5_VLForConditionalGeneration, self).__init__(config)
        self.model = R1Model(config)
        text = config.text_config
        self.lm_head = nn.Linear(text.hidden_size, text.vocab_size, bias=False)
        # training may put the other form of `token_loss` here
        self.token_loss: TokenLoss = trained_token_loss
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if not _init_scene_branch(module):
            super()._init_weights(module)

    def save_pretrained(
        self, save_directory: str | PathLike[str], *args: Any, **kwargs: Any
    ) -> None:
        """As in transformers, with weights named as in this class unless told otherwise.

        The stock default writes published Qwen's older names, which a trainer that goes on from a
        checkpoint does not translate back: it would go on with an untrained language model.
        """
        kwargs.setdefault("save_original_format", False)
        super().save_pretrained(save_directory, *args, **kwargs)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: Tensor | None = None,
        use_cache: bool | None = None,
        points: Tensor | None = None,
        colors: Tensor | None = None,
        bounds: Tensor | None = None,
        pictures: Pictures | None = None,
        patches: Tensor | None = None,
        view_grids: list[tuple[int, int]] | None = None,
        view_positions: Tensor | None = None,
        view_positions_valid: Tensor | None = None,
        scene: Tensor | None = None,
        views: Tensor | None = None,
        logits_to_keep: int | Tensor = 0,
        labels: Tensor | None = None,
        **kwargs: object,
    ) -> R1Output:
        """Logits of every position (or of the last `logits_to_keep`); with labels, the loss.

        Args:
            labels: (B, L), -100 where a token is not trained. Logits are then of the trained
                tokens only, (T, vocabulary), and the loss is their mean cross entropy
                (`token_loss`).

        The others are those of `R1Model.forward`.
        """
        outputs = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            use_cache=use_cache,
            points=points,
            colors=colors,
            bounds=bounds,
            pictures=pictures,
            patches=patches,
            view_grids=view_grids,
            view_positions=view_positions,
            view_positions_valid=view_positions_valid,
            scene=scene,
            views=views,
        )
        hidden = outputs.last_hidden_state
        if labels is not None:
            loss, logits = self.token_loss(hidden, labels, self.lm_head.weight)
            # transformers says FloatTensor and means any tensor of floats
            return R1Output(loss=loss, logits=logits, encoded=outputs.encoded)  # type: ignore[arg-type]
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        return R1Output(
            logits=self.lm_head(hidden[:, kept]),
            past_key_values=outputs.past_key_values,
            encoded=outputs.encoded,
        )


# Published Qwen2.5-VL checkpoints use older names: `visual.` and `model.layers.`.
register_checkpoint_conversion_mapping(
    R1ForConditionalGeneration.__name__,
    [
        WeightRenaming(source_patterns=r"^visual", target_patterns="model.visual"),
        WeightRenaming(
            source_patterns=rf"^model(?!\.(language_model|visual|looks|{'|'.join(NEW_MODULES)}))",
            target_patterns="model.language_model",
        ),
    ],
)


def _given(value: T | None, name: str) -> T:
    """An input that the others cannot do without."""
    if value is None:
        raise ValueError(f"{name} is missing")
    return value


def _init_scene_branch(module: nn.Module) -> bool:
    """Initialise a module of the scene branch by PyTorch's rules; False for others, left alone.

    Qwen's rule (normal, 0.02) starves the scene branch, whose inputs are metres.
    """
    if not getattr(module, "is_scene_branch", False):
        return False
    reset = getattr(module, "reset_parameters", None)
    if callable(reset):
        reset()
    return True


def _fill(embeddings: Tensor, mask: Tensor, tokens: Tensor, wait: bool) -> Tensor:
    """embeddings (B, L, D) with the tokens (..., D) in the T places of mask (B, L), in order."""
    tokens = tokens.to(embeddings).flatten(0, -2)
    if wait:
        if int(mask.sum()) != len(tokens):
            raise ValueError(f"{int(mask.sum())} placeholders for {len(tokens)} tokens")
        return embeddings.masked_scatter(mask.unsqueeze(-1), tokens)
    # Fails as loudly, but later, and without the numbers. Not by masked_scatter: its gradient has
    # as many rows as there are places, and waits to count them.
    torch._assert_async(mask.sum() == len(tokens), "not as many placeholders as tokens")
    place = mask.flatten().cumsum(0).sub(1).clamp(0, len(tokens) - 1)
    # what stands elsewhere is not read; spread, so that its gradients, zeros, do not queue up
    spread = torch.arange(mask.numel(), device=mask.device) % len(tokens)
    rows = tokens.index_select(0, torch.where(mask.flatten(), place, spread))
    return torch.where(mask.unsqueeze(-1), rows.view_as(embeddings), embeddings)
