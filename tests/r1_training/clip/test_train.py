from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from r1_model.conversation import R1Processor
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.views.scene_clip import SceneClip, SceneClipConfig
from r1_model.views.visibility import visible
from r1_training.clip.batches import ClipBatchBuilder, as_text, pixel_shares, visible_tokens
from r1_training.clip.train import CHECKPOINT, ClipTrainingConfig, rate_factor, train
from r1_training.common.config import TrainingConfigError
from r1_training.synthetic.camera.observe import room_to_scene
from r1_training.synthetic.rooms.room import make_room
from tests.r1_model.small import scene_tokenizer, seeded, small_config

SIZES = {
    "steps": 3,
    "rooms": 2,
    "texts": 3,
    "views": 3,
    "view_size": [30, 40],
    "warmup": 1,
    "evaluation_rooms": 2,
    "workers": 0,
    "save_every": 2,
}


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tokenizer = scene_tokenizer()
    config = small_config(tokenizer)
    seeded(lambda: R1ForConditionalGeneration(config)).save_pretrained(folder)
    R1Processor(tokenizer, config).save_pretrained(folder)
    return folder


def test_a_batch_is_its_number() -> None:
    tokenizer = scene_tokenizer()
    clip = SceneClipConfig.for_tokenizer(tokenizer)
    builder = ClipBatchBuilder(tokenizer, clip, "train", seed=1, rooms=2, texts=6, views=3)
    first, again, other = builder([4]), builder([4]), builder([5])
    assert torch.equal(first["ids"], again["ids"]) and not torch.equal(first["ids"], other["ids"])
    assert torch.equal(first["rooms"].table, again["rooms"].table)
    for row, room in enumerate(make_room((1_000_000 + 4) * 2 + i, "train") for i in range(2)):
        assert first["present"][row].any()
        for ids, present, needed in zip(
            first["ids"][row], first["present"][row], first["needed"][row], strict=True
        ):
            text = tokenizer.decode(ids, skip_special_tokens=True)
            assert bool(text) == bool(present) == bool(needed.any())
            assert "<obj" not in text
            assert not needed[len(room.objects) :].any()
        assert (first["kind"][row, : len(room.objects)] >= 0).all()
        assert (first["kind"][row, len(room.objects) :] == -1).all()


@dataclass
class Question:
    question: str
    objects: tuple[int, ...]
    turns: tuple = ()
    extra_boxes: dict = field(default_factory=dict)


def test_only_questions_that_name_their_objects_are_texts() -> None:
    assert as_text(Question("Where is the red cup?", (3,))) == ("Where is the red cup?", [3])
    assert as_text(Question("How many cups?", ())) is None
    assert as_text(Question("What is this? <obj:3>", (3,))) is None
    assert as_text(Question("Is it on?", (3,), turns=(("A lamp?", "Yes."),))) is None
    region = {10_000: None}
    assert as_text(Question("Under the sofa?", (10_000,), extra_boxes=region)) is None
    assert as_text(Question("Under the sofa?", (2, 10_000), extra_boxes=region))[1] == [2]


def test_pixel_shares_count_pixels() -> None:
    instance = torch.tensor([[[[0, 1, 1], [-1, 3, 0]]]], dtype=torch.int16)
    assert pixel_shares(instance, 3)[0, 0].tolist() == pytest.approx([2 / 6, 0, 1 / 6])


def test_visible_tokens_equal_visible() -> None:
    scene, _ = room_to_scene(make_room(3, "val"), views=4, keep_views=4, points=600)
    expected = np.stack([visible(view, scene.points) for view in scene.views])
    found = visible_tokens(
        torch.from_numpy(scene.points)[None].double(),
        torch.from_numpy(np.stack([v.depth for v in scene.views]))[None],
        torch.from_numpy(np.stack([v.K for v in scene.views]))[None],
        torch.from_numpy(np.stack([v.T_scene_camera for v in scene.views]))[None],
    )
    assert 0.05 < expected.mean() < 0.95
    assert (found[0].numpy() == expected).mean() > 0.999


def test_training_writes_a_trained_model_and_resumes(model_folder, tmp_path, capsys) -> None:
    config = ClipTrainingConfig(str(model_folder), str(tmp_path / "whole"), **SIZES)
    report = train(config)
    assert report.questions > 0
    found = SceneClip.from_pretrained(model_folder)
    assert found.config.trained
    assert json.loads((tmp_path / "whole" / "retrieval.json").read_text())["weights"]

    class KilledError(Exception):
        pass

    def die_after_two(step: int, of: ClipTrainingConfig) -> float:
        if step == 3:
            raise KilledError
        return rate_factor(step, of)

    broken = replace(config, output=str(tmp_path / "broken"))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KilledError):
        patch.setattr("r1_training.clip.train.rate_factor", die_after_two)
        train(broken)
    assert (tmp_path / "broken" / CHECKPOINT).is_file()
    resumed = train(broken)
    assert resumed.weights == pytest.approx(report.weights, abs=1e-6)
    again = SceneClip.from_pretrained(tmp_path / "broken")
    for name, value in found.state_dict().items():
        assert torch.allclose(value, again.state_dict()[name], atol=1e-2), name


def test_wrong_settings_are_named(tmp_path) -> None:
    path = tmp_path / "run.yaml"
    for text, match in (
        ("model: a\noutput: b\nstep: 3", "step"),
        ("model: a", "output"),
        ("model: a\noutput: b\nrooms: 0", "rooms"),
        ("[", "cannot read"),
    ):
        path.write_text(text)
        with pytest.raises(TrainingConfigError, match=match):
            ClipTrainingConfig.load(path)
    path.write_text("model: a\noutput: b\nsteps: 9")
    assert ClipTrainingConfig.load(path, steps=4, model=None).steps == 4


def test_the_shipped_configuration_is_valid() -> None:
    shipped = Path(__file__).resolve().parents[3] / "config" / "training" / "clip.yaml"
    assert ClipTrainingConfig.load(shipped).steps > 0
