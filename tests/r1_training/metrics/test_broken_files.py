"""Files that are cut, empty or something else: named, never a bare traceback."""

import io

import numpy as np
import pytest
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scannet.class_labels import read_labels
from r1_training.datasets.scannet.prepared import read_prepared_boxes, read_prepared_classes
from r1_training.metrics.errors import PredictionError
from r1_training.metrics.predictions import Prediction
from r1_training.metrics.protocols.cap3d import read_embeddings
from r1_training.metrics.protocols.scan2cap import match_captions
from r1_training.metrics.report import EvaluationReport


def saved(save, *arrays, **named) -> bytes:
    file = io.BytesIO()
    save(file, *arrays, **named)
    return file.getvalue()


BOXES = np.arange(16.0).reshape(2, 8)
NPY, NPZ = saved(np.save, BOXES), saved(np.savez, images=np.eye(3), texts=np.eye(3))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        NPY[:20],
        NPY[:-9],
        NPZ,
        NPZ[:300],
        saved(np.save, np.where(BOXES == 7, np.nan, BOXES)),
        saved(np.save, BOXES.astype(str)),
    ],
)
def test_broken_boxes_are_named(tmp_path, content):
    path = tmp_path / "scene0011_00_aligned_bbox.npy"
    path.write_bytes(content)
    for read in (read_prepared_boxes, read_prepared_classes):
        with pytest.raises(FileFormatError, match=r"scene0011_00_aligned_bbox\.npy: "):
            read(tmp_path, "scene0011_00")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        NPY,
        NPZ[:300],
        saved(np.savez, images=np.eye(3)),
        saved(np.savez, images=np.eye(3).astype(str), texts=np.eye(3)),
    ],
)
def test_broken_embeddings_are_named(tmp_path, content):
    path = tmp_path / "clip.npz"
    path.write_bytes(content)
    with pytest.raises(PredictionError, match=r"clip\.npz"):
        read_embeddings(path)
    result = CliRunner().invoke(app, ["evaluate", str(path), "--dataset", "cap3d"])
    assert result.exit_code == 2 and "error:" in result.output


def test_label_tables_in_another_encoding_are_named(tmp_path):
    path = tmp_path / "labels.tsv"
    path.write_bytes("raw_category\tnyu40id\tnyu40class\ncafé\t1\twall\n".encode("latin-1"))
    with pytest.raises(FileFormatError, match=r"labels\.tsv: not UTF-8"):
        read_labels(path)


def test_boxes_without_captions_are_named():
    prediction = Prediction("scene0011_00", boxes=BOXES[:, :6])
    with pytest.raises(PredictionError, match="scene0011_00: 2 boxes, but 0 `captions`"):
        match_captions(prediction, {0: BOXES[0, :6]}, 0.25)


def test_a_table_is_printed_whole_in_a_pipe(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    scores = {"overall": {f"a long metric {n}": 12.34 + n for n in range(12)}}
    EvaluationReport("scanqa", "val", "model", scores, 7).print()
    shown = capsys.readouterr().out
    assert all(f"{12.34 + n:.2f}" in shown and f"a long metric {n} " in shown for n in range(12))
    assert "…" not in shown
