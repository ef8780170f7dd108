"""Every parameter of every node: the one table behind descriptors, validation and documentation."""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass
from pathlib import Path

from r1_model.objects.words import (
    ObjectWords,
    ObjectWordsError,
    read_classes,
    read_rooms,
    read_synonyms,
)
from r1_ros.configuration.parameter_schema import (
    NICENESS,
    InvalidParameterError,
    NodeConfig,
    ParameterGroup,
    parameter,
)

_CAMERA_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # part of topic and parameter names
_MOST_CAMERAS = 16
# Parameters that rclpy gives to every node; a camera's would lie below one of them.
_OTHERS = ("use_sim_time", "qos_overrides", "start_type_description_service", "points")


@dataclass(frozen=True)
class CameraConfig(ParameterGroup):
    """Parameters of scene_mapper for one of several cameras, as `NAME.color_topic`."""

    color_topic: str = parameter("", "Colour images; empty: NAME/color/image.")
    depth_topic: str = parameter("", "Depth images, registered to colour; empty: NAME/depth/image.")
    camera_info_topic: str = parameter("", "Intrinsics; empty: NAME/color/camera_info.")
    images_rectified: bool = parameter(
        False, "Images are rectified already: use P of the camera info and ignore its distortion."
    )
    depth_min: float = parameter(
        0.0, "Nearer depth is ignored [m]; set together with NAME.depth_max.", low=0.0, high=65.0
    )
    depth_max: float = parameter(
        0.0, "Farther depth is ignored [m]; 0: depth_min and depth_max of all.", low=0.0, high=65.0
    )

    def check(self) -> None:
        """Rules that span parameters."""
        if (self.depth_min or self.depth_max) and self.depth_min >= self.depth_max:
            raise InvalidParameterError(
                f"depth_min ({self.depth_min}) must be below depth_max ({self.depth_max})"
            )


@dataclass(frozen=True)
class MapperConfig(NodeConfig):
    """Parameters of scene_mapper."""

    # beside a camera there is always more to fuse; a question waits for its answer
    niceness: int = parameter(5, NICENESS, low=0, high=19)

    # Frames
    scene_frame: str = parameter("map", "tf frame of the map; z must point up.")
    tf_timeout: float = parameter(
        1.0, "How long a frame waits for its transform before it is dropped [s].", low=0.0, high=30
    )
    tf_cache: float = parameter(10.0, "How far back transforms are kept [s].", low=1.0, high=600.0)
    max_waiting_frames: int = parameter(
        30, "Frames that wait for their transform at most; the oldest is dropped.", low=1, high=1000
    )

    # Inputs
    cameras: str = parameter(
        "",
        "Names of several cameras that make one map, as 'front, rear'; empty: one camera on "
        "color/image, depth/image and color/camera_info.",
    )
    image_transport: str = parameter(
        "auto",
        "Image topics to listen to; auto: both, and only raw ones as soon as those arrive.",
        choices=("auto", "raw", "compressed"),
    )
    images_rectified: bool = parameter(
        False, "Images are rectified already: use P of the camera info and ignore its distortion."
    )
    sync_slop: float = parameter(
        0.02, "Largest time between colour, depth and camera info of a frame [s].", low=0.0, high=1
    )
    sync_queue_size: int = parameter(
        30, "Messages of each input kept for synchronisation.", low=1, high=1000
    )
    input_queue_depth: int = parameter(
        30, "Messages of each input that the middleware keeps for the node.", low=1, high=1000
    )
    jump_back_reset: bool = parameter(
        False, "Start a new map when time jumps back, as when a bag is played in a loop.", live=True
    )

    pose_jump: float = parameter(
        0.3,
        "A camera that moves by more between two frames than this and 1.5 m/s has jumped (loop "
        "closure, relocalisation): told on /diagnostics until ~/reset [m]; 0: never.",
        low=0.0,
        high=100.0,
        live=True,
    )

    # Fusion
    voxel_size: float = parameter(
        0.02, "Edge length of the voxels of the map [m].", low=0.005, high=0.5
    )
    depth_min: float = parameter(0.1, "Nearer depth is ignored [m].", low=0.0, high=65.0, live=True)
    depth_max: float = parameter(
        4.0, "Farther depth is ignored [m].", low=0.1, high=65.0, live=True
    )
    fusion_rate: float = parameter(
        10.0,
        "Image pairs of each camera and clouds of each sensor that are fused in a second at most, "
        "by their stamps; the others are counted as skipped [Hz]; 0: all.",
        low=0.0,
        high=1000.0,
        live=True,
    )
    min_observations: float = parameter(
        2.0, "Observations that a surface needs to become part of the cloud.", low=1.0, high=100.0
    )
    max_blocks: int = parameter(
        40_000,
        "Blocks of 8x8x8 voxels in memory at most (10 kB each); then frames are dropped.",
        low=100,
        high=10_000_000,
    )
    max_cloud_points: int = parameter(
        2_000_000,
        "Voxels fused from point clouds at most; then clouds are dropped.",
        low=1000,
        high=100_000_000,
    )

    # Keyframes
    keyframe_translation: float = parameter(
        0.25, "Camera movement that makes a new keyframe [m].", low=0.0, high=10.0, live=True
    )
    keyframe_rotation: float = parameter(
        0.35, "Camera rotation that makes a new keyframe [rad].", low=0.0, high=3.2, live=True
    )
    keyframe_overlap: float = parameter(
        0.6,
        "Share of the image seen by the last keyframe below which a new one is made.",
        low=0.0,
        high=1.0,
        live=True,
    )
    max_keyframes: int = parameter(
        100, "Keyframes kept at most; then the most redundant one goes.", low=2, high=10_000
    )

    # Outputs
    cloud_period: float = parameter(
        2.0, "Shortest time between two messages on ~/cloud [s].", low=0.1, high=3600.0, live=True
    )
    snapshot_directory: str = parameter(
        "", "Folder of saved scenes; empty: r1_scenes in $ROS_HOME or ~/.ros."
    )
    load_scene: str = parameter("", "Name of a saved scene to start from; empty: start empty.")
    autosave_period: float = parameter(
        0.0,
        "Time between automatic snapshots [s]; a node that was killed starts from the last one. "
        "0: never.",
        low=0.0,
        high=86_400.0,
    )

    def check(self) -> None:
        """Rules that span parameters."""
        if not self.scene_frame:
            raise InvalidParameterError("scene_frame must not be empty")
        self.camera_names()
        if self.depth_min >= self.depth_max:
            raise InvalidParameterError(
                f"depth_min ({self.depth_min}) must be below depth_max ({self.depth_max})"
            )

    def camera_names(self) -> tuple[str, ...]:
        """Names of several cameras; empty where there is one without a name.

        Raises:
            InvalidParameterError: there are too many, one stands twice or cannot be a name.
        """
        names = tuple(part for part in re.split(r"[,\s]+", self.cameras) if part)
        taken = {spec.name for spec in dataclasses.fields(self)} | set(_OTHERS)
        for index, name in enumerate(names):
            if not _CAMERA_NAME.fullmatch(name) or name in taken:
                raise InvalidParameterError(f"cameras: {name!r} cannot be the name of a camera")
            if name in names[:index]:
                raise InvalidParameterError(f"cameras: {name!r} stands there twice")
        if len(names) > _MOST_CAMERAS:
            raise InvalidParameterError(
                f"cameras: {_MOST_CAMERAS} at most, got {len(names)}: {self.cameras!r}"
            )
        return names

    def snapshot_folder(self) -> Path:
        """The folder of saved scenes, with the default filled in."""
        return _folder(self.snapshot_directory, "r1_scenes")


@dataclass(frozen=True)
class ReasonerConfig(NodeConfig):
    """Parameters of scene_reasoner."""

    model: str = parameter("r1-tiny", "Preset (r1-tiny, ...) or folder of a checkpoint.")
    device: str = parameter("auto", "auto, cpu, cuda or cuda:N.")
    dtype: str = parameter(
        "auto", "Number format of the weights.", choices=("auto", "float32", "bfloat16")
    )
    quantization: str = parameter(
        "none",
        "Number format of the language model's layers; all but none need the package torchao.",
        choices=("none", "fp8", "int8", "int4"),
    )
    torch_threads: int = parameter(
        0,
        "Threads of the model on a CPU; 0: half of the cores, and no more than OMP_NUM_THREADS. "
        "They spin while they wait, which takes the cores from other nodes.",
        low=0,
        high=256,
    )
    num_views: int = parameter(
        6, "Views shown to the model for a question.", low=0, high=64, live=True
    )
    max_new_tokens: int = parameter(
        0,
        "Length of an answer at most [tokens]; 0: what its task needs.",
        low=0,
        high=32_768,
        live=True,
    )
    max_question_chars: int = parameter(
        1000, "Longer questions are refused [characters].", low=1, high=1000, live=True
    )
    request_timeout: float = parameter(
        60.0, "Deadline of a request that sets none [s].", low=0.1, high=86_400.0, live=True
    )
    hang_timeout: float = parameter(
        60.0,
        "A model that does not come back for so long after its request was ended hangs: the node "
        "ends with status 1, to be started again [s]; 0: never.",
        low=0.0,
        high=86_400.0,
        live=True,
    )
    queue_size: int = parameter(
        4, "Requests that wait while another runs; 0: refuse them.", low=0, high=100, live=True
    )
    feedback_period: float = parameter(
        0.1, "Shortest time between two feedbacks of a request [s].", low=0.1, high=10.0, live=True
    )
    scene_service: str = parameter(
        "scene_mapper/get_scene", "Where the scene comes from (relative to the namespace)."
    )
    scene_timeout: float = parameter(
        10.0, "How long to wait for the scene [s].", low=0.1, high=600.0, live=True
    )
    base_frame: str = parameter(
        "base_link", "tf frame of the robot's base, x forward: where VIEWPOINT_ROBOT looks."
    )
    busy_scene_age: float = parameter(
        10.0,
        "While requests wait for each other, an answer may be about a map that was fetched so long "
        "ago [s]; 0: about one fetched after it was asked, as when nothing waits.",
        low=0.0,
        high=600.0,
        live=True,
    )
    max_scene_points: int = parameter(
        500_000, "Points of the map that are fetched at most; 0: all.", low=0, high=100_000_000
    )
    max_scene_views: int = parameter(
        100, "Keyframes that are fetched at most; 0: all.", low=0, high=10_000
    )
    max_sessions: int = parameter(
        100, "Dialogues remembered; the one unused for longest is forgotten.", low=1, high=100_000
    )
    max_turns: int = parameter(
        20, "Turns of a dialogue shown to the model.", low=1, high=1000, live=True
    )

    # Objects
    objects_period: float = parameter(
        0.0,
        "How often a map that changes is looked through for ~/objects, when nothing is asked [s]; "
        "0: only with questions and list_objects.",
        low=0.0,
        high=3600.0,
    )
    keep_objects: bool = parameter(
        True, "Keep what is known of objects on disk, so that their ids outlive a restart."
    )
    objects_directory: str = parameter(
        "", "Folder of known objects; empty: r1_objects in $ROS_HOME or ~/.ros."
    )
    object_synonyms: str = parameter(
        "", "Other names of labels, as 'mug: cup, coffee mug; sofa: couch'.", live=True
    )
    object_classes: str = parameter(
        "",
        "Classes of one's own: a label and perhaps from and to how long [m], as 'kettlebell: ball "
        "0.1 0.4; dock: box'.",
        live=True,
    )
    rooms: str = parameter(
        "",
        "Rooms of the map by two corners x y x y [m], as 'kitchen: 0 0 4 3; hall: 4 0 6 8'.",
        live=True,
    )

    def check(self) -> None:
        """The words about objects can be read."""
        try:
            self.object_words()
        except ObjectWordsError as error:
            raise InvalidParameterError(str(error)) from None

    def object_words(self) -> ObjectWords:
        """What the parameters say about objects."""
        return ObjectWords(
            read_synonyms(self.object_synonyms),
            read_rooms(self.rooms),
            read_classes(self.object_classes),
        )

    def objects_folder(self) -> Path | None:
        """The folder of known objects, with the default filled in; None: they are not kept."""
        if not self.keep_objects:
            return None
        return _folder(self.objects_directory, "r1_objects")


@dataclass(frozen=True)
class ExecutorConfig(NodeConfig):
    """Parameters of plan_executor."""

    scene_frame: str = parameter("map", "Frame of the boxes of plans that name none.")
    robot: str = parameter(
        "skill_servers",
        "Who carries the steps out: skill servers of the robot, Nav2 (navigate_to only), both "
        "(Nav2 drives), or a simulated robot for demos and tests.",
        choices=("skill_servers", "nav2", "nav2+skills", "simulated"),
    )
    skill_namespace: str = parameter(
        "skills", "Where the skill servers are (relative to the namespace)."
    )
    skill_timeout: float = parameter(
        120.0, "A skill that runs for longer has failed [s].", low=0.1, high=86_400.0, live=True
    )
    server_timeout: float = parameter(
        2.0,
        "How long a plan waits for the skill servers that it needs [s].",
        low=0.0,
        high=600.0,
        live=True,
    )
    stop_timeout: float = parameter(
        5.0, "How long a cancelled skill may take to stop [s].", low=0.0, high=60.0, live=True
    )
    navigate_action: str = parameter(
        "navigate_to_pose", "Nav2's action (relative to the namespace), for the robot nav2."
    )
    approach_distance: float = parameter(
        0.6, "How far from an object the robot nav2 stops [m].", low=0.0, high=10.0, live=True
    )
    costmap_topic: str = parameter(
        "global_costmap/costmap",
        "Nav2's costmap (relative to the namespace): the robot nav2 does not try sides of an "
        "object that it has no room at.",
    )
    report_service: str = parameter(
        "scene_reasoner/report_plan",
        "Who is told how the plan of a dialogue went (relative to the namespace).",
    )
    scene_service: str = parameter(
        "scene_mapper/get_scene",
        "Whose map plans must lie in (relative to the namespace); empty: plans are not checked.",
    )
    ask_service: str = parameter(
        "ask",
        "Who looks for what a plan assumes, before the robot acts on it (relative to the "
        "namespace).",
    )
    objects_service: str = parameter(
        "list_objects",
        "Who knows whether a thing is still where the plan has it, before each step (relative to "
        "the namespace); empty: nobody is asked.",
    )
    verify_timeout: float = parameter(
        10.0,
        "How long a thing that a plan assumes may take to be seen [s].",
        low=0.0,
        high=600.0,
        live=True,
    )
    require_approval: bool = parameter(
        False, "Nothing moves before a call of ~/approve says yes to the plan.", live=True
    )
    approval_timeout: float = parameter(
        60.0,
        "A plan that nobody approves is given up after this [s].",
        low=0.1,
        high=86_400.0,
        live=True,
    )
    replan: bool = parameter(
        False,
        "A step that fails does not end the plan: it goes on with what changed, for example where "
        "a thing is now.",
        live=True,
    )
    max_replans: int = parameter(
        3, "How often one plan may go on after a failure.", low=1, high=100, live=True
    )
    replan_may_open: bool = parameter(
        False,
        "Replanning may open doors and containers that the plan itself does not open. What the "
        "request forbade is not known here: leave it off where people forbid things.",
        live=True,
    )
    simulated_step_seconds: float = parameter(
        0.2, "How long a simulated skill takes, without the way [s].", low=0.0, high=60.0
    )
    simulated_speed: float = parameter(
        1.0, "How fast the simulated robot drives [m/s].", low=0.01, high=1e6
    )
    simulated_radius: float = parameter(
        0.2, "Radius of the simulated robot, which is an upright cylinder [m].", low=0.05, high=2.0
    )
    simulated_height: float = parameter(
        1.2, "Its height [m]: what hangs higher is driven under.", low=0.1, high=5.0
    )


def _folder(given: str, default: str) -> Path:
    if given:
        return Path(given).expanduser()
    return Path(os.environ.get("ROS_HOME") or Path.home() / ".ros") / default


CONFIGS: dict[str, type[NodeConfig]] = {
    "scene_mapper": MapperConfig,
    "scene_reasoner": ReasonerConfig,
    "plan_executor": ExecutorConfig,
}
