"""Cap3D from captions and renderings, with a small CLIP that the test makes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.metrics.errors import (
    EvaluationInputError,
    GroundTruthError,
    MissingPredictionsError,
)
from r1_training.metrics.evaluate import evaluate
from r1_training.metrics.inputs import EvaluationInputs
from r1_training.metrics.measures.clip_embeddings import find_renders, load_clip
from r1_training.metrics.protocols.cap3d import cap3d_scores
from tests.r1_training import annotation_fixture as fixture

NAME = "r1-test-clip"
COLORS = {"uid-red": (250, 10, 10), "uid-green": (10, 250, 10), "uid-blue": (10, 10, 250)}
CAPTIONS = {
    "uid-red": "a red ball",
    "uid-green": "a green box with a lid " * 30,  # longer than 77 tokens
    "uid-blue": "藍色的杯子",
}
CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {
        "context_length": 77,
        "vocab_size": 49408,
        "width": 32,
        "heads": 2,
        "layers": 1,
    },
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A small random CLIP in open_clip's own format."""
    folder = tmp_path_factory.mktemp("clip")
    (folder / f"{NAME}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / f"{NAME}.json")
    torch.manual_seed(0)
    model = open_clip.create_model(NAME)
    path = folder / "clip.safetensors"
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)
    return path


def write_renders(folder: Path, views: int = 2) -> Path:
    for uid, color in COLORS.items():
        (folder / uid).mkdir(parents=True)
        for view in range(views):
            image = Image.new("RGB", (40, 40 + view), color)
            image.save(folder / uid / f"{view}.png")
    return folder


def test_captions_are_scored_as_clip_embeds_them(tmp_path: Path, weights: Path) -> None:
    renders = write_renders(tmp_path / "renders")
    path = fixture.write_json(tmp_path / "captions.json", CAPTIONS)
    inputs = EvaluationInputs(
        "cap3d", path, renders=renders, clip_model=NAME, clip_weights=str(weights)
    )
    seen: list[tuple[int, int]] = []
    report = evaluate(inputs, lambda done, total: seen.append((done, total)))
    assert seen == [(6, 6)]
    # The same with open_clip alone, one text and one image at a time.
    model, preprocess = open_clip.create_model_from_pretrained(NAME, pretrained=str(weights))
    tokenize = open_clip.get_tokenizer(NAME)
    with torch.no_grad():
        texts = [model.encode_text(tokenize([CAPTIONS[uid]]))[0] for uid in sorted(COLORS)]
        images = [
            [
                model.encode_image(preprocess(Image.open(renders / uid / f"{n}.png"))[None])[0]
                for n in range(2)
            ]
            for uid in sorted(COLORS)
        ]
    expected = cap3d_scores(
        np.array([[v.numpy() for v in views] for views in images]),
        np.array([text.numpy() for text in texts]),
    )
    assert report.scores["overall"] == pytest.approx(expected, abs=1e-4)
    assert report.notes == {
        "CLIP": f"{NAME} clip.safetensors",
        "renderings of an object": "2",
    }


def test_missing_captions(tmp_path: Path, weights: Path) -> None:
    some = {uid: text for uid, text in CAPTIONS.items() if uid != "uid-red"} | {"other": "x"}
    path = fixture.write_json(tmp_path / "captions.json", some)
    files = {
        "renders": write_renders(tmp_path / "renders"),
        "clip_model": NAME,
        "clip_weights": str(weights),
    }
    with pytest.raises(MissingPredictionsError, match="1 of 3 objects .* uid-red"):
        evaluate(EvaluationInputs("cap3d", path, **files))
    report = evaluate(EvaluationInputs("cap3d", path, on_missing="empty", **files))
    assert (report.samples, report.missing, report.unused) == (3, 1, 1)


def test_renderings_that_do_not_fit(tmp_path: Path, weights: Path) -> None:
    with pytest.raises(GroundTruthError, match="holds no folder"):
        find_renders(tmp_path / "nowhere")
    renders = write_renders(tmp_path / "renders")
    (renders / "uid-red" / "1.png").unlink()
    with pytest.raises(GroundTruthError, match="uid-red 1, uid-(blue|green) 2"):
        find_renders(renders)
    for uid in COLORS:
        (renders / uid / "1.png").write_bytes(b"no image")
    path = fixture.write_json(tmp_path / "captions.json", CAPTIONS)
    inputs = EvaluationInputs(
        "cap3d", path, renders=renders, clip_model=NAME, clip_weights=str(weights)
    )
    with pytest.raises(GroundTruthError, match="1.png is no image"):
        evaluate(inputs)


def test_clips_that_cannot_be_loaded(tmp_path: Path, weights: Path) -> None:
    pickle, broken = tmp_path / "clip.pt", tmp_path / "clip.safetensors"
    for path in (pickle, broken):
        path.write_bytes(b"x")
    for name, file, message in (
        ("no-such-clip", str(weights), "has no model 'no-such-clip'"),
        (NAME, str(pickle), "neither a tag"),
        (NAME, "openai", "neither a tag"),
        (NAME, str(broken), "CLIP r1-test-clip"),
    ):
        with pytest.raises(EvaluationInputError, match=message):
            load_clip(name, file)


def test_the_command_asks_for_renderings(tmp_path: Path) -> None:
    path = fixture.write_json(tmp_path / "captions.json", CAPTIONS)
    result = CliRunner().invoke(app, ["evaluate", str(path), "--dataset", "cap3d"])
    assert result.exit_code == 2
    assert "cap3d needs --renders" in result.output
