"""PointCloud2 between messages and numpy: any layout, held against struct."""

from __future__ import annotations

import struct

import numpy as np
import pytest

pytest.importorskip("rclpy")

from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from r1_ros.messages import point_clouds
from r1_ros.messages.point_clouds import point_cloud_message, read_points
from r1_ros.runtime.errors import BadMessageError

pytestmark = pytest.mark.ros
FORMATS = {
    PointField.INT8: "b",
    PointField.UINT8: "B",
    PointField.INT16: "h",
    PointField.UINT16: "H",
    PointField.INT32: "i",
    PointField.UINT32: "I",
    PointField.FLOAT32: "f",
    PointField.FLOAT64: "d",
}
POINTS = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
COLORS = np.random.default_rng(1).integers(0, 256, (12, 3), np.uint8)


def build(layout, rows, *, height=1, row_padding=0, point_step=None, big=False) -> PointCloud2:
    """A cloud written value by value with struct: (name, datatype, offset), one row a point."""
    order = ">" if big else "<"
    step = point_step or max(o + struct.calcsize(FORMATS[d]) for _, d, o in layout)
    width = len(rows) // height
    data = bytearray()
    for line in range(height):
        for row in rows[line * width : (line + 1) * width]:
            point = bytearray(b"\x55" * step)
            for (_, datatype, offset), value in zip(layout, row, strict=True):
                struct.pack_into(order + FORMATS[datatype], point, offset, value)
            data += point
        data += b"\x66" * row_padding
    return PointCloud2(
        height=height,
        width=width,
        fields=[PointField(name=n, datatype=d, offset=o, count=1) for n, d, o in layout],
        is_bigendian=big,
        point_step=step,
        row_step=width * step + row_padding,
        data=bytes(data),
    )


XYZ = [("x", PointField.FLOAT32, 0), ("y", PointField.FLOAT32, 4), ("z", PointField.FLOAT32, 8)]


def packed(color: np.ndarray) -> int:
    r, g, b = (int(channel) for channel in color)
    return r << 16 | g << 8 | b


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(("height", "row_padding"), [(1, 0), (3, 0), (3, 10)])
def test_organised_and_unorganised_clouds_in_either_byte_order(big, height, row_padding) -> None:
    layout = [*XYZ, ("rgb", PointField.UINT32, 16)]
    rows = [(*p, packed(c)) for p, c in zip(POINTS, COLORS, strict=True)]
    cloud = build(layout, rows, height=height, row_padding=row_padding, point_step=32, big=big)
    points, colors = read_points(cloud)
    np.testing.assert_array_equal(points, POINTS)
    np.testing.assert_array_equal(colors, COLORS)


def test_colour_packed_in_a_float_as_pcl_does() -> None:
    rows = [
        (*p, struct.unpack("<f", struct.pack("<I", packed(c)))[0])
        for p, c in zip(POINTS, COLORS, strict=True)
    ]
    points, colors = read_points(build([*XYZ, ("rgb", PointField.FLOAT32, 12)], rows))
    np.testing.assert_array_equal(points, POINTS)
    np.testing.assert_array_equal(colors, COLORS)


def test_colour_as_three_fields() -> None:
    layout = [*XYZ, *((n, PointField.UINT8, 12 + i) for i, n in enumerate("rgb"))]
    rows = [(*p, *map(int, c)) for p, c in zip(POINTS, COLORS, strict=True)]
    np.testing.assert_array_equal(read_points(build(layout, rows))[1], COLORS)
    layout = [*XYZ, *((n, PointField.FLOAT32, 12 + 4 * i) for i, n in enumerate("rgb"))]
    rows = [(*p, *(c / 255)) for p, c in zip(POINTS, COLORS, strict=True)]
    assert np.abs(read_points(build(layout, rows))[1].astype(int) - COLORS).max() <= 1


@settings(max_examples=30, deadline=None)
@given(
    st.permutations(["x", "y", "z", "intensity", "ring"]),
    st.sampled_from([PointField.FLOAT32, PointField.FLOAT64]),
    st.integers(0, 7),
    st.booleans(),
)
def test_any_order_type_and_alignment(names, kind, gap, big) -> None:
    layout, offset = [], gap
    for name in names:
        datatype = kind if name in "xyz" else PointField.UINT16
        layout.append((name, datatype, offset))
        offset += struct.calcsize(FORMATS[datatype]) + gap
    columns = {"x": 0, "y": 1, "z": 2}
    rows = [tuple(float(p[columns[n]]) if n in columns else 3 for n in names) for p in POINTS]
    points, colors = read_points(build(layout, rows, point_step=offset + 3, big=big))
    np.testing.assert_array_equal(points, POINTS)
    assert np.ptp(colors) == 0  # no colour: one grey


def test_points_that_are_not_finite_are_left_out() -> None:
    rows = [(1, 2, 3), (np.nan, 0, 0), (0, np.inf, 0), (0, 0, -np.inf), (4, 5, 6)]
    points, colors = read_points(build(XYZ, rows))
    np.testing.assert_array_equal(points, [(1, 2, 3), (4, 5, 6)])
    assert len(colors) == 2
    layout = [(n, PointField.FLOAT64, 8 * i) for i, n in enumerate("xyz")]
    assert not len(read_points(build(layout, [(1e300, 0, 0)]))[0])


def test_what_is_written_is_read_back() -> None:
    message = point_cloud_message(Header(frame_id="map"), POINTS, COLORS)
    points, colors = read_points(message)
    np.testing.assert_array_equal(points, POINTS)
    np.testing.assert_array_equal(colors, COLORS)
    empty = point_cloud_message(Header(), POINTS[:0], COLORS[:0])
    assert len(read_points(empty)[0]) == 0


def good() -> PointCloud2:
    return build(XYZ, [tuple(p) for p in POINTS])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fields": []}, "bad point fields"),
        ({"point_step": 0}, "bad point fields"),
        ({"point_step": 8}, "bad point fields"),
        ({"fields": [PointField(name=n, datatype=99, count=1) for n in "xyz"]}, "unknown encoding"),
        ({"width": 13}, "truncated data"),
        ({"width": 2**32 - 1, "height": 2**32 - 1}, "truncated data"),
        ({"height": 2, "width": 7, "row_step": 10}, "truncated data"),
        ({"data": b""}, "truncated data"),
        ({"width": 0}, "bad cloud size"),
    ],
)
def test_bad_clouds_are_refused_with_their_reason(change, reason: str) -> None:
    message = good()
    for key, value in change.items():
        setattr(message, key, value)
    with pytest.raises(BadMessageError) as error:
        read_points(message)
    assert error.value.reason == reason


@pytest.mark.parametrize("row_step", [0, 10, 12 * len(POINTS), 2**32 - 1])
@pytest.mark.parametrize("height", [0, 1, 3])
def test_rows_are_packed_where_the_bytes_leave_no_room(height: int, row_step: int) -> None:
    message = good()
    message.height, message.row_step = height, row_step
    message.width = len(POINTS) // (height or 1)
    np.testing.assert_array_equal(read_points(message)[0], POINTS)


@pytest.mark.parametrize("datatype", [0, 9, 10, 11, 255])
def test_fields_that_are_not_needed_are_skipped_whatever_they_hold(datatype: int) -> None:
    message = good()
    message.fields.append(PointField(name="time", offset=4000, datatype=datatype, count=1))
    message.fields.append(PointField(name="", offset=0, datatype=datatype, count=0))
    np.testing.assert_array_equal(read_points(message)[0], POINTS)
    message.fields[2].datatype = datatype  # z
    with pytest.raises(BadMessageError, match=f"'z' has datatype {datatype}"):
        read_points(message)


@pytest.mark.parametrize(
    ("datatype", "factor"),
    [
        (PointField.UINT8, 1),
        (PointField.UINT16, 1),
        (PointField.UINT16, 257),
        (PointField.INT32, 1),
        (PointField.FLOAT32, 1),
        (PointField.FLOAT32, 1 / 255),
        (PointField.FLOAT64, 1 / 255),
        (PointField.FLOAT64, 257),
    ],
)
@pytest.mark.parametrize("names", [("r", "g", "b"), ("red", "green", "blue")])
def test_the_range_of_colour_follows_from_its_type_and_values(names, datatype, factor) -> None:
    size = struct.calcsize(FORMATS[datatype])
    layout = [*XYZ, *((name, datatype, 12 + size * i) for i, name in enumerate(names))]
    kind = float if datatype in (PointField.FLOAT32, PointField.FLOAT64) else int
    rows = [
        (*p, *(kind(int(value) * factor) for value in c))
        if kind is int
        else (*p, *(float(value) * factor for value in c))
        for p, c in zip(POINTS, COLORS, strict=True)
    ]
    np.testing.assert_array_equal(read_points(build(layout, rows))[1], COLORS)


@pytest.mark.parametrize(
    ("name", "datatype", "dtype", "factor"),
    [
        ("rgb", PointField.UINT8, "u1", 1),
        ("rgba", PointField.UINT8, "u1", 1),
        ("rgb", PointField.FLOAT32, "<f4", 1 / 255),
        ("rgb", PointField.UINT16, "<u2", 257),
        ("bgr", PointField.UINT8, "u1", 1),
        ("bgra", PointField.UINT8, "u1", 1),
    ],
)
def test_colour_as_one_field_of_several_values(name: str, datatype, dtype, factor) -> None:
    count = len(name)
    points = np.zeros(len(POINTS), [("xyz", "<f4", 3), ("rgb", dtype, count)])
    points["xyz"] = POINTS
    colors = COLORS[:, ::-1] if name.startswith("b") else COLORS
    points["rgb"][:, :3] = colors * factor if dtype[1] == "f" else colors.astype(int) * factor
    message = PointCloud2(
        height=1,
        width=len(POINTS),
        fields=[
            *good().fields,
            PointField(name=name, offset=12, datatype=datatype, count=count),
        ],
        point_step=points.itemsize,
        row_step=points.nbytes,
        data=points.tobytes(),
    )
    np.testing.assert_array_equal(read_points(message)[1], COLORS)


def test_a_packed_float_that_became_a_double() -> None:
    floats = [np.uint32(packed(c)).view(np.float32) for c in COLORS]
    layout = [*XYZ, ("rgb", PointField.FLOAT64, 12)]
    rows = [(*p, float(f)) for p, f in zip(POINTS, floats, strict=True)]
    np.testing.assert_array_equal(read_points(build(layout, rows))[1], COLORS)


@pytest.mark.parametrize("datatype", [PointField.FLOAT32, PointField.FLOAT64])
@pytest.mark.parametrize("big", [False, True])
def test_a_packed_integer_that_became_a_float_with_its_value(datatype: int, big: bool) -> None:
    layout = [*XYZ, ("rgb", datatype, 12)]
    rows = [(*p, float(packed(c))) for p, c in zip(POINTS, COLORS, strict=True)]
    np.testing.assert_array_equal(read_points(build(layout, rows, big=big))[1], COLORS)


@pytest.mark.parametrize(
    "names", ["color_r color_g color_b", "scalar_Red scalar_Green scalar_Blue"]
)
def test_channels_with_a_word_in_front(names: str) -> None:
    layout = [*XYZ, *((n, PointField.UINT8, 12 + i) for i, n in enumerate(names.split()))]
    rows = [(*p, *map(int, c)) for p, c in zip(POINTS, COLORS, strict=True)]
    np.testing.assert_array_equal(read_points(build(layout, rows))[1], COLORS)
    layout[-1] = ("b", PointField.UINT8, 14)  # of another three: no colour
    assert np.ptp(read_points(build(layout, rows))[1]) == 0


def test_rows_without_a_usable_step_are_packed_with_bytes_to_spare_behind_them() -> None:
    message = build(XYZ, POINTS.tolist(), height=3)
    message.row_step, message.data = 0, bytes(message.data) + bytes(7)
    np.testing.assert_array_equal(read_points(message)[0], POINTS)


@pytest.mark.parametrize("names", ["X Y Z Red Green Blue", "X Y Z R G B", "x y z RGB", "X Y Z rgb"])
def test_names_in_capitals(names: str) -> None:
    """As converters of survey files write them."""
    xyz, colors = names.split()[:3], names.split()[3:]
    layout = [(name, PointField.FLOAT32, 4 * i) for i, name in enumerate(xyz)]
    if len(colors) == 1:
        layout.append((colors[0], PointField.UINT32, 12))
        rows = [(*p, packed(c)) for p, c in zip(POINTS, COLORS, strict=True)]
    else:
        layout += [(name, PointField.UINT8, 12 + i) for i, name in enumerate(colors)]
        rows = [(*p, *map(int, c)) for p, c in zip(POINTS, COLORS, strict=True)]
    points, read = read_points(build(layout, rows))
    np.testing.assert_array_equal(points, POINTS)
    np.testing.assert_array_equal(read, COLORS)


def test_the_fields_that_are_there_are_named_where_one_is_missing() -> None:
    message = good()
    message.fields[2].name = "depth"
    with pytest.raises(BadMessageError, match="no field z; there are 'x', 'y', 'depth'"):
        read_points(message)


def test_the_library_of_ros_and_our_own_path_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages byte by byte, arrays value by value; also what only one of the two can read."""
    library = pytest.importorskip(
        "sensor_msgs_py.point_cloud2", reason="sensor_msgs_py is not on PyPI; runs beside ROS"
    )
    rgb = ("rgb", PointField.FLOAT32, 16)
    intensity = ("intensity", PointField.UINT16, 12)
    rows = [
        (*p, 7, struct.unpack("<f", struct.pack("<I", packed(c)))[0])
        for p, c in zip(POINTS, COLORS, strict=True)
    ]
    clouds = [build([*XYZ, intensity, rgb], rows, point_step=32, height=h) for h in (1, 3)]
    clouds.append(build([*XYZ, intensity, rgb], rows, point_step=32, height=3, row_padding=10))
    clouds.append(build([*XYZ, intensity, rgb], rows, point_step=32, big=True))
    clouds.append(build(XYZ, [(np.nan, 0, 0), *(row[:3] for row in rows)]))
    calls = []
    for name in ("read_points", "create_cloud"):
        real = getattr(library, name)

        def counted(*arguments, name=name, real=real):
            calls.append(name)
            return real(*arguments)

        monkeypatch.setattr(library, name, counted)
    found = []
    for used in (library, None):
        monkeypatch.setattr(point_clouds, "ros_library", lambda used=used: used)
        written = [
            point_cloud_message(Header(frame_id="map"), POINTS[:n], COLORS[:n]) for n in (0, 1, 12)
        ]
        found.append((written, [read_points(cloud) for cloud in clouds]))
    assert calls == ["create_cloud"] * 2 + ["read_points"] * 3
    assert found[0][0] == found[1][0]
    for (points, colors), (own_points, own_colors) in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_array_equal(points, own_points)
        np.testing.assert_array_equal(colors, own_colors)
