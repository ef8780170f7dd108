"""Nav2's costmap: sides without room are not tried, near ones come first."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_msgs.msg import Point, Pose, Quaternion
from nav_msgs.msg import MapMetaData, OccupancyGrid

pytest.importorskip("rclpy")

from r1_model.motion.approach import approach_poses
from r1_model.text.answer import Box
from r1_ros.motion.costmap import space_of, worth_trying

_TABLE = Box(np.array([2.0, 1.5, 0.4]), np.array([0.6, 0.6, 0.8]), "table")


def _grid(cost: np.ndarray, **changes: object) -> OccupancyGrid:
    """Costs (X, Y) in cells of 0.1 m from (0, 0)."""
    info = MapMetaData(resolution=0.1, width=cost.shape[0], height=cost.shape[1])
    for name, value in changes.items():
        setattr(info, name, value)
    return OccupancyGrid(info=info, data=cost.T.astype(np.int8).ravel().tolist())


def _costs() -> np.ndarray:
    cost = np.zeros((40, 30), int)
    cost[17:23, 12:18] = 100  # the table
    return cost


def test_cells_are_where_the_costmap_says() -> None:
    cost = np.zeros((4, 3), int)
    cost[3, 0], cost[0, 2], cost[1, 1] = 100, 99, -1
    space = space_of(_grid(cost, origin=Pose(position=Point(x=-1.0, y=2.0))))
    assert space is not None
    blocked = [[-0.65, 2.05], [-0.95, 2.25]]
    assert not space.is_free(np.array(blocked)).any()
    assert space.is_free(np.array([[-0.85, 2.15], [-0.65, 2.25]])).all()  # unknown is tried


def test_a_side_without_room_is_left_out_and_the_shortest_way_comes_first() -> None:
    cost = _costs()
    cost[:, 5:12] = 100  # a wall in front of the table
    poses = approach_poses(_TABLE, 0.5)
    space = space_of(_grid(cost))
    kept = worth_trying(poses, space, None)
    assert len(kept) == 3 and not any(np.allclose(pose[:2], (2.0, 0.7)) for pose in kept)
    near = worth_trying(poses, space, np.array([3.5, 1.5]))
    assert np.allclose(near[0][:2], (2.8, 1.5)) and len(near) == 3


def test_a_side_behind_a_wall_comes_last_but_is_tried() -> None:
    cost = _costs()
    cost[25:26, :] = 100
    last = worth_trying(approach_poses(_TABLE, 0.7), space_of(_grid(cost)), np.array([0.5, 1.5]))
    assert np.allclose(last[-1][:2], (3.0, 1.5)) and len(last) == 4


def test_without_a_costmap_or_beyond_it_all_sides_are_tried() -> None:
    poses = approach_poses(_TABLE, 0.5)
    assert worth_trying(poses, None, np.zeros(2)) is poses
    far = [pose + [50.0, 0.0, 0.0] for pose in poses]
    assert len(worth_trying(far, space_of(_grid(_costs())), None)) == 4


@pytest.mark.parametrize(
    "grid",
    [
        OccupancyGrid(),
        _grid(_costs(), resolution=0.0),
        _grid(_costs(), width=7),
        _grid(_costs(), origin=Pose(orientation=Quaternion(z=0.7, w=0.7))),
        _grid(_costs(), origin=Pose(position=Point(x=float("nan")))),
    ],
)
def test_a_costmap_that_is_none_is_ignored(grid: OccupancyGrid) -> None:
    assert space_of(grid) is None
