import numpy as np
import pytest

from r1_model.text.answer import Box
from r1_model.text.grammar import format_box, parse_answer
from r1_model.text.refinement import TOLERANCE, snap_answer, snap_to_detections, target_box

BOUNDS = (np.array([0.0, 0, 0]), np.array([5.1, 10.2, 2.55]))
QUANTUM = np.array([0.02, 0.04, 0.01])  # metres a level, along x, y, z


def box(center, size=(0.3, 0.3, 0.3), label="", score=0.9) -> Box:
    return Box(np.array(center, float), np.array(size, float), label, score=score)


MUG = box((1.2345, 3.4567, 0.789), (0.0876, 0.0912, 0.1034), "mug")
TABLE = box((2.5, 5.0, 0.4), (1.2, 0.8, 0.75), "table", 0.8)


def in_text(found: Box, *, off: tuple[float, ...] = (0, 0, 0)) -> Box:
    """What the text says of a box: rounded to levels, `off` levels beside it."""
    text = (
        f"<think>a</think><answer>the cup {format_box(found.center, found.size, BOUNDS)}</answer>"
    )
    [read] = parse_answer(text, BOUNDS, "grounding").boxes
    return box(read.center + np.array(off) * QUANTUM, read.size, read.label, float("nan"))


def test_a_repeated_detection_is_the_detection():
    snapped = snap_to_detections(in_text(MUG), [TABLE, MUG], BOUNDS)
    assert np.array_equal(snapped.center, MUG.center) and np.array_equal(snapped.size, MUG.size)
    assert snapped.score == MUG.score
    assert snapped.label == "cup"  # the text's own word stays


@pytest.mark.parametrize("axis", range(3))
def test_slips_within_the_tolerance_only(axis):
    slip = [0.0, 0, 0]
    slip[axis] = TOLERANCE - 0.6  # rounding has taken up to half a level already
    near = snap_to_detections(in_text(MUG, off=tuple(slip)), [MUG], BOUNDS)
    assert np.array_equal(near.center, MUG.center)
    slip[axis] = TOLERANCE + 0.6
    own = in_text(MUG, off=tuple(slip))
    assert snap_to_detections(own, [MUG], BOUNDS) is own


def test_the_nearest_of_two_detections_is_meant():
    other = box(MUG.center + 2 * QUANTUM, MUG.size)
    for order in ([MUG, other], [other, MUG]):
        assert np.array_equal(snap_to_detections(in_text(MUG), order, BOUNDS).center, MUG.center)
        assert np.array_equal(
            snap_to_detections(in_text(other), order, BOUNDS).center, other.center
        )


def test_without_detections_the_text_counts():
    own = in_text(MUG)
    assert snap_to_detections(own, [], BOUNDS) is own


def test_a_flat_scene_has_levels_too():
    flat = (np.zeros(3), np.array([1.0, 1.0, 0.0]))
    own = box((0.5, 0.5, 0.0), (0.1, 0.1, 0.0))
    assert snap_to_detections(own, [own], flat).score == own.score


def test_every_box_of_an_answer_and_its_steps():
    table, mug = (format_box(b.center, b.size, BOUNDS) for b in (TABLE, MUG))
    text = (
        f"<think>t</think><answer>1. navigate_to(table {table}): Go.\n"
        f"2. pick(mug {mug}): Take it.</answer>"
    )
    parsed = snap_answer(parse_answer(text, BOUNDS, "planning"), [MUG, TABLE], BOUNDS)
    assert [float(b.center[0]) for b in parsed.boxes] == [2.5, 1.2345]
    assert [float(b.center[0]) for step in parsed.steps for b in step.boxes] == [2.5, 1.2345]
    assert [step.action for step in parsed.steps] == ["navigate_to", "pick"]
    assert parsed.exact and parsed.thinking == "t"


def test_a_target_with_a_size_is_itself():
    target = box((0, 0, 0), (0.1, 0, 0))
    assert target_box(target, [MUG]) is target


def point(*center: float) -> Box:
    return box(center, (0, 0, 0))


def test_a_point_means_the_smallest_thing_that_it_lies_on():
    cup = box((2.5, 5.0, 0.5), (0.1, 0.1, 0.2), "cup")
    assert target_box(point(2.5, 5.0, 0.5), [TABLE, cup]).label == "cup"
    assert target_box(point(2.9, 5.0, 0.5), [TABLE, cup]).label == "table"


def test_a_point_beside_everything_means_the_nearest_thing():
    # the table's middle is further away than the mug's, but its edge is nearer
    at = point(1.85, 4.9, 0.4)
    assert np.linalg.norm(at.center - TABLE.center) > np.linalg.norm(
        at.center - box((1.4, 4.9, 0.4)).center
    )
    assert target_box(at, [box((1.4, 4.9, 0.4), label="mug"), TABLE]).label == "table"


def test_a_point_where_nothing_was_found_stays_a_point():
    target = point(1, 1, 1)
    assert target_box(target, []) is target


def test_a_turned_target_is_the_detection_that_fills_it_or_lies_along_the_nearest_axes():
    found = [Box(np.array([2.0, 1, 0.5]), np.array([1.0, 0.5, 1])), Box(np.ones(3), np.ones(3))]
    around = Box(np.array([2.05, 1, 0.5]), np.array([1.1, 0.7, 1]), yaw=0.5)
    assert target_box(around, found) is found[0]
    away = Box(np.array([9.0, 9, 1]), np.array([1.0, 2, 3]), yaw=1.4)
    for detections in (found, []):
        alone = target_box(away, detections)
        assert np.allclose(alone.size, (2, 1, 3)) and alone.yaw == 0
    straight = Box(np.array([2.05, 1, 0.5]), np.array([1.1, 0.7, 1]))
    assert np.allclose(target_box(straight, found).size, straight.size)
