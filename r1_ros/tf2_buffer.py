"""tf2's own buffer behind the interface of `transforms.TransformBuffer`."""

from __future__ import annotations

import numpy as np
import tf2_py
from rclpy.duration import Duration
from rclpy.time import Time

from r1_ros.geometry_messages import transform_from_message, transform_message
from r1_ros.transforms import (
    DisconnectedError,
    ExtrapolationError,
    TransformError,
    UnknownFrameError,
)


class Tf2Buffer:
    """Transforms of the last `cache_seconds`; static ones for ever."""

    def __init__(self, cache_seconds: float = 10.0) -> None:
        self._core = tf2_py.BufferCore(Duration(seconds=cache_seconds))
        self._newest: dict[str, int] = {}

    def set_transform(
        self, parent: str, child: str, stamp: int, T: np.ndarray, *, static: bool = False
    ) -> None:
        """See `transforms.TransformBuffer.set_transform`."""
        message = transform_message(stamp, parent, child, T)
        try:
            if static:
                self._core.set_transform_static(message, "r1_ros")
            else:
                self._core.set_transform(message, "r1_ros")
                self._newest[child] = max(stamp, self._newest.get(child, 0))
        except (tf2_py.TransformException, ValueError) as error:
            raise TransformError(str(error)) from None

    def lookup(self, target: str, source: str, stamp: int) -> np.ndarray:
        """See `transforms.TransformBuffer.lookup`."""
        time = Time(nanoseconds=stamp)
        try:
            found = self._core.lookup_transform_core(target.lstrip("/"), source.lstrip("/"), time)
        except tf2_py.ExtrapolationException as error:
            into_future = "future" in str(error) or stamp >= min(self._newest.values(), default=0)
            raise ExtrapolationError(str(error), into_future=into_future) from None
        except tf2_py.ConnectivityException as error:
            raise DisconnectedError(str(error)) from None
        except (tf2_py.LookupException, tf2_py.InvalidArgumentException) as error:
            raise UnknownFrameError(str(error)) from None
        return transform_from_message(found.transform)

    def jump_back(self, stamp: int) -> None:
        """Forget all moving transforms: tf2 cannot forget a part of them."""
        self._core.clear()
        self._newest.clear()
