"""Files that are cut, empty or something else: named, never a bare traceback."""

import io

import numpy as np
import pytest
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scannet.class_labels import read_labels
from r1_training.datasets.scannet.prepared import read_prepared_boxes, read_prepared_classes
from r1_training.metrics.errors import GroundTruthError, PredictionError
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.cap3d import cap3d_scores, read_embeddings
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
        saved(np.save, np.where(BOXES == 4, -0.1, BOXES)),  # a size
        saved(np.save, np.where(BOXES == 1, 1e300, BOXES)),
        saved(np.save, np.where(BOXES == 15, 7, BOXES)),  # an object id twice
        saved(np.save, np.where(BOXES == 7, 6.5, BOXES)),
        saved(np.save, np.where(BOXES == 6, 6.5, BOXES)),  # a class
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
        saved(np.savez, pictures=np.eye(3), texts=np.eye(3)),
    ],
)
def test_broken_embeddings_are_named(tmp_path, content):
    path = tmp_path / "clip.npz"
    path.write_bytes(content)
    with pytest.raises(PredictionError, match=r"clip\.npz"):
        read_embeddings(path)
    result = CliRunner().invoke(app, ["evaluate", str(path), "--dataset", "cap3d"])
    assert result.exit_code == 2 and "error:" in result.output


@pytest.mark.parametrize(
    ("images", "texts", "message"),
    [
        (np.float64(1), np.float64(1), r"shapes \(\) and \(\)"),
        (np.eye(3), np.float64(1), "shapes"),
        (np.zeros((3, 0, 4)), np.zeros((3, 4)), "shapes"),
        (np.full((3, 3), np.inf), np.full((3, 3), np.inf), "`images` holds .* not finite"),
        (np.eye(3), np.where(np.eye(3), np.nan, 0), "`texts` holds .* not finite"),
        (np.eye(3), np.zeros((3, 3)), "no length"),
    ],
)
def test_embeddings_that_cannot_be_compared_are_named(tmp_path, images, texts, message):
    with pytest.raises(GroundTruthError, match=message):
        cap3d_scores(images, texts)
    np.savez(tmp_path / "clip.npz", images=images, texts=texts)
    result = CliRunner().invoke(app, ["evaluate", str(tmp_path / "clip.npz"), "--dataset", "cap3d"])
    assert result.exit_code == 2 and "error:" in result.output and "Traceback" not in result.output


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e-310])
def test_embeddings_of_any_length_are_compared(scale):
    rng = np.random.default_rng(3)
    images, texts = rng.normal(size=(5, 2, 4)), rng.normal(size=(5, 4))
    expected = cap3d_scores(images, texts)
    assert cap3d_scores(images * scale, texts) == pytest.approx(expected, rel=1e-3)
    assert cap3d_scores(images, texts * scale) == pytest.approx(expected, rel=1e-3)


def test_label_tables_without_a_row_are_named(tmp_path):
    path = tmp_path / "labels.tsv"
    path.write_text("raw_category\tnyu40id\tnyu40class\n")
    with pytest.raises(FileFormatError, match="its header alone"):
        read_labels(path)
    path.write_text("raw_category\tnyu40id\tnyu40class\nwall\t" + "1" * 5000 + "\twall\n")
    with pytest.raises(FileFormatError, match=r"labels\.tsv:2: `nyu40id` is '111"):
        read_labels(path)


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
