"""Strategies for ROS messages: any value of every field, near to what sensors send or far."""

from __future__ import annotations

import array
import struct
from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Quaternion, Transform, TransformStamped, Vector3
from hypothesis import strategies as st
from r1_ros.action import ExecutePlan
from r1_ros.msg import GroundedObject, PlanStep
from r1_ros.srv import Ask
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField
from std_msgs.msg import Header

from tests.ros import robot as views

uint8, uint32 = st.integers(0, 255), st.integers(0, 2**32 - 1)
side = st.one_of(st.integers(0, 9), uint32)
number = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, float("inf"), float("-inf")]),
    st.floats(),
)
name = st.one_of(st.sampled_from([views.OPTICAL, "map", "", "/", "../x", "a" * 5000]), st.text())
data = st.binary(max_size=400).map(lambda raw: array.array("B", raw))


@st.composite
def headers(draw: Any) -> Header:
    """Frames and stamps, mostly of now."""
    second = draw(st.one_of(st.integers(0, 3), st.integers(-(2**31), 2**31 - 1)))
    base = draw(st.sampled_from([0, views.START // 10**9]))
    stamp = Time(sec=max(-(2**31), min(2**31 - 1, base + second)), nanosec=draw(uint32))
    return Header(stamp=stamp, frame_id=draw(name))


encodings = st.one_of(
    st.sampled_from(
        ["rgb8", "bgr8", "mono8", "mono16", "16UC1", "32FC1", "yuv422", "bayer_rggb8", "rgba8", ""]
    ),
    st.text(max_size=8),
)


@st.composite
def images(draw: Any) -> Image:
    """Any image."""
    width, height = draw(side), draw(side)
    return Image(
        header=draw(headers()),
        width=width,
        height=height,
        encoding=draw(encodings),
        is_bigendian=draw(uint8),
        step=draw(st.one_of(st.just(min(width * 4, 2**32 - 1)), uint32)),
        data=draw(data),
    )


@st.composite
def compressed_images(draw: Any) -> CompressedImage:
    """Bytes that may begin like an image."""
    start = draw(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", bytes(12)]))
    size = struct.pack("<II", draw(side), draw(side))
    return CompressedImage(
        header=draw(headers()),
        format=draw(st.sampled_from(["jpeg", "png", "16UC1; compressedDepth rvl", "32FC1; x", ""])),
        data=array.array("B", start + draw(st.sampled_from([b"", size])) + draw(st.binary())),
    )


@st.composite
def camera_infos(draw: Any) -> CameraInfo:
    """Any calibration."""
    info = CameraInfo(header=draw(headers()), width=draw(side), height=draw(side))
    info.distortion_model = draw(
        st.one_of(st.sampled_from(["plumb_bob", "equidistant", "rational_polynomial"]), name)
    )
    info.d = draw(st.lists(number, max_size=16))
    info.k = draw(st.lists(number, min_size=9, max_size=9))
    info.p = draw(st.lists(number, min_size=12, max_size=12))
    info.binning_x, info.binning_y = draw(uint32), draw(uint32)
    info.roi.x_offset, info.roi.width = draw(uint32), draw(uint32)
    return info


@st.composite
def clouds(draw: Any) -> PointCloud2:
    """Any cloud; fields are often x, y, z."""
    fields = [
        PointField(name=axis, offset=draw(st.one_of(st.just(4 * i), uint32)), datatype=7, count=1)
        for i, axis in enumerate(draw(st.sampled_from(["xyz", "xy", "xyzr", ""])))
    ]
    fields += draw(
        st.lists(
            st.builds(
                PointField,
                name=st.one_of(st.sampled_from(["rgb", "rgba", "r", "g", "b", "x", ""]), name),
                offset=st.one_of(st.integers(0, 40), uint32),
                datatype=uint8,
                count=st.one_of(st.integers(0, 5), uint32),
            ),
            max_size=4,
        )
    )
    return PointCloud2(
        header=draw(headers()),
        width=draw(side),
        height=draw(side),
        fields=fields,
        is_bigendian=draw(st.booleans()),
        point_step=draw(st.one_of(st.sampled_from([12, 16, 32]), uint32)),
        row_step=draw(uint32),
        data=draw(data),
    )


points = st.builds(Point, x=number, y=number, z=number)
vectors = st.builds(Vector3, x=number, y=number, z=number)
quaternions = st.builds(Quaternion, x=number, y=number, z=number, w=number)


@st.composite
def transforms(draw: Any) -> TransformStamped:
    """Any edge of a tree."""
    return TransformStamped(
        header=draw(headers()),
        child_frame_id=draw(name),
        transform=Transform(translation=draw(vectors), rotation=draw(quaternions)),
    )


@st.composite
def ask_requests(draw: Any) -> Ask.Request:
    """Any question."""
    return Ask.Request(
        question=draw(st.one_of(st.text(), st.sampled_from(["Where?", "x" * 9000, " ", "？"]))),
        task=draw(st.one_of(st.sampled_from(["", "auto", "qa", "planning"]), st.text(max_size=9))),
        session_id=draw(name),
        target_kind=draw(uint8),
        target_id=draw(name),
        target_point=draw(points),
        target_size=draw(vectors),
        timeout_seconds=draw(st.floats(width=32)),
    )


@st.composite
def goals(draw: Any) -> ExecutePlan.Goal:
    """Any plan."""
    objects = st.builds(GroundedObject, id=name, label=name, size=vectors)
    steps = st.builds(
        PlanStep,
        index=st.integers(0, 65535),
        action=st.one_of(st.sampled_from(["pick", "open", "navigate_to", "wait"]), name),
        object=name,
        arguments=st.lists(name, max_size=3),
        text=name,
        targets=st.lists(objects, max_size=3),
        assumed=st.booleans(),
    )
    return ExecutePlan.Goal(
        steps=draw(st.lists(steps, max_size=4)), frame_id=draw(name), session_id=draw(name)
    )
