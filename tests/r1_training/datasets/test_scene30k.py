"""Scene-30K of our engine: ids that are one question's, splits of synthetic rooms, real turns."""

import pytest

from r1_model.text.answer import Turn
from r1_training.datasets.errors import BadRowError
from r1_training.datasets.rows import RowReport
from r1_training.datasets.scannet.splits import may_train_on, official_split
from r1_training.datasets.scene30k import read_scene30k
from tests.r1_training import annotation_fixture as fixture


def write(folder, *changes):
    rows = [fixture.scene30k_row("scene0000_00") | change for change in changes]
    return fixture.write_jsonl(folder / "Scene-30K.jsonl", rows)


def test_sources_that_repeat_ids_are_told_apart(tmp_path):
    """Rooms count their questions from 0; 3D-LLM's files number their rows each for itself."""
    rows = [
        {"question_id": "scene0000_00-3", "item": f"3dllm_{kind}/scene0000_00/scene0000_00-3"}
        for kind in ("dialogue", "planning")
    ]
    rows += [
        {"question_id": "3", "item": f"synthetic/{room}/3", "scene_id": room}
        for room in ("synthetic_train_000030", "synthetic_train_000031")
    ]
    rows += [{"question_id": "q7"}, {}]
    ids = [sample.id for sample in read_scene30k(write(tmp_path, *rows), "train")]
    assert ids == [*(row["item"] for row in rows[:4]), "q7", "scene0000_00-5"]


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_synthetic_room_is_of_the_split_that_its_id_names(tmp_path, split):
    rooms = [f"synthetic_{name}_000004" for name in ("train", "val", "test")]
    path = write(tmp_path, *({"scene_id": room} for room in rooms))
    report = RowReport()
    (sample,) = read_scene30k(path, split, report=report)
    assert sample.scene_id == f"synthetic_{split}_000004" and report.other_split == 2
    assert official_split(sample.scene_id) == split
    assert may_train_on(sample.scene_id) == (split == "train")


def test_scenes_that_nobody_has_split_are_for_training_alone(tmp_path):
    path = write(tmp_path, {"scene_id": "room_7"}, {"scene_id": "my_synthetic_test_000004"})
    counts = {split: len(list(read_scene30k(path, split))) for split in ("train", "val", "test")}
    assert counts == {"train": 2, "val": 0, "test": 0}


def test_a_dialogue_has_real_turns(tmp_path):
    prompt = "### human: Hi. ### assistant: Hello. ### human: A chair? ### assistant:"
    path = write(tmp_path, {"question": prompt, "task": "dialogue"})
    (sample,) = read_scene30k(path, "train")
    assert sample.turns == (Turn("Hi.", "Hello."),) and sample.question == "A chair?"
    assert sample.details["prompt"] == prompt
    broken = write(tmp_path, {"question": "### human: Hi. ### human: Ho. ### assistant:"})
    with pytest.raises(BadRowError, match=r"Scene-30K\.jsonl:1: human and assistant must"):
        list(read_scene30k(broken, "train"))
