from __future__ import annotations

import json
import time

import numpy as np
import pytest
import torch

from r1_model.errors import ModelLoadError
from r1_model.network.scene_encoder import SceneFeatures
from r1_model.views.scene_clip import CONFIG_FILE, WEIGHTS_FILE, SceneClip, SceneClipConfig
from r1_model.views.scores import PlacedTokens, SceneClipScorer, placed_tokens
from r1_model.views.selection import select_views
from r1_model.views.visibility import visible
from tests.r1_model.small import byte_tokenizer, random_scene, seeded

TOKENIZER = byte_tokenizer()
SMALL = {"scene_width": 24, "embed_dim": 16, "image_size": 32, "width": 32, "layers": 2}


@pytest.fixture(scope="module")
def clip() -> SceneClip:
    config = SceneClipConfig.for_tokenizer(TOKENIZER, **SMALL, context_length=16)
    return seeded(lambda: SceneClip(config)).eval()


def test_default_size_is_small() -> None:
    model = SceneClip(SceneClipConfig.for_tokenizer(TOKENIZER))
    assert sum(p.numel() for p in model.parameters()) < 2_000_000


def test_texts_are_cut_closed_and_padded(clip: SceneClip) -> None:
    end, pad = TOKENIZER.eos_token_id, TOKENIZER.pad_token_id
    ids = clip.tokenize(TOKENIZER, ["ab", "", "x" * 100, "a<|im_end|>b"])
    assert ids.shape == (4, 16)
    assert ids[0, 2:].tolist() == [end] + [pad] * 13
    assert ids[1].tolist() == [end] + [pad] * 15
    assert ids[2, 15] == end and end not in ids[2, :15]
    assert torch.equal(ids[3], ids[0])  # a user's end token does not end the text


def test_a_megabyte_costs_no_more_than_a_page(clip: SceneClip) -> None:
    start = time.perf_counter()
    clip.tokenize(TOKENIZER, ["word " * 200_000])
    assert time.perf_counter() - start < 1.0


def test_padding_does_not_change_a_text(clip: SceneClip) -> None:
    ids = clip.tokenize(TOKENIZER, ["ab"])
    other = ids.clone()
    other[0, 5:] = 7
    with torch.inference_mode():
        assert torch.allclose(clip.encode_text(ids), clip.encode_text(other))


def test_embeddings_have_length_one(clip: SceneClip) -> None:
    images = torch.randint(0, 256, (3, 40, 60, 3), dtype=torch.uint8)
    seen = torch.ones(3, 5, dtype=torch.bool)
    with torch.inference_mode():
        for found in (
            clip.encode_images(images),
            clip.encode_text(clip.tokenize(TOKENIZER, ["a", "b", "c"])),
            clip.encode_points(torch.randn(5, 24), seen),
        ):
            assert found.shape == (3, 16)
            assert torch.allclose(found.norm(dim=-1), torch.ones(3), atol=1e-5)


def test_images_are_shrunk_whole(clip: SceneClip) -> None:
    """The image's right edge counts: nothing is cropped."""
    image = torch.zeros(1, 48, 96, 3, dtype=torch.uint8)
    image[:, :, :9] = 255
    prepared = clip.prepare(image)
    assert prepared.shape == (1, 3, 32, 32)
    bright = prepared[0, 0].mean(0)
    assert bright[0] > bright[5] and torch.isclose(bright[-1], bright[10])
    mirrored = clip.prepare(image.flip(2))
    assert torch.allclose(mirrored.flip(3), prepared, atol=0.02)


def test_points_out_of_sight_do_not_count(clip: SceneClip) -> None:
    features = torch.randn(6, 24)
    seen = torch.tensor([[1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]], dtype=torch.bool)
    with torch.inference_mode():
        before = clip.encode_points(features, seen)
        changed = features.clone()
        changed[2:] = torch.randn(4, 24)
        assert torch.allclose(clip.encode_points(changed, seen), before, atol=1e-5)
        changed[0] = torch.randn(24)
        assert not torch.allclose(clip.encode_points(changed, seen)[0], before[0], atol=1e-3)
    assert (before[1] == 0).all()  # a view that sees nothing is like nothing


def test_similarities_are_the_papers(clip: SceneClip) -> None:
    text, images, points = (
        torch.nn.functional.normalize(torch.randn(count, 16), dim=-1) for count in (2, 4, 4)
    )
    found = clip.similarities(text, images, points)
    for q in range(2):
        for v in range(4):
            assert found[q, v, 0] == pytest.approx(float(text[q] @ points[v]), abs=1e-6)
            mean = np.mean([float(images[i] @ points[v]) for i in range(4)])
            assert found[q, v, 1] == pytest.approx(mean, abs=1e-6)
            assert found[q, v, 2] == pytest.approx(float(text[q] @ images[v]), abs=1e-6)


def test_saving_and_loading(clip: SceneClip, tmp_path) -> None:
    with torch.no_grad():
        clip.utility.w_t.fill_(0.271828)
    clip.save_pretrained(tmp_path)
    loaded = SceneClip.from_pretrained(tmp_path)
    assert loaded.config == clip.config and not loaded.training
    assert loaded.utility.w_t.item() == clip.utility.w_t.item()
    ids = clip.tokenize(TOKENIZER, ["a red chair"])
    with torch.inference_mode():
        cosine = (clip.encode_text(ids) * loaded.encode_text(ids)).sum()
    assert cosine > 0.999  # bf16


def test_damaged_folders_are_named(clip: SceneClip, tmp_path) -> None:
    with pytest.raises(ModelLoadError, match="no SceneClip in"):
        SceneClip.from_pretrained(tmp_path)
    clip.save_pretrained(tmp_path)
    weights = (tmp_path / WEIGHTS_FILE).read_bytes()
    (tmp_path / WEIGHTS_FILE).write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ModelLoadError, match="no SceneClip in"):
        SceneClip.from_pretrained(tmp_path)
    (tmp_path / WEIGHTS_FILE).write_bytes(weights)
    values = json.loads((tmp_path / CONFIG_FILE).read_text())
    (tmp_path / CONFIG_FILE).write_text(json.dumps(values | {"layers": 3}))
    with pytest.raises(ModelLoadError, match="Missing key"):
        SceneClip.from_pretrained(tmp_path)
    (tmp_path / CONFIG_FILE).write_text(json.dumps(values | {"colour": 3}))
    with pytest.raises(ModelLoadError, match="colour"):
        SceneClip.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"patch_size": 0}, "patch_size"),
        ({"width": "32"}, "width must be .* not '32'"),
        ({"layers": -1}, "layers"),
        ({"vocab_size": 10**12}, "vocab_size"),
        ({"scene_width": 8}, "size mismatch for point_head"),
        (None, "holds no object"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused_in_one_line(clip, tmp_path, change, reason) -> None:
    clip.save_pretrained(tmp_path)
    values = json.loads((tmp_path / CONFIG_FILE).read_text())
    changed = [1] if change is None else values | change
    (tmp_path / CONFIG_FILE).write_text(json.dumps(changed))
    with pytest.raises(ModelLoadError, match=reason) as error:
        SceneClip.from_pretrained(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [{"image_size": 33}, {"width": 40}, {"eos_token_id": 10_000}, {"pad_token_id": 3}],
)
def test_impossible_sizes_are_refused(wrong: dict) -> None:
    values = {"vocab_size": 100, "eos_token_id": 3, "pad_token_id": 0}
    with pytest.raises(ValueError, match=str(next(iter(wrong.values()))) + "|different"):
        SceneClipConfig(**(values | wrong))


def scene_tokens(scene) -> PlacedTokens:
    return PlacedTokens(scene.points[:40], seeded(lambda: torch.randn(40, 24)))


def test_scorer_gives_the_models_similarities(clip: SceneClip) -> None:
    scene = random_scene(views=3)
    calls = []

    def encode(of):
        calls.append(of)
        return scene_tokens(of)

    scorer = SceneClipScorer(clip, TOKENIZER, encode)
    found = scorer.similarities(scene, "where is the cup?")
    tokens = scene_tokens(scene)
    with torch.inference_mode():
        expected = clip.similarities(
            clip.encode_text(clip.tokenize(TOKENIZER, ["where is the cup?"])),
            clip.encode_images(torch.stack([torch.from_numpy(v.color) for v in scene.views])),
            clip.encode_points(
                tokens.features,
                torch.from_numpy(np.stack([visible(v, tokens.xyz) for v in scene.views])),
            ),
        )[0]
    assert np.allclose(found, expected.numpy(), atol=1e-5)
    scorer.similarities(scene, "and the table?")
    assert len(calls) == 1  # the scene is embedded once
    scorer.similarities(random_scene(views=2, seed=1), "?")
    assert len(calls) == 2
    weights = clip.utility.weights().tolist()
    assert scorer.utility(np.eye(3)) == pytest.approx(weights)


def test_scenes_and_questions_can_be_embedded_ahead(clip: SceneClip) -> None:
    scenes = [random_scene(views=3), random_scene(views=2, seed=1)]
    texts = ["where is the cup?", "and the table?"]
    alone = SceneClipScorer(clip, TOKENIZER, scene_tokens)
    expected = [alone.similarities(scene, text) for scene in scenes for text in texts]
    ahead = SceneClipScorer(clip, TOKENIZER, scene_tokens)
    ahead.see(scenes[0])
    ahead.look_at([scenes[0]], texts)
    ahead.see(scenes[1])
    ahead.see(scenes[0])  # is known
    ahead.look_at([scenes[1], scenes[0], scenes[1]], texts)
    found = [ahead.similarities(scene, text) for scene in scenes for text in texts]
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(found, expected, strict=True))
    ahead.clear()
    assert np.allclose(ahead.similarities(scenes[0], texts[0]), expected[0], atol=1e-5)


def test_random_weights_are_not_passed_off_as_scores(clip: SceneClip) -> None:
    scene = random_scene(views=3)
    scorer = SceneClipScorer(clip, TOKENIZER, scene_tokens)
    assert not scorer.trained
    assert all(
        np.isnan(s.utility) and np.isnan(s.clip) for s in select_views(scene, "?", 2, scorer)
    )


def test_trained_scores_reach_the_selection() -> None:
    config = SceneClipConfig.for_tokenizer(TOKENIZER, **SMALL, trained=True)
    scorer = SceneClipScorer(seeded(lambda: SceneClip(config)).eval(), TOKENIZER, scene_tokens)
    scene = random_scene(views=3)
    table = scorer.similarities(scene, "where is the cup?")
    for score in select_views(scene, "where is the cup?", 2, scorer):
        assert (score.text_3d, score.image_3d, score.clip) == pytest.approx(
            tuple(table[score.view_id])
        )
        assert score.utility == pytest.approx(scorer.utility(table)[score.view_id])


def test_tokens_lie_on_surfaces() -> None:
    points = torch.arange(30.0).view(1, 10, 3)
    features = SceneFeatures(
        foreground=torch.zeros(1, 10),
        votes=points + 100,
        seeds=points[:, :2] + 100,
        seed_points=torch.tensor([[7, 3]]),
        objects=torch.full((1, 2, 24), 1.0),
        context=torch.full((1, 4, 24), 2.0),
        context_xyz=points[:, :4],
    )
    placed = placed_tokens(points, features)
    assert placed.xyz.tolist() == points[0, [7, 3, 0, 1, 2, 3]].tolist()
    assert placed.features[:, 0].tolist() == [1, 1, 2, 2, 2, 2]
