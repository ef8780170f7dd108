"""Large maps in tiles: nothing is lost between tiles, nothing counts twice, a room is one tile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from r1_model.conversation import R1Processor
from r1_model.network import tiles as tiling
from r1_model.network.dense_decoder import Detections, select_objects
from r1_model.network.modeling import R1ForConditionalGeneration, R1Model
from r1_model.network.tiles import (
    EncodingStoppedError,
    Tiles,
    core_grid,
    cut,
    encode_tiles,
    needs_tiles,
)
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from tests.r1_model.small import random_scene, scene_tokenizer, seeded, small_config

extents = st.floats(0.5, 40.0)


@pytest.fixture(scope="module")
def model() -> R1Model:
    return seeded(lambda: R1Model(small_config(scene_tokenizer()))).eval()


def two_rooms(gap: float = 9.0) -> Scene:
    """The same room twice, `gap` metres apart."""
    room = random_scene(views=0)
    moved = room.points + np.array([gap, 0, 0], np.float32)
    return replace(
        room,
        points=np.concatenate((room.points, moved)),
        colors=np.concatenate((room.colors, room.colors)),
    )


@given(low=st.tuples(st.floats(-50, 50), st.floats(-50, 50)), width=extents, depth=extents)
def test_cores_cover_the_map_without_overlap(low, width: float, depth: float) -> None:
    low = np.array(low)
    high = low + (width, depth)
    cores = core_grid(low, high).astype(np.float64)
    sizes = cores[:, 1] - cores[:, 0]
    assert (sizes <= tiling.CORE_M + 1e-3).all() and (sizes > 0).all()
    assert sizes.prod(1).sum() == pytest.approx(width * depth, rel=1e-3)
    np.testing.assert_allclose(cores[:, 0].min(0), low, atol=1e-4)
    np.testing.assert_allclose(cores[:, 1].max(0), high, atol=1e-4)


@given(
    st.lists(st.tuples(st.floats(-3, 15), st.floats(-3, 9)), min_size=1, max_size=40, unique=True)
)
def test_a_place_belongs_to_one_tile(places) -> None:
    """Also where it lies outside of all cores, as the centre of what hangs on a wall may."""
    cores = torch.from_numpy(core_grid(np.zeros(2), np.array([12.0, 6.0])))
    xyz = torch.tensor([(x, y, 1.0) for x, y in places]).expand(len(cores), -1, 3)
    mine = tiling.owned(xyz, cores)
    assert (mine.sum(0) == 1).all()
    for place, owner in zip(places, mine.T.int().argmax(1).tolist(), strict=True):
        gaps = [_gap(place, core) for core in cores.double().numpy()]
        assert gaps[owner] == pytest.approx(min(gaps), abs=1e-5)


def _gap(place, core: np.ndarray) -> float:
    """Readable twin: how far a point is from a rectangle."""
    x, y = (
        max(low - value, value - high, 0.0)
        for value, low, high in zip(place, core[0], core[1], strict=True)
    )
    return float(np.hypot(x, y))


def test_a_tile_sees_its_core_and_the_margin() -> None:
    grid = np.stack(np.meshgrid(np.arange(0, 12, 0.1), np.arange(0, 4, 0.1)), -1).reshape(-1, 2)
    points = np.pad(grid, ((0, 0), (0, 1))).astype(np.float32)
    tiles = cut(Scene(points, np.zeros((len(points), 3), np.uint8)), 3_000)
    assert tiles.points.shape == (3, 3_000, 3) and tiles.colors.shape == (3, 3_000, 3)
    for seen, core in zip(tiles.points, tiles.cores, strict=True):
        low = torch.maximum(core[0] - tiling.MARGIN_M, torch.zeros(2))
        high = torch.minimum(core[1] + tiling.MARGIN_M, torch.tensor([11.9, 3.9]))
        assert (seen[:, :2].amin(0) - low).abs().max() < 0.11
        assert (seen[:, :2].amax(0) - high).abs().max() < 0.11


def test_where_there_is_nothing_there_is_no_tile() -> None:
    assert len(core_grid(np.zeros(2), np.array([13.0, 3.0]))) == 3
    tiles = cut(two_rooms(), 512)
    assert len(tiles.cores) == 2


def test_one_tile_is_encoded_as_a_room(model: R1Model) -> None:
    tiles = cut(random_scene(views=0), model.config.scene_config.num_points)
    bounds = torch.stack((tiles.points.amin((0, 1)), tiles.points.amax((0, 1))))[None]
    with torch.inference_mode():
        apart = encode_tiles(model, tiles, bounds, lambda: False)
        whole = model.encode_scene(tiles.points, tiles.colors, bounds)
    torch.testing.assert_close(apart.tokens, whole.tokens)
    torch.testing.assert_close(apart.score, whole.score)
    assert torch.equal(apart.index, whole.index)


def test_each_room_is_found_as_if_it_were_alone(model: R1Model) -> None:
    config = model.config.scene_config
    scene = two_rooms()
    tiles = cut(scene, config.num_points)
    bounds = torch.from_numpy(np.stack(scene.bounds())).float()[None]
    with torch.inference_mode():
        both = encode_tiles(model, tiles, bounds, lambda: False)
        alone = [
            model.dense_decoder(
                model.scene_encoder(tiles.points[t : t + 1], tiles.colors[t : t + 1])
            )
            for t in range(2)
        ]
    for t, found in enumerate(alone):
        index, score = select_objects(found, config.num_objects, config.duplicate_iou)
        mine = tiling.owned(found.center.expand(2, -1, 3), tiles.cores)[t]
        for row, value in zip(index[0][score[0] > 0], score[0][score[0] > 0], strict=True):
            if not mine[row]:
                continue
            near = (both.found.center[0, both.index[0]] - found.center[0, row]).norm(dim=-1)
            assert both.score[0, near.argmin()] == pytest.approx(float(value), abs=1e-5)
            assert near.min() < 1e-4
    points = tiles.points.flatten(0, 1)
    seeds = points[both.features.seed_points[0]]
    assert (seeds - both.features.seeds[0]).norm(dim=-1).max() < 5  # of the own tile's points
    assert both.tokens.shape == (1, config.num_tokens, model.config.text_config.hidden_size)


def test_the_context_is_spread_over_all_tiles(model: R1Model) -> None:
    tiles = cut(two_rooms(), model.config.scene_config.num_points)
    bounds = torch.stack((tiles.points.amin((0, 1)), tiles.points.amax((0, 1))))[None]
    with torch.inference_mode():
        context = encode_tiles(model, tiles, bounds, lambda: False).features.context_xyz[0]
    first = context[: model.config.scene_config.num_uniform, 0]
    assert 0.3 < (first > float(bounds[0].mean(0)[0])).float().mean() < 0.7


def test_the_best_of_tiles_are_those_of_a_plain_selection() -> None:
    random = torch.Generator().manual_seed(0)
    count, labels = 60, {"category": 3, "color": 2, "material": 2, "states": 2, "center": 3}
    values = {name: torch.randn(1, count, n, generator=random) for name, n in labels.items()}
    found = Detections(
        objectness=torch.randn(1, count, generator=random),
        size=torch.rand(1, count, 3, generator=random) + 0.5,
        **values,
    )
    index, score = tiling.best_of_tiles(found, 4, 15, 0.35)
    expected, wanted = select_objects(found, count, 0.35)
    kept, wanted_kept = index[score > 0].tolist(), expected[wanted > 0].tolist()
    # within a tile nothing is dropped that a plain selection keeps
    assert set(wanted_kept) <= set(kept) and (score[0].diff() <= 0).all()


@pytest.mark.parametrize(
    ("extent", "limit", "expected"),
    [
        ((7.4, 7.4, 2.5), 7.5, False),
        ((7.6, 1.0, 2.5), 7.5, True),
        ((1.0, 7.6, 2.5), 7.5, True),
        ((3.0, 3.0, 12.0), 7.5, False),  # a high hall
        ((30.0, 30.0, 2.5), None, False),
        ((36.0, 36.0, 2.5), 7.5, True),
        ((37.0, 36.0, 2.5), 7.5, False),  # more than MOST_TILES
    ],
)
def test_which_scenes_need_tiles(extent, limit: float | None, expected: bool) -> None:
    low = np.array([-3.0, 2.0, 0.0])
    assert needs_tiles(low, low + extent, limit) is expected


def test_encoding_stops_between_tiles(model: R1Model) -> None:
    tiles = cut(two_rooms(), model.config.scene_config.num_points)
    asked = []

    def should_stop() -> bool:
        asked.append(1)
        return len(asked) > 1

    with pytest.raises(EncodingStoppedError):
        encode_tiles(model, tiles, torch.zeros(1, 2, 3), should_stop)
    assert len(asked) == 2


@pytest.fixture
def reasoner(tmp_path) -> Reasoner:
    tokenizer = scene_tokenizer()
    config = small_config(tokenizer)
    config.scene_config.max_extent = 6.0
    seeded(lambda: R1ForConditionalGeneration(config)).save_pretrained(tmp_path)
    R1Processor(tokenizer, config).save_pretrained(tmp_path)
    return Reasoner.from_pretrained(str(tmp_path), device="cpu", num_views=2)


def test_the_reasoner_cuts_large_maps_only(reasoner: Reasoner, monkeypatch) -> None:
    calls: list[Tiles] = []
    original = tiling.encode_tiles
    monkeypatch.setattr(
        "r1_model.asking.scenes.encode_tiles",
        lambda model, tiles, *rest: calls.append(tiles) or original(model, tiles, *rest),
    )
    reasoner.ask(random_scene(), "where?", max_new_tokens=4)
    assert not calls
    large = two_rooms()
    answer = reasoner.ask(large, "where?", max_new_tokens=4)
    assert len(calls) == 1 and len(calls[0].cores) == 2
    assert len(answer.view_ids) == 2 and answer.raw
    assert reasoner.select_views(large, "where?") and reasoner.detect(large, 0.0)
    reasoner.ask(large, "and now?", max_new_tokens=4)
    assert len(calls) == 1  # encoded once


def test_an_answer_is_stopped_before_the_first_tile(reasoner: Reasoner) -> None:
    large = two_rooms()
    stopped = reasoner.ask(large, "where?", should_stop=lambda: True)
    assert stopped.stopped and not stopped.finished and stopped.raw == "" and stopped.task
    again = reasoner.ask(large, "where?", max_new_tokens=4)  # and is not taken for encoded
    assert again.raw and not again.stopped
