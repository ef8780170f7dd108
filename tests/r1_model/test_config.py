import json

from transformers.trainer_utils import align_special_tokens

from r1_model.config import R1Config
from r1_model.modeling import R1ForConditionalGeneration

from .small import scene_tokenizer, seeded, small_config


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
