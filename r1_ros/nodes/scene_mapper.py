"""scene_mapper: fuses RGB-D images and point clouds into a map that can be asked for."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.qos_overriding_options import InvalidQosOverridesError
from rclpy.timer import Timer
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger

from r1_model.errors import R1Error
from r1_model.scene.scene import Scene
from r1_model.scene.storage import SceneNotFoundError
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping import services
from r1_ros.mapping.cameras import Camera, declared_cameras
from r1_ros.mapping.frame_pipeline import DEACTIVATED, RESET, FramePipeline
from r1_ros.mapping.mapper_inputs import MapperInputs
from r1_ros.mapping.pose_jumps import PoseJump
from r1_ros.mapping.scene_map import SceneMap
from r1_ros.mapping.snapshots import Snapshots
from r1_ros.mapping.status import map_status
from r1_ros.messages.geometry import header_message
from r1_ros.messages.point_clouds import point_cloud_message
from r1_ros.msg import ErrorCode, SceneView
from r1_ros.runtime.diagnostics import DiagnosticsPublisher
from r1_ros.runtime.errors import BadMessageError
from r1_ros.runtime.freed_memory import own_pages_for_large
from r1_ros.runtime.lifecycle import STEADY, ManagedNode, configured, end_process, spin_node
from r1_ros.srv import GetScene, LoadScene, SaveScene
from r1_ros.tf.listener import Buffer, TransformListener, make_buffer

_RETRY_S = 0.1  # how often waiting frames are looked at when no transform arrives
_LISTEN_S = 1.0  # how often inputs look whether their topic is still the right one
_LOG_PERIOD_S = 5.0


class _Parts(NamedTuple):
    """What `configure` makes."""

    cameras: list[Camera]
    map: SceneMap
    buffer: Buffer
    pipeline: FramePipeline


class SceneMapper(ManagedNode[MapperConfig]):
    """The node. Topics run in the spinning thread, services in another, saving in a third."""

    config_class = MapperConfig
    start_errors = (*ManagedNode.start_errors, InvalidQosOverridesError)

    def __init__(self, **node_arguments: Any) -> None:
        """See `ManagedNode`."""
        self._parts: _Parts | None = None
        self._inputs: MapperInputs | None = None
        self._listener: TransformListener | None = None
        self._diagnostics: DiagnosticsPublisher | None = None
        self._timers_active: list[Any] = []
        self._endpoints: list[tuple[Any, Any]] = []
        self._bad_transforms = 0
        self._not_saved = ""  # why the last automatic snapshot failed
        self._pose_jump: PoseJump | None = None  # the last one since the map was begun
        self._last_logged: dict[str, float] = {}
        self._cloud_timer: Timer | None = None
        super().__init__("scene_mapper", **node_arguments)
        declared_cameras(self, self.config)  # so that they can be listed and set before configure
        self.add_post_set_parameters_callback(self._follow_cloud_period)
        self._input_group = self.inline_group = MutuallyExclusiveCallbackGroup()
        self._service_group = MutuallyExclusiveCallbackGroup()
        self._storage_group = MutuallyExclusiveCallbackGroup()

    # Lifecycle.

    def configure(self) -> None:
        """Make the map, from a snapshot where the parameters ask for one."""
        config = self.config
        cameras = declared_cameras(self, config)
        scene_map = SceneMap(config)
        self._snapshots = Snapshots(config.snapshot_folder())
        self._restore(scene_map, config)
        self._published_revision = self._saved_revision = scene_map.revision
        buffer = make_buffer(config.tf_cache)
        pipeline = FramePipeline(
            lambda: self.config, buffer, scene_map, self._publish_keyframe, self._log_drop,
            self._log_jump, self._log_pose_jump, cameras,
        )  # fmt: skip
        self._parts = _Parts(cameras, scene_map, buffer, pipeline)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._cloud_publisher = self.create_publisher(
            PointCloud2,
            "~/cloud",
            latched,
            callback_group=self._service_group,
            event_callbacks=PublisherEventCallbacks(matched=self._greet_listener),
        )
        self._keyframe_publisher = self.create_publisher(SceneView, "~/keyframes", 10)
        self._endpoints = [
            (self.destroy_publisher, self._cloud_publisher),
            (self.destroy_publisher, self._keyframe_publisher),
        ]
        for kind, name, callback, group in (
            (GetScene, "~/get_scene", self._get_scene, self._service_group),
            (SaveScene, "~/save_scene", self._save_scene, self._storage_group),
            (LoadScene, "~/load_scene", self._load_scene, self._storage_group),
            (Trigger, "~/reset", self._reset, self._storage_group),
        ):
            service = self.create_service(kind, name, callback, callback_group=group)
            self._endpoints.append((self.destroy_service, service))
        self._diagnostics = DiagnosticsPublisher(
            self, config.diagnostics_period, self._statuses, self._service_group
        )

    def activate(self) -> None:
        """Listen."""
        self._listener = TransformListener(
            self, self._buffer, self._pipeline.process, self._log_bad_transform, self._input_group
        )
        self._inputs = MapperInputs(
            self,
            self._cameras,
            self.config.image_transport,
            self.config.input_queue_depth,
            self._pipeline.add,
            self._input_group,
        )
        for period, callback, group in (
            (_RETRY_S, self._pipeline.process, self._input_group),
            (_LISTEN_S, self._inputs.listen, self._input_group),
            (self.config.autosave_period, self._autosave, self._storage_group),
        ):
            if period > 0:
                self._timers_active.append(self.create_timer(period, callback, group, STEADY))
        self._cloud_timer = self.create_timer(
            self.config.cloud_period, self._publish_cloud, self._service_group, STEADY
        )
        self._timers_active.append(self._cloud_timer)
        self._publish_cloud(always=True)
        topic = self.resolve_topic_name
        pairs = [f"{topic(c.color_topic)} and {topic(c.depth_topic)}" for c in self._cameras]
        self.get_logger().info(
            f"mapping {', '.join(pairs)}, or {topic('points')}, in {self.config.scene_frame!r}"
        )

    def deactivate(self) -> None:
        """Stop to listen; the map stays."""
        for part in (self._inputs, self._listener):
            if part is not None:
                part.close()
        self._inputs = self._listener = None
        self._cloud_timer = None  # first: a parameter that changes meanwhile looks for it
        for timer in self._timers_active:
            self.destroy_timer(timer)
        self._timers_active.clear()
        if self._parts is not None:
            self._pipeline.clear(DEACTIVATED)
            if self.config.autosave_period > 0:
                self._autosave()

    def cleanup(self) -> None:
        """Drop the map, publishers and services."""
        if self._diagnostics is not None:
            self._diagnostics.close()
            self._diagnostics = None
        for destroy, endpoint in self._endpoints:
            destroy(endpoint)
        self._endpoints.clear()
        # all that hold the map: hundreds of megabytes, and a new one may come at once
        self._parts = None

    @property
    def _cameras(self) -> list[Camera]:
        return configured(self._parts).cameras

    @property
    def _map(self) -> SceneMap:
        return configured(self._parts).map

    @property
    def _buffer(self) -> Buffer:
        return configured(self._parts).buffer

    @property
    def _pipeline(self) -> FramePipeline:
        return configured(self._parts).pipeline

    def _restore(self, scene_map: SceneMap, config: MapperConfig) -> None:
        if config.autosave_period > 0:
            try:
                scene = self._snapshots.load_automatic()
                self._start_from(scene_map, scene, "the automatic snapshot")
                return
            except SceneNotFoundError:
                pass
            except (R1Error, ValueError) as error:  # a map from nothing beats no mapper
                self.get_logger().error(f"the last automatic snapshot is lost: {error}")
        if config.load_scene:
            name = config.load_scene
            self._start_from(scene_map, self._snapshots.load(name), repr(name))

    def _start_from(self, scene_map: SceneMap, scene: Scene, name: str) -> None:
        config = self.config
        if scene.frame_id != config.scene_frame:
            raise ValueError(f"{name} was saved in {scene.frame_id!r}, not {config.scene_frame!r}")
        scene_map.replace(scene, config)
        self.get_logger().info(
            f"loaded {name}: {len(scene.points)} points, {len(scene.views)} keyframes"
        )

    # Outputs.

    def _publish_keyframe(self, message: SceneView) -> None:
        self._keyframe_publisher.publish(message)

    def _greet_listener(self, _: object) -> None:
        if self.is_active:  # else who comes has what was last published, and activation publishes
            self._publish_cloud()

    def _publish_cloud(self, *, always: bool = False) -> None:
        parts = self._parts
        if parts is None:
            return  # somebody began to listen while it was let go
        if not always:
            # Read out for nobody, the map would take no frames meanwhile. Who comes is an event.
            heard = self._cloud_publisher.get_subscription_count() > 0
            if not heard or parts.map.revision == self._published_revision:
                return
        snapshot = parts.map.snapshot()
        self._published_revision = snapshot.revision
        scene = snapshot.scene
        header = header_message(scene.stamp, scene.frame_id)
        self._cloud_publisher.publish(point_cloud_message(header, scene.points, scene.colors))

    def _follow_cloud_period(self, changes: list[Parameter]) -> None:
        timer = self._cloud_timer
        for change in changes:
            if change.name == "cloud_period" and timer is not None:
                timer.timer_period_ns = int(change.value * 1e9)
                timer.reset()  # or the old period, of up to an hour, would have to end first

    def _autosave(self) -> None:
        snapshot = self._map.snapshot()
        if snapshot.revision in (0, self._saved_revision):
            return
        try:
            self._snapshots.save_automatic(snapshot.scene)
        except R1Error as error:
            self._not_saved = f"the map is not saved: {error}"
            self._warn("autosave", self._not_saved)
            return
        self._not_saved = ""
        self._saved_revision = snapshot.revision

    # Services.

    def _get_scene(self, request: GetScene.Request, response: GetScene.Response) -> Any:
        if self._refused(response):
            return response
        return services.get_scene(self._map, request)

    def _save_scene(self, request: SaveScene.Request, response: SaveScene.Response) -> Any:
        if self._refused(response):
            return response
        return services.save_scene(self._map, self._snapshots, request)

    def _load_scene(self, request: LoadScene.Request, response: LoadScene.Response) -> Any:
        if self._refused(response):
            return response
        response = services.load_scene(self._map, self._snapshots, request, self.config)
        if response.error_code == ErrorCode.NONE:
            self._pipeline.clear()
            self._pose_jump = None
        return response

    def _reset(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._pipeline.clear()
        self._map.reset()
        self._pose_jump = None
        self._snapshots.remove_automatic()
        response.success = True
        return response

    def _refused(self, response: Any) -> bool:
        self.wait_for_start()
        if self.is_active:
            return False
        response.error_code = ErrorCode.INACTIVE
        response.error_msg = "scene_mapper is not active"
        return True

    # Diagnostics and log.

    def _statuses(self) -> list[DiagnosticStatus]:
        inputs = None
        if self._inputs is not None:
            inputs = self._inputs.statuses(self._pipeline.counts, self._pipeline.pending)
        listener = self._listener  # deactivation takes it away
        unheard = () if listener is None else listener.conflicts()
        warnings = [str(self._pose_jump or ""), self._not_saved]
        about_map = map_status(
            self, self._map, self.config, self._bad_transforms, inputs, unheard, warnings
        )
        return [about_map, *(inputs or ())]

    def _log_drop(self, name: str, reason: str, detail: str) -> None:
        if reason not in (RESET, DEACTIVATED):  # somebody asked for these
            self._warn(reason, f"dropped {name}: {detail or reason}")

    def _log_jump(self) -> None:
        kept = "starting a new map" if self.config.jump_back_reset else "the map stays"
        self._warn("jump", f"time jumped back; {kept}")

    def _log_pose_jump(self, jump: PoseJump) -> None:
        self._pose_jump = jump
        self._warn("pose jump", str(jump))

    def _log_bad_transform(self, error: BadMessageError) -> None:
        self._bad_transforms += 1
        self._warn(error.reason, str(error))

    def _warn(self, key: str, text: str) -> None:
        now = time.monotonic()
        if now - self._last_logged.get(key, -_LOG_PERIOD_S) >= _LOG_PERIOD_S:
            self._last_logged[key] = now
            self.get_logger().warning(text)


def main() -> None:
    """Entry point of the executable."""
    own_pages_for_large()
    end_process(spin_node(SceneMapper))


if __name__ == "__main__":
    main()
