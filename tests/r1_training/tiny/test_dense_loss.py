from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from r1_model.geometry.torch_boxes import aabb_giou
from r1_model.network.dense_decoder import Detections
from r1_model.network.modeling import EncodedScene, R1ForConditionalGeneration
from r1_model.network.scene_encoder import SceneFeatures
from r1_training.common.labels import STATES
from r1_training.tiny.dense_loss import SceneTargets, dense_losses
from tests.r1_model.small import scene_tokenizer, seeded, small_config

SURE = 20.0  # a logit of certainty
CLASSES = {"category": 5, "color": 4, "material": 3}


def truth(points: int = 60, seed: int = 0) -> SceneTargets:
    """Two scenes of three objects; a third of the points are structure."""
    torch.manual_seed(seed)
    return SceneTargets(
        instance=torch.arange(points).remainder(4).expand(2, -1).clone(),
        center=torch.rand(2, 3, 3) * 4,
        size=torch.rand(2, 3, 3) + 0.2,
        **{name: torch.randint(0, count, (2, 3)) for name, count in CLASSES.items()},
        states=torch.randint(-1, 2, (2, 3, 2)),
    )


def perfect(targets: SceneTargets, candidates: int = 12) -> EncodedScene:
    """What an encoder would say that knows everything; candidates come from the first points."""
    points = targets.instance.shape[1]
    seed_points = torch.arange(candidates).expand(2, -1)
    rows = torch.arange(2).unsqueeze(1)

    def of(instance: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        return values[rows, (instance - 1).clamp(min=0)]

    instance = targets.instance[:, :candidates]
    logits = {
        name: torch.nn.functional.one_hot(of(instance, getattr(targets, name)), count).float()
        for name, count in CLASSES.items()
    }
    found = Detections(
        objectness=torch.where(instance > 0, SURE, -SURE),
        **{name: SURE * value for name, value in logits.items()},
        states=SURE * (2.0 * of(instance, targets.states) - 1),
        center=of(instance, targets.center),
        size=of(instance, targets.size),
    )
    none = torch.zeros(2, 0)
    features = SceneFeatures(
        foreground=torch.where(targets.instance > 0, SURE, -SURE),
        votes=of(targets.instance, targets.center),
        seeds=found.center,
        seed_points=seed_points,
        objects=none,
        context=none,
        context_xyz=none,
    )
    assert features.foreground.shape == (2, points)
    return EncodedScene(features, found, seed_points, none, none)  # all are kept


def total(encoded: EncodedScene, targets: SceneTargets) -> float:
    return float(sum(dense_losses(encoded, targets).values()))


def test_a_perfect_prediction_costs_nothing():
    targets = truth()
    for name, value in dense_losses(perfect(targets), targets).items():
        assert float(value) == pytest.approx(0, abs=1e-4), name


@pytest.mark.parametrize(
    ("part", "field", "change", "loss"),
    [
        ("features", "foreground", lambda v: -v, "foreground"),
        ("features", "votes", lambda v: v + 0.3, "vote"),
        ("found", "objectness", lambda v: -v, "objectness"),
        ("found", "center", lambda v: v + 0.1, "center"),
        ("found", "center", lambda v: v + 3.0, "giou"),
        ("found", "size", lambda v: v * 2, "size"),
        ("found", "category", lambda v: -v, "category"),
        ("found", "color", lambda v: -v, "color"),
        ("found", "material", lambda v: -v, "material"),
        ("found", "states", lambda v: -v, "states"),
    ],
)
def test_every_mistake_costs(part, field, change, loss):
    targets, encoded = truth(), perfect(truth())
    of = getattr(encoded, part)
    wrong = replace(encoded, **{part: replace(of, **{field: change(getattr(of, field))})})
    assert float(dense_losses(wrong, targets)[loss]) > 0.1


def test_a_label_that_does_not_apply_costs_nothing():
    targets = truth()
    unknown = {name: torch.full_like(getattr(targets, name), -1) for name in CLASSES}
    targets = replace(targets, **unknown, states=torch.full_like(targets.states, -1))
    encoded = perfect(truth(seed=1))
    losses = dense_losses(encoded, targets)
    assert [float(losses[name]) for name in (*CLASSES, "states")] == [0, 0, 0, 0]


def with_prints(targets: SceneTargets, row: list[int]) -> SceneTargets:
    """`len(STATES)` states and as many prints as `row` has values, of the first object."""
    states = torch.zeros(*targets.category.shape, len(STATES) + len(row), dtype=torch.int64)
    states[:, 0, len(STATES) :] = torch.tensor(row)
    return replace(targets, states=states)


def test_which_print_it_is_counts_where_one_can_be_read():
    targets = with_prints(truth(), [0, 1, 0])
    right = perfect(targets)
    assert float(dense_losses(right, targets)["prints"]) < 0.01
    other = perfect(with_prints(truth(), [0, 0, 1]))
    assert float(dense_losses(other, targets)["prints"]) > 1
    # of the other objects it asks nothing: that they bear none is a state
    wrong = replace(right.found, states=right.found.states.clone())
    wrong.states[targets.instance[:, :12] != 1] *= -1
    assert float(dense_losses(replace(right, found=wrong), targets)["prints"]) < 0.01
    # and of candidates that were not kept nothing: nobody looked at them
    unkept = replace(
        right, found=other.found, index=(targets.instance[:, :12] != 1).int().topk(6)[1]
    )
    assert float(dense_losses(unkept, targets)["prints"]) == 0
    for row in ([-1, -1, -1], [0, 0, 0]):
        unread = with_prints(truth(), row)
        assert float(dense_losses(right, unread)["prints"]) == 0
    assert "prints" not in dense_losses(perfect(truth()), truth())


def test_small_objects_weigh_as_much_as_large_ones():
    """The first object has 40 points, the second one; a vote that is wrong costs the same."""
    targets = truth(42)
    instance = torch.zeros(2, 42, dtype=torch.int64)
    instance[:, :40], instance[:, 40] = 1, 2
    targets = replace(targets, instance=instance)
    encoded = perfect(targets)

    def vote_loss(object_id: int) -> float:
        votes = encoded.features.votes + (instance == object_id).unsqueeze(-1)
        wrong = replace(encoded, features=replace(encoded.features, votes=votes))
        return float(dense_losses(wrong, targets)["vote"])

    assert vote_loss(1) == pytest.approx(vote_loss(2), rel=1e-5) and vote_loss(2) > 0.1


def test_a_scene_without_objects_is_finite():
    targets = truth()
    empty = replace(targets, instance=torch.zeros_like(targets.instance))
    assert total(perfect(empty), empty) == pytest.approx(0, abs=1e-4)


def test_overlap_against_a_loop():
    torch.manual_seed(0)
    boxes = [torch.rand(40, 3) * 2, torch.rand(40, 3) + 0.1] * 2
    boxes[2], boxes[3] = torch.rand(40, 3) * 2, torch.rand(40, 3) + 0.1
    iou, giou = aabb_giou(*boxes)
    for row in range(40):
        center, size, other, other_size = (value[row].tolist() for value in boxes)
        shared = hull = volume = other_volume = 1.0
        for c, s, o, t in zip(center, size, other, other_size, strict=True):
            shared *= max(0.0, min(c + s / 2, o + t / 2) - max(c - s / 2, o - t / 2))
            hull *= max(c + s / 2, o + t / 2) - min(c - s / 2, o - t / 2)
            volume, other_volume = volume * s, other_volume * t
        union = volume + other_volume - shared
        assert iou[row] == pytest.approx(shared / union, abs=1e-5)
        assert giou[row] == pytest.approx(shared / union - (hull - union) / hull, abs=1e-5)


def test_gradient_reaches_every_parameter_that_sees():
    """Of scene encoder and dense decoder; what only language reads is listed by name."""
    config = small_config(scene_tokenizer())
    model = seeded(lambda: R1ForConditionalGeneration(config)).model
    torch.manual_seed(1)
    points, count = torch.rand(2, 512, 3) * 3, len(config.scene_config.states)
    bounds = torch.stack((points.amin(1), points.amax(1)), 1)
    targets = replace(
        truth(512),
        category=torch.randint(0, 2, (2, 3)),
        color=torch.randint(0, 2, (2, 3)),
        material=torch.zeros(2, 3).long(),
        states=torch.randint(0, 2, (2, 3, count)),
    )
    encoded = model.encode_scene(points, torch.rand(2, 512, 3), bounds)
    sum(dense_losses(encoded, targets).values()).backward()
    without = [
        f"{module}.{name}"
        for module in ("scene_encoder", "dense_decoder")
        for name, parameter in getattr(model, module).named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert without == ["scene_encoder.context_out.weight", "scene_encoder.context_out.bias"]
