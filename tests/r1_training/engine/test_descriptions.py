from __future__ import annotations

import json
from pathlib import Path

import pytest

from r1_training.datasets.annotation_sample import Sample
from r1_training.engine.descriptions import (
    MAX_CAPTIONS,
    MAX_OBJECTS,
    descriptions_from_annotations,
    first_of,
    read_scene_captions,
)
from r1_training.engine.errors import InputFileError


def sample(task: str, text: str, object_id: int = 0) -> Sample:
    return Sample(
        dataset="scanrefer",
        split="train",
        scene_id="scene0000_00",
        id="0",
        task=task,
        question="?",
        answers=(text,) if text else (),
        object_ids=(object_id,) if task == "object_caption" else (),
        object_names=("chair",) if task == "object_caption" else (),
    )


def test_captions_then_one_line_an_object() -> None:
    samples = [
        sample("object_caption", "a brown chair", 1),
        sample("object_caption", "the same chair again", 1),
        sample("object_caption", "a blue chair", 2),
        sample("qa", "A room with two chairs."),
        sample("qa", ""),
    ]
    assert descriptions_from_annotations(samples) == {
        "scene0000_00": "A room with two chairs.\n- chair: a brown chair\n- chair: a blue chair"
    }


def test_long_descriptions_are_bounded() -> None:
    samples = [sample("object_caption", f"chair {n}", n) for n in range(100)]
    samples += [sample("qa", f"caption {n}") for n in range(100)]
    text = descriptions_from_annotations(samples)["scene0000_00"]
    assert len(text.splitlines()) == MAX_CAPTIONS + MAX_OBJECTS


def test_scene_caption_file(tmp_path: Path) -> None:
    path = tmp_path / "scene_caption.json"
    path.write_text(json.dumps({"scene0000_00": {"captions": [" a room ", "房間", ""]}}))
    assert read_scene_captions(path) == {"scene0000_00": "a room\n房間"}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"s": 1}', b'{"s": {"captions": "a"}}', b'{"s": {"captions": [1]}}', b"\xff",
     b'{"s": {"captions": ["a"', b'{"s": {}}'],
)  # fmt: skip
def test_broken_caption_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scene_caption.json"
    path.write_bytes(content)
    with pytest.raises(InputFileError, match="scene_caption"):
        read_scene_captions(path)


def test_missing_and_unreadable_caption_files(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.json", tmp_path):
        with pytest.raises(InputFileError):
            read_scene_captions(path)


def test_the_first_table_that_knows_wins() -> None:
    describe = first_of([{"a": "1"}, {"a": "2", "b": "3"}])
    assert [describe(scene) for scene in "abc"] == ["1", "3", ""]
