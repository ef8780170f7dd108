import json

import pytest
from transformers.trainer_utils import align_special_tokens

from r1_model.errors import InvalidConfigError
from r1_model.network.config import R1Config, R1SceneConfig
from r1_model.network.modeling import R1ForConditionalGeneration
from tests.r1_model.small import scene_tokenizer, seeded, small_config


def test_special_tokens_are_those_of_the_text_configuration():
    tokenizer = scene_tokenizer()
    config = small_config(tokenizer)
    assert config.eos_token_id == config.text_config.eos_token_id == tokenizer.eos_token_id
    config.eos_token_id, config.pad_token_id, config.bos_token_id = [3, 4], 5, 6
    text = config.text_config
    assert (text.eos_token_id, text.pad_token_id, text.bos_token_id) == ([3, 4], 5, 6)


def test_end_tokens_do_not_grow_from_training_to_training(tmp_path):
    """Every trainer aligns model and tokenizer before it starts."""
    tokenizer = scene_tokenizer()
    model = seeded(lambda: R1ForConditionalGeneration(small_config(tokenizer)))
    for cycle in range(3):
        align_special_tokens(model, tokenizer)
        model.save_pretrained(tmp_path / str(cycle))
        model = R1ForConditionalGeneration.from_pretrained(tmp_path / str(cycle))
    saved = json.loads((tmp_path / "2" / "generation_config.json").read_text())
    ends = saved["eos_token_id"]
    assert ends in (tokenizer.eos_token_id, [tokenizer.eos_token_id])
    assert model.config.eos_token_id == tokenizer.eos_token_id


def test_configuration_survives_saving(tmp_path):
    config = small_config(scene_tokenizer())
    config.save_pretrained(tmp_path)
    again = R1Config.from_pretrained(tmp_path)
    assert again.scene_config.to_dict() == config.scene_config.to_dict()
    assert again.text_config.eos_token_id == config.text_config.eos_token_id
    assert list(again.view_size) == list(config.view_size)


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_points": 0},
        {"num_points": 10},  # fewer than the centres that are chosen of them
        {"num_points": 10**12},
        {"num_centers": -1},
        {"num_context": 4_096},
        {"num_seeds": 10_000},
        {"num_objects": 5_000},
        {"num_uniform": 5_000},
        {"heads": 7},
        {"heads": 0},
        {"width": 12, "heads": 12, "context_width": 100},
        {"layers": 0},
        {"radii": [0.2]},
        {"radii": [-0.2, 0.6, 0.12, 0.4]},
        {"radii": [float("nan"), 0.6, 0.12, 0.4]},
        {"samples": [32, 32, 48]},
        {"duplicate_iou": 1.5},
        {"categories": []},
    ],
)
def test_sizes_that_a_scene_branch_cannot_have(wrong):
    name, value = list(wrong.items())[-1]
    with pytest.raises(InvalidConfigError) as error:
        R1SceneConfig(**wrong)
    assert str(value) in str(error.value) or name in str(error.value)


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("text_config", {"num_attention_heads": 0}),
        ("text_config", {"num_attention_heads": 3}),
        ("text_config", {"hidden_size": 10**7}),
        ("vision_config", {"num_heads": 7}),
        ("vision_config", {"patch_size": 0}),
        (None, {"view_size": [100, 100]}),
        (None, {"view_size": [0, 0]}),
        (None, {"view_size": "big"}),
        (None, {"num_views": 0}),
        (None, {"trained": "no"}),
        (None, {"scene_config": [1]}),
    ],
)
def test_sizes_that_a_model_cannot_have(part, wrong):
    values = small_config(scene_tokenizer()).to_dict()
    R1Config(**values)
    (values if part is None else values[part]).update(wrong)
    with pytest.raises(InvalidConfigError, match=next(iter(wrong))):
        R1Config(**values)
