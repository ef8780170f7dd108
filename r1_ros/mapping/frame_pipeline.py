"""From messages to the map: synchronise, wait for the transform, convert, fuse. No node in here."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2

from r1_model.geometry.poses import transform_points
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.cameras import Camera
from r1_ros.mapping.fusion_rate import FusionRate
from r1_ros.mapping.pose_jumps import PoseJump, PoseJumps
from r1_ros.mapping.rgbd_frame import make_frame, no_depth
from r1_ros.mapping.scene_map import SceneMap
from r1_ros.mapping.synchronizer import Synchronizer
from r1_ros.mapping.tsdf import check_pose
from r1_ros.messages.camera_info import CameraCache
from r1_ros.messages.geometry import stamp_of
from r1_ros.messages.point_clouds import read_points
from r1_ros.msg import SceneView
from r1_ros.runtime.diagnostics import InputCounts
from r1_ros.runtime.errors import BadMessageError
from r1_ros.tf.buffer import ExtrapolationError, TransformError
from r1_ros.tf.listener import Buffer
from r1_ros.tf.time_jumps import JUMPED, JumpWatch

POINTS = "points"

NO_TRANSFORM = "no transform in time"
TOO_OLD = "older than the transforms"
QUEUE_FULL = "too many frames wait for their transform"
RESET = "reset"
DEACTIVATED = "deactivated"
NO_STAMP = "zero stamp"


@dataclass(frozen=True)
class _Waiting:
    """Messages whose transform is not known yet.

    Attributes:
        messages: by input.
        camera: that they come from; None: they are a cloud.
        sensor: whose they are, for `FusionRate`; empty: several may have sent them.
        deadline: time.monotonic().
    """

    messages: dict[str, Any]
    camera: _CameraInputs | None
    sensor: str
    stamp: int
    frame_id: str
    deadline: float


@dataclass(frozen=True)
class _CameraInputs:
    """A camera, what its messages wait in for each other, and the last camera infos."""

    camera: Camera
    synchronizer: Synchronizer
    models: CameraCache


class FramePipeline:
    """Counts every message and fuses what it can.

    Args:
        config: gives the present parameters.
        buffer: transforms.
        scene_map: what frames are fused into.
        on_keyframe: called with each new keyframe.
        on_drop: called with (input, reason, detail) for each message that is not used.
        on_jump_back: called when time has jumped back.
        on_pose_jump: called when a camera's pose has jumped.
        cameras: that make the map together; messages are matched within each of them.
    """

    def __init__(
        self,
        config: Callable[[], MapperConfig],
        buffer: Buffer,
        scene_map: SceneMap,
        on_keyframe: Callable[[SceneView], None],
        on_drop: Callable[[str, str, str], None],
        on_jump_back: Callable[[], None],
        on_pose_jump: Callable[[PoseJump], None],
        cameras: Sequence[Camera] = (Camera(),),
    ) -> None:
        self._config, self._buffer, self._map = config, buffer, scene_map
        self._on_keyframe, self._on_jump = on_keyframe, on_jump_back
        self._on_pose_jump, self._poses = on_pose_jump, PoseJumps()
        self._rate = FusionRate()
        inputs = [*(name for camera in cameras for name in camera.inputs), POINTS]
        self.counts = {name: InputCounts() for name in inputs}
        # no method: its parts would hold the pipeline, and that the map, until garbage is collected
        self._drop = partial(_drop, self.counts, on_drop)
        # Callbacks of topics and of services come from different threads.
        self._lock = threading.RLock()
        first = config()
        slop = int(first.sync_slop * 1e9)
        self._watch: JumpWatch[tuple[Any, str, bool]] = JumpWatch(inputs, self._drop)
        self._cameras: dict[str, _CameraInputs] = {}  # by input
        for camera in cameras:
            waiting = Synchronizer(camera.inputs, slop, first.sync_queue_size, self._drop)
            own = _CameraInputs(camera, waiting, CameraCache(rectified=camera.rectified))
            self._cameras |= dict.fromkeys(camera.inputs, own)
        # Alone in its group: the synchroniser then only watches for repeats.
        self._points = Synchronizer((POINTS,), 0, 1, self._drop)
        self._waiting: deque[_Waiting] = deque()

    def add(self, name: str, message: Any, source: str = "", shared: bool = False) -> None:
        """Take a message of an input, one of `counts`; fuse it where its transform is known.

        Args:
            name: of the input.
            message: of its topic.
            source: tells messages of one stamp and frame apart.
            shared: several send on the topic, who cannot be told apart.
        """
        with self._lock:
            self.counts[name].receive()
            stamp = stamp_of(message.header.stamp)
            if stamp <= 0:
                self._drop(name, NO_STAMP)
                return
            frame = message.header.frame_id.lstrip("/")
            seen = self._watch.see(name, stamp, (message, source, shared), frame)
            if seen.jumped_to is not None:
                self._jump_back(seen.jumped_to)
            for ready_name, ready_stamp, item in seen.ready:
                self._synchronize(ready_name, ready_stamp, *item)

    def process(self) -> None:
        """Fuse what has its transform by now; drop what waited for too long."""
        for _ in range(len(self._waiting)):
            with self._lock:  # others get it between two frames
                if not self._waiting:
                    return
                waiting = self._waiting.popleft()
                if not self._try(waiting):
                    self._waiting.append(waiting)

    def pending(self, name: str) -> int:
        """Messages of an input that wait for partners or for their transform."""
        with self._lock:
            synchronizer = self._synchronizer(name)
            waiting = sum(name in item.messages for item in self._waiting)
            return self._watch.pending(name) + synchronizer.pending(name) + waiting

    def clear(self, reason: str = RESET) -> None:
        """Drop everything that waits."""
        with self._lock:
            self._watch.clear(reason)
            self._drop_waiting(reason)
            self._poses.clear()
            self._rate.clear()

    def _synchronize(self, name: str, stamp: int, message: Any, source: str, shared: bool) -> None:
        frame = message.header.frame_id.lstrip("/")
        group = self._synchronizer(name).add(name, stamp, message, frame, source)
        if group is None:
            return
        self._enqueue(group, self._cameras.get(name), shared)
        self.process()

    def _synchronizer(self, name: str) -> Synchronizer:
        return self._points if name == POINTS else self._cameras[name].synchronizer

    def _enqueue(
        self, messages: dict[str, Any], camera: _CameraInputs | None, shared: bool
    ) -> None:
        config = self._config()
        deadline = time.monotonic() + config.tf_timeout
        name = camera.camera.inputs[0] if camera else POINTS
        header = messages[name].header
        sensor = "" if shared else f"{name} {header.frame_id}"
        item = _Waiting(messages, camera, sensor, stamp_of(header.stamp), header.frame_id, deadline)
        self._waiting.append(item)
        if len(self._waiting) > config.max_waiting_frames:
            self._drop_group(self._waiting.popleft(), QUEUE_FULL)

    def _try(self, waiting: _Waiting) -> bool:
        """True where the messages are done with: fused or dropped."""
        config = self._config()
        try:
            T = self._buffer.lookup(config.scene_frame, waiting.frame_id, waiting.stamp)
        except TransformError as error:
            if isinstance(error, ExtrapolationError) and not error.into_future:
                self._drop_group(waiting, TOO_OLD, str(error))
                return True
            if time.monotonic() < waiting.deadline:
                return False
            self._drop_group(waiting, NO_TRANSFORM, str(error))
            return True
        if not self._rate.is_due(waiting.sensor, waiting.stamp, config.fusion_rate):
            for name in waiting.messages:
                self.counts[name].skip()
            return True
        try:
            if waiting.camera is None:
                self._fuse_points(waiting.messages[POINTS], T, config)
            else:
                self._fuse_images(waiting.messages, waiting.camera, T, config)
        except BadMessageError as error:
            self._drop_group(waiting, error.reason, str(error))
            return True
        self._rate.fused(waiting.sensor, waiting.stamp, config.fusion_rate)
        for name in waiting.messages:
            self.counts[name].integrate()
        return True

    def _fuse_images(
        self, messages: dict[str, Any], own: _CameraInputs, T: np.ndarray, config: MapperConfig
    ) -> None:
        color, depth, info = (messages[name] for name in own.camera.inputs)
        config = own.camera.applied(config)
        frame = make_frame(color, depth, own.models.get(info), info.header.frame_id, T, config)
        if not frame.depth.any():
            raise no_depth(depth, config)
        stamp, name = stamp_of(color.header.stamp), color.header.frame_id.lstrip("/")
        jump = self._poses.see(name, stamp, T, config.pose_jump)
        if jump is not None:
            self._on_pose_jump(jump)
        keyframe = self._map.add_frame(frame, config)
        if keyframe is not None:
            self._on_keyframe(keyframe)

    def _fuse_points(self, message: PointCloud2, T: np.ndarray, config: MapperConfig) -> None:
        check_pose(T)
        points, colors = read_points(message)
        distance = np.linalg.norm(points, axis=-1)
        near = (distance >= config.depth_min) & (distance <= config.depth_max)
        if not near.any():
            median = float(np.median(distance)) if len(points) else np.nan
            raise BadMessageError(
                "no valid points",
                f"{len(points)} finite, none within depth_min {config.depth_min:g} and depth_max "
                f"{config.depth_max:g} m; the median is {median:g} m away",
            )
        stamp = stamp_of(message.header.stamp)
        self._map.add_points(transform_points(T, points[near]), colors[near], stamp)

    def _drop_group(self, waiting: _Waiting, reason: str, detail: str = "") -> None:
        for name in waiting.messages:
            self._drop(name, reason, detail)

    def _drop_waiting(self, reason: str) -> None:
        for own in self._cameras.values():
            own.synchronizer.clear(reason)  # one camera's more than once: nothing waits then
        self._points.clear(reason)
        while self._waiting:
            self._drop_group(self._waiting.popleft(), reason)

    def _jump_back(self, stamp: int) -> None:
        self._drop_waiting(JUMPED)
        self._rate.clear()
        self._buffer.jump_back(stamp)
        if self._config().jump_back_reset:
            self._map.reset()
        self._on_jump()


def _drop(
    counts: dict[str, InputCounts],
    on_drop: Callable[[str, str, str], None],
    name: str,
    reason: str,
    detail: str = "",
) -> None:
    counts[name].drop(reason, detail)
    on_drop(name, reason, detail)
