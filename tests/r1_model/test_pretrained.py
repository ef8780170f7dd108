import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from r1_model.conversation import R1Processor
from r1_model.errors import ModelLoadError
from r1_model.network.modeling import NEW_MODULES, R1ForConditionalGeneration
from r1_model.pretrained import load_pretrained
from tests.r1_model.small import byte_tokenizer, scene_tokenizer, small_config


@pytest.fixture(scope="module")
def plain_qwen(tmp_path_factory):
    """A small but real Qwen2.5-VL folder, as its own library saves it."""
    folder = tmp_path_factory.mktemp("qwen")
    tokenizer = byte_tokenizer()
    vocab = tokenizer.get_vocab()
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer) + 8,
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "rope_parameters": {"rope_type": "default", "mrope_section": [4, 6, 6]},
            "eos_token_id": vocab["<|im_end|>"],
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_heads": 2,
            "out_hidden_size": 64,
            "fullatt_block_indexes": [1],
        },
        image_token_id=vocab["<|image_pad|>"],
        video_token_id=vocab["<|video_pad|>"],
        vision_start_token_id=vocab["<|vision_start|>"],
        vision_end_token_id=vocab["<|vision_end|>"],
    )
    torch.manual_seed(1)
    Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def changed(folder, tmp_path, edit):
    """A copy of a model folder with its weights edited."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    weights = load_file(copy / "model.safetensors")
    edit(weights)
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    return copy


def test_plain_qwen_loads_and_names_the_new_modules(plain_qwen):
    loaded = load_pretrained(plain_qwen, device="cpu")
    assert loaded.new_modules == NEW_MODULES
    assert not loaded.model.config.trained
    stock = Qwen2_5_VLForConditionalGeneration.from_pretrained(plain_qwen)
    for name, weight in stock.state_dict().items():
        assert torch.equal(weight, loaded.model.state_dict()[name]), name


def test_plain_qwen_answers_text_as_before(plain_qwen):
    loaded = load_pretrained(plain_qwen, device="cpu")
    stock = Qwen2_5_VLForConditionalGeneration.from_pretrained(plain_qwen).eval()
    ids = torch.tensor([[5, 9, 2, 7]])
    positions = torch.arange(4).expand(3, 1, 4)
    with torch.inference_mode():
        ours = loaded.model(input_ids=ids, position_ids=positions).logits
        assert torch.allclose(ours, stock(input_ids=ids).logits, atol=1e-5)


def test_new_modules_are_the_same_for_the_same_seed(plain_qwen):
    first, second = (load_pretrained(plain_qwen, device="cpu", seed=3).model for _ in range(2))
    for (name, a), (_, b) in zip(
        first.state_dict().items(), second.state_dict().items(), strict=True
    ):
        assert torch.equal(a, b), name


def test_loading_leaves_the_callers_random_state(plain_qwen):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load_pretrained(plain_qwen, device="cpu", seed=3)
    assert torch.equal(torch.rand(3), expected)


def test_missing_weight_of_the_base_is_an_error(plain_qwen, tmp_path):
    def drop(weights):
        key = next(key for key in weights if key.endswith("layers.1.mlp.up_proj.weight"))
        del weights[key]

    with pytest.raises(ModelLoadError, match="1 weights missing.*up_proj"):
        load_pretrained(changed(plain_qwen, tmp_path, drop), device="cpu")


def test_unexpected_weight_is_an_error(plain_qwen, tmp_path):
    folder = changed(plain_qwen, tmp_path, lambda w: w.update(surprise=torch.zeros(2)))
    with pytest.raises(ModelLoadError, match="1 weights unexpected .surprise."):
        load_pretrained(folder, device="cpu")


def test_weight_of_another_shape_is_named(plain_qwen, tmp_path):
    def cut(weights):
        key = next(key for key in weights if key.endswith("layers.1.mlp.up_proj.weight"))
        weights[key] = weights[key][:5].clone()

    with pytest.raises(ModelLoadError, match=r"up_proj.weight is \(5, 64\), not \(96, 64\)"):
        load_pretrained(changed(plain_qwen, tmp_path, cut), device="cpu")


@pytest.mark.parametrize("damage", ["cut", "header", "empty", "garbage"])
def test_damaged_weights_are_refused_in_one_line(plain_qwen, tmp_path, damage):
    folder = tmp_path / "m"
    shutil.copytree(plain_qwen, folder)
    weights = folder / "model.safetensors"
    data = weights.read_bytes()
    contents = {"cut": data[:-100], "header": data[:100], "empty": b"", "garbage": b"\xff" * 999}
    weights.write_bytes(contents[damage])
    with pytest.raises(ModelLoadError, match="cannot load .*header") as error:
        load_pretrained(folder, device="cpu")
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory):
    """A small model of ours."""
    folder = tmp_path_factory.mktemp("own")
    tokenizer = scene_tokenizer()
    config = small_config(tokenizer)
    R1ForConditionalGeneration(config).save_pretrained(folder)
    R1Processor(tokenizer, config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("part", "change", "reason"),
    [
        ("text_config", {"num_attention_heads": 0}, "num_attention_heads must be"),
        ("text_config", {"hidden_size": "256"}, "hidden_size.*expected int"),
        ("text_config", {"eos_token_id": None}, "eos_token_id is None"),
        ("text_config", {"vocab_size": 300}, "embed_tokens.weight is .*, not .300, 256"),
        ("scene_config", {"radii": [0.2]}, "radii must be 4"),
        ("scene_config", {"categories": ["a"]}, "of another shape .*dense_decoder"),
        (None, {"scene_config": [1]}, "scene_config must be an object"),
        (None, {"scene_token_id": 10**6}, "scene_token_id is 1000000, the tokenizer's"),
        (None, {"image_token_id": 5}, "image_token_id is 5, the tokenizer's"),
        (None, None, "holds no object"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused_in_one_line(
    own_folder, tmp_path, part, change, reason
):
    folder = tmp_path / "m"
    shutil.copytree(own_folder, folder)
    values = json.loads((folder / "config.json").read_text())
    if change is None:
        values = []
    else:
        (values if part is None else values[part]).update(change)
    (folder / "config.json").write_text(json.dumps(values))
    with pytest.raises(ModelLoadError, match=reason) as error:
        load_pretrained(folder, device="cpu")
    assert "\n" not in str(error.value)


def test_a_damaged_index_is_refused(own_folder, tmp_path):
    folder = tmp_path / "m"
    shutil.copytree(own_folder, folder)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(ModelLoadError, match="cannot load .*TypeError"):
        load_pretrained(folder, device="cpu")


@pytest.mark.parametrize("device", ["meta", "fpga", "xpu", "hpu"])
def test_a_device_that_is_not_here_is_refused(device):
    if device == "xpu" and torch.xpu.is_available():
        pytest.skip("it is here")
    with pytest.raises(ModelLoadError, match=f"device '{device}' cannot be used") as error:
        load_pretrained("r1-tiny", device=device)
    assert "\n" not in str(error.value)


def test_own_folder_must_be_complete(tmp_path):
    tokenizer = scene_tokenizer()
    config = small_config(tokenizer)
    R1ForConditionalGeneration(config).save_pretrained(tmp_path / "whole")
    R1Processor(tokenizer, config).save_pretrained(tmp_path / "whole")
    assert load_pretrained(tmp_path / "whole", device="cpu").new_modules == ()

    def drop(weights):
        del weights["model.dense_decoder.classes.weight"]

    with pytest.raises(ModelLoadError, match="missing.*dense_decoder"):
        load_pretrained(changed(tmp_path / "whole", tmp_path, drop), device="cpu")


@pytest.mark.parametrize("older", [False, True])
def test_weights_have_the_names_that_trainers_resume_by(tmp_path, older):
    """Folders with published Qwen's older names are read as well."""
    config = small_config(scene_tokenizer())
    model = R1ForConditionalGeneration(config)
    model.save_pretrained(tmp_path, **({"save_original_format": True} if older else {}))
    R1Processor(scene_tokenizer(), config).save_pretrained(tmp_path)
    names = set(model.state_dict()) - {"lm_head.weight"}  # tied to the embeddings
    assert (set(load_file(tmp_path / "model.safetensors")) == names) is not older
    again = load_pretrained(tmp_path, device="cpu", dtype="float32").model.state_dict()
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, again[name]), name


def test_pickled_weights_are_refused(plain_qwen, tmp_path):
    folder = tmp_path / "pickled"
    shutil.copytree(plain_qwen, folder)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelLoadError, match="safetensors"):
        load_pretrained(folder, device="cpu")


@pytest.mark.parametrize(
    ("contents", "reason"),
    [(None, "no config.json"), ({"model_type": "llama"}, "'llama'"), ("{broken", "cannot load")],
)
def test_other_folders_are_refused_in_one_line(tmp_path, contents, reason):
    if contents is not None:
        text = contents if isinstance(contents, str) else json.dumps(contents)
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelLoadError, match=reason) as error:
        load_pretrained(tmp_path, device="cpu")
    assert "\n" not in str(error.value)


def test_missing_folder_and_device(tmp_path):
    with pytest.raises(ModelLoadError, match="'nope'.*presets are.*r1-tiny"):  # and no download
        load_pretrained("nope")
    with pytest.raises(ModelLoadError, match="no such folder"):
        load_pretrained(tmp_path / "nowhere")
    with pytest.raises(ModelLoadError, match="no such device"):
        load_pretrained("r1-tiny", device="abacus")
    with pytest.raises(ModelLoadError, match="dtype"):
        load_pretrained("r1-tiny", device="cpu", dtype="int3")


def test_scene_tokens_need_room_in_the_vocabulary(plain_qwen, tmp_path):
    folder = tmp_path / "full"
    shutil.copytree(plain_qwen, folder)
    tokenizer = byte_tokenizer(*(f"<|more_{n}|>" for n in range(8)))
    tokenizer.save_pretrained(folder)
    with pytest.raises(ModelLoadError, match="no room for the scene tokens"):
        load_pretrained(folder, device="cpu")
