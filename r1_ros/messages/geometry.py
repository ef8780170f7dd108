"""Stamps, poses and transforms between ROS messages and numpy."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, Quaternion, Transform, TransformStamped, Vector3
from std_msgs.msg import Header

from r1_model.geometry.poses import InvalidPoseError, pose_matrix, split_pose
from r1_ros.runtime.errors import BadMessageError

_NANOSECONDS = 10**9


def stamp_of(time: Time) -> int:
    """Nanoseconds since the epoch."""
    return time.sec * _NANOSECONDS + time.nanosec


def time_message(stamp: int) -> Time:
    """`stamp` in nanoseconds since the epoch."""
    seconds, nanoseconds = divmod(stamp, _NANOSECONDS)
    return Time(sec=seconds, nanosec=nanoseconds)


def header_message(stamp: int, frame_id: str) -> Header:
    """`stamp` in nanoseconds since the epoch."""
    return Header(stamp=time_message(stamp), frame_id=frame_id)


def same_frame(a: str, b: str) -> bool:
    """Whether two frame ids name one frame; tf1 wrote them with a slash in front."""
    return a.lstrip("/") == b.lstrip("/")


def pose_message(T: np.ndarray) -> Pose:
    """Pose of a rigid transform (4, 4), metres."""
    (x, y, z), quaternion = split_pose(T)
    qx, qy, qz, qw = (float(value) for value in quaternion)
    return Pose(
        position=Point(x=float(x), y=float(y), z=float(z)),
        orientation=Quaternion(x=qx, y=qy, z=qz, w=qw),
    )


def pose_from_message(pose: Pose) -> np.ndarray:
    """T (4, 4) float64 of a pose, metres.

    Raises:
        BadMessageError: NaN, infinity or a quaternion without length.
    """
    return _matrix(pose.position, pose.orientation)


def transform_from_message(transform: Transform) -> np.ndarray:
    """T_parent_child (4, 4) float64 of a transform, metres.

    Raises:
        BadMessageError: NaN, infinity or a quaternion without length.
    """
    return _matrix(transform.translation, transform.rotation)


def transform_message(stamp: int, parent: str, child: str, T: np.ndarray) -> TransformStamped:
    """Transform that maps points of `child` into `parent`; `T` (4, 4), metres."""
    pose = pose_message(T)
    p = pose.position
    return TransformStamped(
        header=header_message(stamp, parent),
        child_frame_id=child,
        transform=Transform(translation=Vector3(x=p.x, y=p.y, z=p.z), rotation=pose.orientation),
    )


def _matrix(position: Point | Vector3, q: Quaternion) -> np.ndarray:
    try:
        translation = np.array([position.x, position.y, position.z])
        return pose_matrix(translation, np.array([q.x, q.y, q.z, q.w]))
    except InvalidPoseError as error:
        raise BadMessageError("bad pose", str(error)) from None
