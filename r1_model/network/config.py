"""`R1Config`: Qwen2.5-VL's configuration plus the scene branch; the three presets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import AutoConfig, PreTrainedConfig
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLTextConfig,
    Qwen2_5_VLVisionConfig,
)

from r1_model.errors import InvalidConfigError
from r1_model.network.config_checks import check_model_config, check_scene_config

SCENE_START, SCENE_PAD, SCENE_END = "<|scene_start|>", "<|scene_pad|>", "<|scene_end|>"
OBJ_START, OBJ_END = "<obj>", "</obj>"


class R1SceneConfig(PreTrainedConfig):
    """Scene encoder and dense decoder.

    Attributes:
        num_points: points of the cloud that are read (random subset or repetition).
        num_center_points: points that the centres are chosen from; a room is covered by few, while
            small things need all points that there are.
        num_centers: furthest-point centres of the first set abstraction.
        num_context: centres of the second one; a prefix of the first (FPS order).
        radii: ball radii of the two set abstractions, then of the two groupings of votes around a
            candidate: a tight one keeps a cushion apart from its sofa, a wide one sees the sofa.
        samples: neighbours in each of these balls.
        point_width, context_width, width: channels of point features, context, object tokens.
        num_candidates: points that vote, all of the foreground where it has no more.
        num_seeds: object candidates (furthest points over the voted centres).
        num_objects: candidates that survive duplicate removal and reach the language model.
        num_uniform: context tokens that reach the language model beside the objects.
        max_extent: longest side of a scene that is encoded at once [m], that of the scenes it was
            trained on; larger ones are encoded in tiles (see `tiles`). None: everything at once.
        look_size: pixels a side of the cuts of views that refine the labels (see `looks`); None:
            labels follow from the cloud alone.
        read_width: channels of the net that reads what is printed on the cuts, a multiple of 32;
            None: none reads.
        layers, heads: transformer over the object candidates.
        categories, colors, materials, states: what the dense decoder names, in index order.

    Raises:
        InvalidConfigError: a size is out of range.
    """

    model_type = "r1_scene"
    base_config_key = "scene_config"

    num_points: int = 40_000
    num_center_points: int = 32_768
    num_centers: int = 2_048
    num_context: int = 512
    radii: list[float] | tuple[float, ...] = (0.2, 0.6, 0.12, 0.4)
    samples: list[int] | tuple[int, ...] = (32, 32, 48, 48)
    point_width: int = 64
    context_width: int = 192
    width: int = 256
    num_candidates: int = 8_192
    num_seeds: int = 224
    num_objects: int = 192
    num_uniform: int = 64
    max_extent: float | None = None
    look_size: int | None = None
    read_width: int | None = None
    layers: int = 3
    heads: int = 8
    duplicate_iou: float = 0.35
    categories: list[str] | tuple[str, ...] = ("object",)
    colors: list[str] | tuple[str, ...] = ("unknown",)
    materials: list[str] | tuple[str, ...] = ("unknown",)
    states: list[str] | tuple[str, ...] = ("none",)

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        check_scene_config(self)

    @property
    def num_tokens(self) -> int:
        """Scene tokens in the language model's sequence."""
        return self.num_objects + self.num_uniform


class R1Config(Qwen2_5_VLConfig):
    """Configuration of `R1ForConditionalGeneration`.

    Attributes:
        scene_config: the scene branch.
        scene_token_id: the placeholder that scene tokens replace.
        num_views: views shown to the model by default.
        view_size: (height, width) to which views are resized, multiples of 28; None keeps Qwen's
            native-resolution rule.
        trained: False while the weights are random; every answer then says so.
        system_prompt: first message of every conversation; empty for none.
        normalise_questions: questions are written as text is before they are read, see
            `text.normalise`; typing errors and other names of things are mended, see `spelling`.
        drop_unrelated_history: a question that stands alone is asked without the turns before it,
            see `tasks.stands_alone`.
        names_as_requests: a bare name to ground is asked as a sentence, see `tasks.as_request`.
        asks_back: an answer about a thing that no detection fits is held against the answer to
            where that thing is, see `asking.absent`.
            A small model needs these four; others are asked what was said.
        align_to_walls: a scene is read in the frame of its walls, see `Scene.aligned`: for models
            that were trained on rooms along the axes.

    Raises:
        InvalidConfigError: a size is out of range.
    """

    model_type = "r1_qwen2_5_vl"
    sub_configs = {
        "vision_config": Qwen2_5_VLVisionConfig,
        "text_config": Qwen2_5_VLTextConfig,
        "scene_config": R1SceneConfig,
    }

    if TYPE_CHECKING:  # what `__post_init__` leaves; as arguments, objects from JSON are good, too
        text_config: Qwen2_5_VLTextConfig = Qwen2_5_VLTextConfig()
        vision_config: Qwen2_5_VLVisionConfig = Qwen2_5_VLVisionConfig()
        scene_config: R1SceneConfig = R1SceneConfig()
    else:
        scene_config: dict | PreTrainedConfig | None = None
    scene_start_token_id: int = 151665
    scene_token_id: int = 151666
    scene_end_token_id: int = 151667
    num_views: int = 6
    view_size: list[int] | tuple[int, ...] | None = None
    trained: bool = False
    system_prompt: str = ""
    normalise_questions: bool = False
    drop_unrelated_history: bool = False
    names_as_requests: bool = False
    asks_back: bool = False
    align_to_walls: bool = False

    def __post_init__(self, **kwargs: Any) -> None:
        if self.scene_config is None:
            self.scene_config = R1SceneConfig()
        elif isinstance(self.scene_config, dict):
            self.scene_config = R1SceneConfig(**self.scene_config)
        elif not isinstance(self.scene_config, R1SceneConfig):
            raise InvalidConfigError(
                f"scene_config must be an object, not {str(self.scene_config)[:80]}"
            )
        super().__post_init__(**kwargs)
        check_model_config(self)

    @property
    def fixed_view_size(self) -> tuple[int, int]:
        """`view_size` of a model that has one.

        Raises:
            InvalidConfigError: its views keep their own sizes.
        """
        if self.view_size is None:
            raise InvalidConfigError("view_size is null: views keep their own sizes")
        height, width = self.view_size
        return height, width

    # Trainers compare these with the tokenizer's. Qwen has them in its text configuration only, so
    # every training run would find them missing and add the end token once more to the saved list.
    @property
    def eos_token_id(self) -> int | list[int] | None:
        """Of the text configuration, as are the two below."""
        return self.text_config.eos_token_id

    @eos_token_id.setter
    def eos_token_id(self, value: int | list[int] | None) -> None:
        self.text_config.eos_token_id = value

    @property
    def pad_token_id(self) -> int | None:
        """What short sequences are filled with."""
        return self.text_config.pad_token_id

    @pad_token_id.setter
    def pad_token_id(self, value: int | None) -> None:
        self.text_config.pad_token_id = value

    @property
    def bos_token_id(self) -> int | None:
        """What a text starts with; None for nothing."""
        return self.text_config.bos_token_id

    @bos_token_id.setter
    def bos_token_id(self, value: int | None) -> None:
        self.text_config.bos_token_id = value


# the tokenizer's loader looks at the configuration, too
AutoConfig.register(R1Config.model_type, R1Config)


def tiny_config(tokens: dict[str, int], vocab_size: int, **names: list[str]) -> R1Config:
    """The `r1-tiny` preset: about 12M parameters, trained from scratch, runs on a CPU.

    Args:
        tokens: ids of the special tokens of its tokenizer, by their text.
        vocab_size: of its tokenizer.
        **names: categories, colors, materials, states of the dense decoder.
    """
    text: dict[str, Any] = {
        "vocab_size": vocab_size,
        "hidden_size": 256,
        "intermediate_size": 704,
        "num_hidden_layers": 7,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 4_096,
        "tie_word_embeddings": True,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10_000.0,
            "mrope_section": [8, 12, 12],
        },
        "bos_token_id": None,
        "eos_token_id": tokens["<|im_end|>"],
        "pad_token_id": tokens["<|endoftext|>"],
    }
    vision: dict[str, Any] = {
        "depth": 4,
        "hidden_size": 160,
        "intermediate_size": 480,
        "num_heads": 4,
        "out_hidden_size": 256,
        "window_size": 112,
        # every layer attends over the whole view: at this size windows save nothing
        "fullatt_block_indexes": [0, 1, 2, 3],
    }
    scene: dict[str, Any] = {
        "num_points": 81_920,
        # four times as many candidates as a room has objects: with half of them, one small object
        # in ten gets none
        "num_candidates": 10_240,
        "num_seeds": 384,
        "num_objects": 96,
        "num_uniform": 32,
        # many around a vote: what a thing is called hangs on its details
        "samples": (32, 32, 96, 64),
        "max_extent": 14.5,
        "look_size": 64,
        "read_width": 128,
        **names,
    }
    return R1Config(
        text_config=Qwen2_5_VLTextConfig(**text),
        vision_config=Qwen2_5_VLVisionConfig(**vision),
        scene_config=R1SceneConfig(**scene),
        image_token_id=tokens["<|image_pad|>"],
        video_token_id=tokens["<|video_pad|>"],
        vision_start_token_id=tokens["<|vision_start|>"],
        vision_end_token_id=tokens["<|vision_end|>"],
        scene_start_token_id=tokens[SCENE_START],
        scene_token_id=tokens[SCENE_PAD],
        scene_end_token_id=tokens[SCENE_END],
        tie_word_embeddings=True,
        num_views=6,
        view_size=[168, 224],
        normalise_questions=True,
        drop_unrelated_history=True,
        names_as_requests=True,
        asks_back=True,
        align_to_walls=True,
    )
