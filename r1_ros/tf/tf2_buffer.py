"""tf2's own buffer behind the interface of `buffer.TransformBuffer`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import tf2_py
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time

from r1_ros.messages.geometry import transform_from_message, transform_message
from r1_ros.tf.buffer import (
    DisconnectedError,
    ExtrapolationError,
    TransformError,
    UnknownFrameError,
    clean_edge,
)
from r1_ros.tf.time_jumps import EdgeRounds


@dataclass
class _Edge:
    """What tf2 was given of one moving edge in the present round: it cannot forget a part."""

    samples: list[tuple[int, TransformStamped]] = field(default_factory=list)
    rounds: EdgeRounds[TransformStamped] = field(default_factory=EdgeRounds)


class Tf2Buffer:
    """Transforms of the last `cache_seconds`; static ones for ever."""

    def __init__(self, cache_seconds: float = 10.0) -> None:
        self._cache = int(cache_seconds * 1e9)
        self._core = tf2_py.BufferCore(Duration(seconds=cache_seconds))
        self._edges: dict[str, _Edge] = {}
        self._parents: dict[str, str] = {}

    def set_transform(
        self, parent: str, child: str, stamp: int, T: np.ndarray, *, static: bool = False
    ) -> None:
        """See `buffer.TransformBuffer.set_transform`."""
        parent, child = clean_edge(parent, child)  # tf2 itself only logs that it refuses one
        message = transform_message(stamp, parent, child, T)
        try:
            if static:
                self._core.set_transform_static(message, "r1_ros")
                self._parents[child] = parent
                return
            edge = self._edges.setdefault(child, _Edge())
            new_round, samples = edge.rounds.add(stamp, message)
            if new_round:
                edge.samples.clear()
                self._refill()
            self._insert(edge, samples)
            self._parents[child] = parent
        except (tf2_py.TransformException, ValueError) as error:
            raise TransformError(str(error)) from None

    def lookup(self, target: str, source: str, stamp: int) -> np.ndarray:
        """See `buffer.TransformBuffer.lookup`."""
        time = Time(nanoseconds=max(stamp, 1))  # 0 would be the newest, whatever the image shows
        try:
            found = self._core.lookup_transform_core(target.lstrip("/"), source.lstrip("/"), time)
        except tf2_py.ExtrapolationException as error:
            newest = (edge.samples[-1][0] for edge in self._edges.values() if edge.samples)
            # of a frame with one sample tf2 does not say which way
            one_sample = "into the past" not in str(error) and stamp >= min(newest, default=0)
            into_future = "into the future" in str(error) or one_sample
            raise ExtrapolationError(str(error), into_future=into_future) from None
        except tf2_py.ConnectivityException as error:
            raise DisconnectedError(str(error)) from None
        except (tf2_py.LookupException, tf2_py.InvalidArgumentException) as error:
            reason = str(error).strip()
            raise UnknownFrameError(f"no way from {source!r} to {target!r}: {reason}") from None
        return transform_from_message(found.transform)

    def jump_back(self, stamp: int) -> None:
        """See `buffer.TransformBuffer.jump_back`."""
        held = []
        for edge in self._edges.values():
            new_round, samples = edge.rounds.jump_back(stamp, self._cache)
            if new_round:
                edge.samples.clear()
            held.append((edge, samples))
        self._refill()
        for edge, samples in held:
            self._insert(edge, samples)

    def frames(self) -> dict[str, str]:
        """See `buffer.TransformBuffer.frames`."""
        return dict(self._parents)

    def _insert(self, edge: _Edge, samples: list[tuple[int, TransformStamped]]) -> None:
        for stamp, message in samples:
            self._core.set_transform(message, "r1_ros")
            edge.samples.append((stamp, message))
        oldest = (edge.rounds.newest or 0) - self._cache
        while edge.samples and edge.samples[0][0] < oldest:
            del edge.samples[0]

    def _refill(self) -> None:
        self._core.clear()  # static transforms stay
        for edge in self._edges.values():
            for _, message in edge.samples:
                self._core.set_transform(message, "r1_ros")
