import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.synthetic.camera.rgbd_writer import FolderExistsError, write_rgbd_folder
from r1_training.synthetic.rooms.room import make_room


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("rgbd") / "room"
    room = make_room(2, "test", "kitchen")
    assert list(write_rgbd_folder(room, path, frames=6, width=160, height=120)) == [4, 6]
    return path


def test_images_have_the_format_of_the_kitchen(folder):
    for k in range(6):
        color = cv2.imread(str(folder / "color" / f"{k:06d}.jpg"), cv2.IMREAD_UNCHANGED)
        depth = cv2.imread(str(folder / "depth" / f"{k:06d}.png"), cv2.IMREAD_UNCHANGED)
        assert color.shape == (120, 160, 3) and color.dtype == np.uint8
        assert depth.shape == (120, 160) and depth.dtype == np.uint16
        assert 200 < np.median(depth[depth > 0]) < 9000


def test_camera_and_trajectory(folder):
    camera = json.loads((folder / "camera.json").read_text())
    keys = ["width", "height", "fx", "fy", "cx", "cy", "depth_scale_m", "depth_invalid", "rate_hz"]
    assert list(camera) == keys and camera["depth_scale_m"] == 0.001
    rows = np.loadtxt(folder / "trajectory.txt")
    assert rows.shape == (6, 9)
    assert np.allclose(np.linalg.norm(rows[:, 4:8], axis=1), 1.0, atol=1e-4)
    assert np.allclose(np.diff(rows[:, 0]), 1 / camera["rate_hz"])
    assert (rows[:, 3] > 0.5).all()


def test_objects_and_questions_refer_to_each_other(folder):
    objects = json.loads((folder / "objects.json").read_text())
    ids = {item["id"] for item in objects["objects"]}
    assert objects["frame"] == "map" and len(ids) == len(objects["objects"]) > 3
    assert all(len(item["center"]) == len(item["size"]) == 3 for item in objects["objects"])
    questions = json.loads((folder / "questions.json").read_text())
    assert {"qa", "grounding", "dense_captioning"} <= {q["task"] for q in questions}
    assert all(set(q["objects"]) <= ids for q in questions)


def test_a_full_folder_is_left_alone(folder):
    before = sorted(folder.rglob("*"))
    with pytest.raises(FolderExistsError, match="room"):
        list(write_rgbd_folder(make_room(0), folder))
    assert sorted(folder.rglob("*")) == before


def test_the_command(tmp_path):
    out = tmp_path / "room"
    arguments = [str(out), "--seed", "5", "--frames", "2", "--width", "64", "--height", "48"]
    result = CliRunner().invoke(app, ["synthesize-room", *arguments])
    assert result.exit_code == 0, result.output
    assert len(list((out / "color").iterdir())) == 2
    assert CliRunner().invoke(app, ["synthesize-room", *arguments]).exit_code == 2
    bad = CliRunner().invoke(app, ["synthesize-room", str(tmp_path / "x"), "--room-type", "garage"])
    assert bad.exit_code == 2 and not (tmp_path / "x").exists()
