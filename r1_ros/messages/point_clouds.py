"""sensor_msgs PointCloud2 to numpy and back: any field layout, no loop over points.

Where ROS's own `sensor_msgs_py` is installed (it is not on PyPI) it does the reading and writing of
what it can: it does not know padded rows, and swaps the bytes of the message itself. Either way the
message is checked first, and the result is the same.
"""

from __future__ import annotations

import array
import importlib
import sys
from functools import lru_cache
from types import ModuleType

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from r1_model.scene.point_colors import channels_of, colors_as_bytes, grey, unpacked
from r1_ros.runtime.errors import BadMessageError

_TYPES = {
    PointField.INT8: "i1",
    PointField.UINT8: "u1",
    PointField.INT16: "i2",
    PointField.UINT16: "u2",
    PointField.INT32: "i4",
    PointField.UINT32: "u4",
    PointField.FLOAT32: "f4",
    PointField.FLOAT64: "f8",
}
# All channels in one field: four bytes, or several values, whose order the name tells. The bytes
# of a word are BGR in memory, whichever of the two its name means.
_PACKED = ("rgb", "rgba", "bgr", "bgra")
_MOST_CHANNELS = 4


def read_points(message: PointCloud2) -> tuple[np.ndarray, np.ndarray]:
    """Points and colours of a cloud, organised or not; points that are not finite are left out.

    Colour comes from `rgb` or `rgba` (packed, as PCL does, or three and more values), else from
    `r`, `g`, `b` and their like (`point_colors`), else it is grey. Other fields are skipped,
    whatever they hold.

    Returns:
        points (N, 3) float32 metres and colors (N, 3) uint8, RGB.

    Raises:
        BadMessageError: no x, y, z; fields outside of the point; or too few bytes.
    """
    cloud = _records(message)
    points = np.stack([cloud[name] for name in "xyz"], -1).reshape(-1, 3)
    with np.errstate(over="ignore"):  # a double beyond float32 becomes infinite and is left out
        points = points.astype(np.float32)
    finite = np.isfinite(points)
    if finite.all():  # mostly, and a choice among so many takes longer than all else here
        return points, _colors(cloud)
    finite = finite.all(-1)
    return points[finite], _colors(cloud)[finite]


def point_cloud_message(header: Header, points: np.ndarray, colors: np.ndarray) -> PointCloud2:
    """Unorganised cloud with fields x, y, z and rgb (packed in a float32, as RViz expects).

    Args:
        header: frame and stamp.
        points: (N, 3) float32, metres.
        colors: (N, 3) uint8, RGB.
    """
    packed = np.empty((len(points), 4), np.float32)
    packed[:, :3] = points
    r, g, b = colors.astype(np.uint32).T
    packed[:, 3] = (r << 16 | g << 8 | b).view(np.float32)
    fields = [
        PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
        for index, name in enumerate(("x", "y", "z", "rgb"))
    ]
    library = ros_library()
    if library is not None and len(points) and sys.byteorder == "little":
        message = library.create_cloud(header, fields, packed)
        message.is_dense = True
        return message
    return PointCloud2(
        header=header,
        height=1,
        width=len(points),
        fields=fields,
        is_bigendian=False,
        point_step=16,
        row_step=16 * len(points),
        data=array.array("B", packed.astype("<f4", copy=False).tobytes()),
        is_dense=True,
    )


@lru_cache(1)
def ros_library() -> ModuleType | None:
    """`sensor_msgs_py.point_cloud2` where it is installed."""
    try:
        return importlib.import_module("sensor_msgs_py.point_cloud2")
    except ImportError:
        return None


def _records(message: PointCloud2) -> np.ndarray:
    """Structured view (height, width) of the message's bytes: coordinates and colour."""
    layout = _layout(message)
    height, width = message.height, message.width
    length, packed_row = len(message.data), width * message.point_step
    if not height and packed_row and length == packed_row:
        height = 1  # written by a driver that counts in width alone
    row_step = message.row_step if height > 1 else packed_row
    if length == packed_row * height or row_step < packed_row:
        row_step = packed_row  # whatever the message says: there is no room for padding
    needed = row_step * (height - 1) + packed_row if height and width else 0
    if length < needed:
        raise BadMessageError(
            "truncated data",
            f"{length} bytes in rows of {row_step}, {width}x{height} points of "
            f"{message.point_step} bytes take {needed}",
        )
    if not needed and length:
        raise BadMessageError(
            "bad cloud size", f"{length} bytes, but {width}x{height} points are none"
        )
    if not needed:
        return np.empty((0, 0), layout)
    library = ros_library()
    if library is not None and row_step == packed_row and _is_plain(message):
        return library.read_points(message).reshape(height, width)
    strides = (row_step, message.point_step)
    return np.ndarray((height, width), layout, memoryview(message.data), strides=strides)


def _layout(message: PointCloud2) -> np.dtype:
    """Where in a point the coordinates and the colour stand; of equal names the first counts.

    Names are told in small letters: converters of survey files write X, Y, Z and Red, Green, Blue.
    """
    fields: dict[str, PointField] = {}
    for field in message.fields:
        fields.setdefault(field.name.lower(), field)
    if missing := [name for name in "xyz" if name not in fields]:
        names = ", ".join(repr(field.name) for field in message.fields)
        raise BadMessageError(
            "bad point fields", f"no field {', '.join(missing)}; there are {names or 'none'}"
        )
    colors = [name for name in _PACKED if name in fields] or channels_of(fields) or ()
    wanted = {name: fields[name] for name in ("x", "y", "z", *colors)}
    formats = [_dtype(field, message) for field in wanted.values()]
    offsets = [field.offset for field in wanted.values()]
    return np.dtype(
        {
            "names": list(wanted),
            "formats": formats,
            "offsets": offsets,
            "itemsize": message.point_step,
        }
    )


def _dtype(field: PointField, message: PointCloud2) -> np.dtype:
    kind = _TYPES.get(field.datatype)
    if kind is None:
        raise BadMessageError(
            "unknown encoding", f"field {field.name!r} has datatype {field.datatype}"
        )
    dtype = np.dtype(kind).newbyteorder(">" if message.is_bigendian else "<")
    if field.count > 1 and field.name.lower() in _PACKED:
        dtype = np.dtype((dtype, min(field.count, _MOST_CHANNELS)))
    if field.offset + dtype.itemsize > message.point_step:
        raise BadMessageError(
            "bad point fields",
            f"field {field.name!r} at offset {field.offset} lies outside of a point "
            f"of {message.point_step} bytes",
        )
    return dtype


def _is_plain(message: PointCloud2) -> bool:
    """Can the library read it as it is? It counts fields of several values apart."""
    names = {field.name for field in message.fields}
    single = len(names) == len(message.fields) and all(f.count == 1 for f in message.fields)
    known = all(f.datatype in _TYPES and f.name.islower() for f in message.fields)
    return single and known and not message.is_bigendian and sys.byteorder == "little"


def _colors(cloud: np.ndarray) -> np.ndarray:
    """(N, 3) uint8 of the points in their order."""
    names = cloud.dtype.names or ()
    packed = next((name for name in _PACKED if name in names), None)
    if packed is not None:
        values = cloud[packed]
        values = values.reshape(cloud.size, values.size // max(cloud.size, 1))
        backwards = packed.startswith("b") and values.shape[1] >= 3
        return unpacked(values[:, 2::-1] if backwards else values)
    if (channels := channels_of(names)) is not None:
        return colors_as_bytes(np.stack([cloud[name].ravel() for name in channels], -1))
    return grey(cloud.size)
