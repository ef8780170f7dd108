"""Known things over maps, frames and restarts, with a scripted detector and no node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from r1_model.geometry.oriented_boxes import turn
from r1_model.objects.registration import LEAST_POINTS, Turn
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box
from r1_model.text.boxes import turned_box
from r1_ros.reasoning.object_keeper import ObjectKeeper
from tests.r1_model.objects.rooms import box, furnished, scene

THINGS = [box(1.0, 1.0, label="mug"), box(3.0, 1.2, label="lamp"), box(3.1, 3.0, label="vase")]
THINGS += [box(1.5, 3.1, label="bag")]
# the same kinds of things, elsewhere
OTHERS = [replace(b, label=a.label) for a, b in zip(THINGS, THINGS[::-1], strict=True)]
INTO = Turn(2.0, np.array([-3.0, 1.0, 0.2]))
NOWHERE = Turn(0.0, np.zeros(3))


class Detector:
    """Finds what it is told to."""

    def __init__(self) -> None:
        self.found: list[Box] = []

    def detect(self, scene: Scene, least_score: float) -> list[Box]:
        return self.found


class Rig:
    """A keeper and its maps."""

    def __init__(self, folder: Path | None) -> None:
        self.detector, self.warnings = Detector(), list[str]()
        self.keeper = ObjectKeeper(folder, lambda known: None, self.warnings.append)
        self.revision = 0

    def look(
        self, boxes: Sequence[Box], start: int, map_id: int, into: Turn = NOWHERE,
        *, layout: int = 0, share: float = 1.0, frame: str = "map",
    ) -> list[str]:  # fmt: skip
        """Ids after one more map of a room, or of a share of its width and depth."""
        self.revision += 1
        map = scene(boxes, start)
        points = furnished(layout, noise=start)
        points = points[(points[:, :2] < share * np.array([5.0, 4.0])).all(1) | (share == 1.0)]
        T = turn(into.yaw)
        T[:3, 3] = into.shift
        map = replace(
            map,
            points=into.points(points).astype(np.float32),
            colors=np.full((len(points), 3), 120, np.uint8),
            views=[replace(v, T_scene_camera=T @ v.T_scene_camera) for v in map.views],
            frame_id=frame,
        )
        turned = [turned_box(one, into.yaw) for one in boxes]
        self.detector.found = [replace(one, center=one.center + into.shift) for one in turned]
        self.keeper.look(self.detector, map, map_id, self.revision)  # type: ignore[arg-type]
        return [thing.id for thing in self.keeper.known.memory.present]


IDS = ["obj1", "obj2", "obj3", "obj4"]


@pytest.mark.parametrize("frame", ["map", "odom"])
@pytest.mark.parametrize("restarted", [False, True])
def test_ids_go_on_in_another_frame(tmp_path: Path, frame: str, *, restarted: bool) -> None:
    rig = Rig(tmp_path)
    assert rig.look(THINGS, 100, 1) == IDS
    if restarted:
        rig = Rig(tmp_path)
    moved = [replace(THINGS[0], center=np.array([2.0, 2.2, 0.25])), *THINGS[1:]]
    assert rig.look(moved, 200, 2, INTO, frame=frame) == IDS
    memory = rig.keeper.known.memory
    assert [thing.moved for thing in memory.objects] == [True, False, False, False]
    assert np.allclose(memory.objects[1].center, INTO.points(THINGS[1].center), atol=0.05)
    assert memory.frame_id == frame and not rig.warnings
    # one file, which is of the new frame now
    assert len(list(tmp_path.glob("place-*.json"))) == 1
    assert Rig(tmp_path).look(moved, 300, 3, INTO, frame=frame) == IDS


def test_without_a_folder_the_map_before_is_known(tmp_path: Path) -> None:
    rig = Rig(None)
    rig.look(THINGS, 100, 1)
    assert rig.look(THINGS, 200, 2, INTO) == IDS
    assert Rig(None).look(THINGS, 300, 3, INTO) == IDS  # given anew: nothing was kept
    assert rig.look(OTHERS, 400, 4, layout=7) == ["obj5", "obj6", "obj7", "obj8"]


def test_another_room_in_another_frame_is_another_place(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.look(THINGS, 100, 1)
    new = ["obj5", "obj6", "obj7", "obj8"]
    assert rig.look(OTHERS, 200, 2, INTO) == new
    assert len(list(tmp_path.glob("place-*.json"))) == 2
    assert rig.look(THINGS, 300, 3) == IDS and rig.look(OTHERS, 400, 4, INTO) == new


def test_a_map_that_starts_small_is_known_once_it_is_large_enough(tmp_path: Path) -> None:
    Rig(tmp_path).look(THINGS, 100, 1)
    rig = Rig(tmp_path)
    assert rig.look(THINGS[:1], 200, 1, INTO, share=0.25) == ["obj5"]
    assert 0 < len(rig.keeper._place) < LEAST_POINTS
    assert len(list(tmp_path.glob("place-*.json"))) == 2
    assert rig.look(THINGS, 300, 1, INTO) == IDS  # the same map has grown
    assert [p.name for p in tmp_path.glob("place-*.json")] == ["place-obj1.json"]
    # and what was given meanwhile is never given again
    assert rig.look([*THINGS, box(2.0, 2.2, label="toy")], 400, 1, INTO) == [*IDS, "obj6"]


def test_a_damaged_file_is_named_and_passed_over(tmp_path: Path) -> None:
    Rig(tmp_path).look(THINGS, 100, 1)
    (tmp_path / "place-obj9.json").write_text('{"place": [1, 2]}')
    rig = Rig(tmp_path)
    assert rig.look(THINGS, 200, 2, INTO) == IDS
    assert len(rig.warnings) == 1 and "place-obj9.json is damaged" in rig.warnings[0]
