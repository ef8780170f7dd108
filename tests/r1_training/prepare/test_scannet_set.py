import json
import signal
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scannet.prepared import PREPARED, read_prepared
from r1_training.datasets.scannet.sens import read_frames, read_sens
from r1_training.prepare.cli import app
from r1_training.prepare.frames import even_views
from r1_training.prepare.scannet_set import (
    PrepareError,
    check_prepared,
    find_scans,
    prepare_scannet,
)
from tests.r1_training.scannet_fixture import ALIGNMENT, write_labels, write_scan, write_sens

SCANS = ("scene0000_00", "scene0011_00")


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "scannet"
    for scene in SCANS:
        write_scan(root / "scans", scene)
    write_scan(root / "scans_test", "scene0707_00", annotated=False)
    write_labels(root / "scannetv2-labels.combined.tsv")
    return root


def prepare(root, out, frames=0):
    """In this process' children; what was done again is recorded."""
    resumed = {}
    records = prepare_scannet(
        find_scans(root),
        out,
        root / "scannetv2-labels.combined.tsv",
        workers=1,
        frames=frames,
        on_record=lambda record, earlier: resumed.update({record.scene_id: earlier}),
    )
    return records, resumed


def test_scans_are_prepared_checked_and_not_done_twice(root, tmp_path):
    out = tmp_path / "out"
    records, resumed = prepare(root, out)
    assert [record.scene_id for record in records] == [*SCANS, "scene0707_00"]
    assert [record.split for record in records] == ["train", "val", "test"]
    assert not any(resumed.values()) and not any(record.problem for record in records)
    scene, boxes = read_prepared(out, SCANS[0])
    assert len(scene.points) == 24 and sorted(boxes) == [0, 2]
    assert len(list(out.glob("*.npy"))) == 3 * len(PREPARED)
    manifest = json.loads((out / "manifest.json").read_text())
    assert set(manifest["scans"]) == {*SCANS, "scene0707_00"} and manifest["problems"] == {}
    assert check_prepared(out) == []

    again, resumed = prepare(root, out)
    assert again == records and all(resumed.values())

    # A damaged result, a changed source: both are done again, the third scan is not.
    np.save(out / f"{SCANS[0]}_bbox.npy", np.zeros((1, 8)))
    assert check_prepared(out) == [f"{SCANS[0]}_bbox.npy has changed since it was prepared"]
    text = root / "scans" / SCANS[1] / f"{SCANS[1]}.txt"
    text.write_text(text.read_text() + "note = 1\n")
    _, resumed = prepare(root, out)
    assert resumed == {SCANS[0]: False, SCANS[1]: False, "scene0707_00": True}
    assert check_prepared(out) == []


def test_frames_are_spread_and_aligned(root, tmp_path):
    out = tmp_path / "out"
    for scene in SCANS:
        path = root / "scans" / scene / f"{scene}.sens"
        write_sens(path, frames=10, lost=(3,))
    records, _ = prepare(root, out, frames=3)
    assert [record.frames for record in records] == [3, 3, 0]
    # The test scan has no frames, and says so.
    assert "has no frames" in records[2].problem
    views = list(read_frames(out / "frames" / SCANS[0]))
    assert [view.id for view in views] == [0, 5, 9]  # of nine, 3 lost tracking
    expected = list(read_sens(path, ALIGNMENT, chosen=(0, 5, 9)))
    for view, other in zip(views, expected, strict=True):
        np.testing.assert_allclose(view.T_scene_camera, other.T_scene_camera, atol=1e-6)
        np.testing.assert_array_equal(view.depth, other.depth)
        assert np.abs(view.color.astype(int) - other.color).mean() < 4
    _, resumed = prepare(root, out, frames=3)
    assert resumed == {SCANS[0]: True, SCANS[1]: True, "scene0707_00": False}
    # Asking for another number of frames does the scans again.
    _, resumed = prepare(root, out, frames=2)
    assert not any(resumed.values())
    assert [view.id for view in read_frames(out / "frames" / SCANS[0])] == [0, 9]
    # What an earlier version chose otherwise is done again.
    record = out / "records" / f"{SCANS[0]}.json"
    old = json.loads(record.read_text())
    del old["frame_choice"]
    record.write_text(json.dumps(old))
    _, resumed = prepare(root, out, frames=2)
    assert (resumed[SCANS[0]], resumed[SCANS[1]]) == (False, True)


@pytest.mark.parametrize(("total", "wanted"), [(47, 24), (48, 24), (100, 7), (24, 24), (5, 1)])
def test_frames_reach_to_the_end_of_the_recording(tmp_path, total, wanted):
    scan = tmp_path / SCANS[0]
    scan.mkdir()
    write_sens(scan / f"{SCANS[0]}.sens", frames=total, lost=())
    found = [view.id for view in even_views(scan, wanted, np.eye(4))]
    assert len(found) == wanted and found[0] == 0
    assert wanted == 1 or found[-1] == total - 1
    gaps = np.diff(found)
    assert wanted == 1 or gaps.max() - gaps.min() <= 1


def test_too_few_frames_are_said(root, tmp_path):
    for scene in SCANS:
        write_sens(root / "scans" / scene / f"{scene}.sens", frames=5, lost=(0, 3))
    out = tmp_path / "out"
    arguments = ["scannet", str(root), "--out", str(out), "--workers", "1", "--frames", "4"]
    flat = " ".join(CliRunner().invoke(app, arguments).output.split())
    assert f"short: {SCANS[0]}: only 3 of 4 frames have a pose" in flat
    scans = json.loads((out / "manifest.json").read_text())["scans"]
    assert scans[SCANS[0]]["shortage"] == "only 3 of 4 frames have a pose"
    assert [view.id for view in read_frames(out / "frames" / SCANS[0])] == [1, 2, 4]


def test_a_recording_that_is_cut_off_behind_the_last_choice_is_a_problem(tmp_path):
    scan = tmp_path / SCANS[0]
    scan.mkdir()
    path = write_sens(scan / f"{SCANS[0]}.sens", frames=6, lost=(5,))
    data = path.read_bytes()
    path.write_bytes(data[:-20])  # 8 bytes of the end, and some of the lost frame
    with pytest.raises(FileFormatError, match="ends in frame 5"):
        list(even_views(scan, 1, np.eye(4)))


def test_the_prepared_set_lies_beside_the_raw_one_by_default(root, monkeypatch):
    monkeypatch.chdir(root)
    result = CliRunner().invoke(app, ["scannet", ".", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert (root.parent / "scannet-prepared" / "manifest.json").is_file()
    assert "ROOT-prepared" in " ".join(
        CliRunner().invoke(app, ["scannet", "--help"]).output.split()
    )


def test_problems_are_listed_and_the_status_says_so(root, tmp_path):
    (root / "scans" / SCANS[1] / f"{SCANS[1]}.aggregation.json").unlink()
    write_scan(root / "scans", "scene0950_00")
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["scannet", str(root), "--out", str(out), "--workers", "1"])
    assert result.exit_code == 1
    flat = " ".join(result.output.split())
    assert "problem: scene0011_00:" in flat and "aggregation.json: cannot be opened" in flat
    assert "scene0950_00: ScanNet has no scene" in flat
    manifest = json.loads((out / "manifest.json").read_text())
    assert set(manifest["problems"]) == {SCANS[1], "scene0950_00"}
    assert set(manifest["scans"]) == {SCANS[0], "scene0707_00"}
    checked = CliRunner().invoke(app, ["scannet", str(root), "--out", str(out), "--check"])
    assert checked.exit_code == 1 and "scene0950_00" in checked.output


def test_it_says_why_it_cannot_start(root, tmp_path):
    with pytest.raises(PrepareError, match="holds no folders scene"):
        find_scans(tmp_path / "nowhere")
    write_scan(root, SCANS[0])
    with pytest.raises(PrepareError, match="scene0000_00 is there twice"):
        find_scans(root)
    result = CliRunner().invoke(app, ["scannet", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and "error:" in result.output


def test_a_killed_run_continues(tmp_path):
    root, out = tmp_path / "scannet", tmp_path / "out"
    scenes = [f"scene{n:04d}_00" for n in range(60)]
    for scene in scenes:
        write_scan(root, scene)
    labels = write_labels(root / "scannetv2-labels.combined.tsv")
    code = (
        "import os, signal, threading, time\n"
        "from pathlib import Path; from r1_training.prepare.scannet_set import *\n"
        "def kill_in_the_middle():\n"
        f"    while len(list(Path({str(out / 'records')!r}).glob('*.json'))) < 3:\n"
        "        time.sleep(0.005)\n"
        "    os.killpg(0, signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        "    threading.Thread(target=kill_in_the_middle, daemon=True).start()\n"
        f"    prepare_scannet(find_scans(Path({str(root)!r})), Path({str(out)!r}),"
        f" Path({str(labels)!r}), workers=1)\n"
    )
    script = tmp_path / "run.py"
    script.write_text(code)
    process = subprocess.Popen([sys.executable, str(script)], start_new_session=True)
    assert process.wait(60) == -signal.SIGKILL
    before = len(list((out / "records").glob("*.json")))
    assert 3 <= before < len(scenes) and not (out / "manifest.json").exists()

    records, resumed = prepare(root, out)
    assert sum(resumed.values()) == before
    assert [record.scene_id for record in records] == scenes and check_prepared(out) == []
    assert not list(out.glob("*.part"))
