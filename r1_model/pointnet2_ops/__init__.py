"""Point operators with the signatures of the public `pointnet2_ops` package.

`from r1_model.pointnet2_ops import pointnet2_utils` stands in for
`from pointnet2_ops import pointnet2_utils`.
"""

from r1_model.pointnet2_ops.pointnet2_utils import (
    ball_query,
    furthest_point_sample,
    gather_operation,
    grouping_operation,
    three_interpolate,
    three_nn,
)

__all__ = [
    "ball_query",
    "furthest_point_sample",
    "gather_operation",
    "grouping_operation",
    "three_interpolate",
    "three_nn",
]
