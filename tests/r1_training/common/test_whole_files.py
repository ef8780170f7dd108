from __future__ import annotations

import pytest

from r1_training.common.whole_files import written_whole


def test_a_file_takes_the_place_when_it_is_whole(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with written_whole(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_a_folder_takes_the_place_of_another(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "gone").touch()
    (tmp_path / "model.part").mkdir()
    (tmp_path / "model.part" / "of a run that was killed").touch()
    with written_whole(path) as part:
        part.mkdir()
        (part / "weights").touch()
    assert [file.name for file in path.iterdir()] == ["weights"]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(OSError, match="full"), written_whole(path) as part:
        part.write_text("half")
        raise OSError("the disk is full")
    assert path.read_text() == "old"
