"""Messages of the nodes as Rerun entities: what is logged, and under which names."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import rerun as rr
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import PointCloud2

from r1_ros.messages.camera_info import camera_model
from r1_ros.messages.geometry import pose_from_message
from r1_ros.messages.markers import object_color
from r1_ros.messages.plain import visible_text
from r1_ros.messages.point_clouds import read_points
from r1_ros.msg import GroundedObject, KnownObject, KnownObjects, PlanStep, SceneAnswer, SceneView
from r1_ros.runtime.errors import BadMessageError

MOST_POINTS = 300_000  # of one cloud: the viewer keeps every cloud, to scrub back through
_POINT_RADIUS_M = 0.012
_IMAGE_PLANE_M = 0.3
_LEVELS = {
    DiagnosticStatus.OK: "INFO",
    DiagnosticStatus.WARN: "WARN",
    DiagnosticStatus.STALE: "WARN",
}
_WARN = "WARN"
_KNOWN = (150, 150, 150)


@dataclass(frozen=True)
class ChosenView:
    """A keyframe that the model looked at, and why.

    Attributes:
        id: of the keyframe.
        utility, text_3d, image_3d, clip, coverage: see SelectViews.srv.
    """

    id: int
    utility: float
    text_3d: float
    image_3d: float
    clip: float
    coverage: float


class LiveRecording:
    """Logs to one recording stream, on two timelines.

    `time` is that of this machine: it goes on when a bag has ended. `ros_time` is that of the
    nodes, which each call takes [ns].

    Args:
        stream: connected to a viewer or a file already.
    """

    def __init__(self, stream: rr.RecordingStream) -> None:
        self._stream = stream
        self._levels: dict[str, tuple[bytes, str]] = {}
        self._places: dict[int, np.ndarray] = {}  # of keyframes: T_scene_camera
        self._pictures: dict[int, bytes] = {}
        stream.log("scene", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)

    def log_cloud(self, message: PointCloud2, now: int) -> None:
        """The map, thinned evenly to MOST_POINTS."""
        try:
            points, colors = read_points(message)
        except BadMessageError as error:
            self.log_line("map", f"a cloud that cannot be read: {error}", now, _WARN)
            return
        step = max(1, math.ceil(len(points) / MOST_POINTS))
        cloud = rr.Points3D(points[::step], colors=colors[::step], radii=_POINT_RADIUS_M)
        self._log("scene/cloud", cloud, now)

    def log_keyframe(self, message: SceneView, now: int) -> None:
        """A keyframe: its picture, where it was taken from, and the way of the camera so far."""
        try:
            pose, camera = pose_from_message(message.pose), camera_model(message.camera_info)
        except BadMessageError as error:
            self.log_line("map", f"a keyframe that cannot be read: {error}", now, _WARN)
            return
        picture = bytes(message.color.data)
        self._places[message.id], self._pictures[message.id] = pose, picture
        here = rr.Transform3D(translation=pose[:3, 3], mat3x3=pose[:3, :3])
        self._log("scene/camera", here, now)
        pinhole = rr.Pinhole(
            image_from_camera=camera.K,
            resolution=[message.camera_info.width, message.camera_info.height],
            camera_xyz=rr.ViewCoordinates.RDF,
            image_plane_distance=_IMAGE_PLANE_M,
        )
        self._log("scene/camera/color", pinhole, now)
        self._log("scene/camera/color", _jpeg(picture), now)
        way = np.array([place[:3, 3] for _, place in sorted(self._places.items())])
        self._log("scene/camera_path", rr.LineStrips3D([way], colors=[_KNOWN]), now)

    def has_keyframes(self, numbers: Sequence[int]) -> bool:
        """Were all of them logged?"""
        return all(number in self._pictures for number in numbers)

    def log_said(self, question: str, stage: str, text: str, now: int) -> None:
        """What the model has said so far, thinking included."""
        shown = visible_text(text)
        heading = f"**{visible_text(question)}** " if question else ""
        self._log("reasoning", _markdown(f"{heading}*{stage}*\n\n{_escaped(shown)}"), now)

    def log_answer(self, message: SceneAnswer, now: int) -> None:
        """An answer: words, thinking, boxes, steps, and how long it took."""
        asked = [f"**{_escaped(message.question)}**"] if message.question else []
        lines = [*asked, _escaped(message.answer)]
        if message.steps:
            lines.append(" → ".join(_escaped(_call(s)) for s in message.steps))  # no second list
        trained = "" if message.trained else ", weights are random"
        lines.append(f"*{message.task}, {message.total_seconds:.2f} s, {message.model}{trained}*")
        self._log("answer", _markdown("\n\n".join(lines)), now)
        if message.thinking:  # a report of a plan's end has none
            self.log_said(message.question, "thought", message.thinking, now)
        found = {item.id or str(n): item for n, item in enumerate(_objects_of(message))}
        self._log("scene/answer", _boxes(list(found.values())), now)
        for name in ("first_token_seconds", "total_seconds"):
            value = float(getattr(message, name))
            if math.isfinite(value) and value > 0:  # nor did it take a model's time
                self._log(f"timings/{name}", rr.Scalars(value), now)

    def log_views(self, question: str, chosen: Sequence[ChosenView], now: int) -> None:
        """Which keyframes were chosen for a question, best first, and why."""
        rows = [
            f"| {rank} | {v.id} | {v.utility:.2f} | {v.text_3d:.2f} | {v.image_3d:.2f} "
            f"| {v.clip:.2f} | {v.coverage:.0%} |"
            for rank, v in enumerate(chosen, 1)
        ]
        names = "| rank | keyframe | utility | text | image | clip | adds |"
        text = "\n".join([f"**{_escaped(question)}**\n", names, "|---" * 7 + "|", *rows])
        self._log("views/scores", _markdown(text), now)
        placed = [
            (r, v, self._places[v.id]) for r, v in enumerate(chosen, 1) if v.id in self._places
        ]
        marks = rr.Points3D(
            [place[:3, 3] for _, _, place in placed],
            labels=[str(rank) for rank, _, _ in placed],
            radii=0.04,
            colors=[(230, 159, 0)],
        )
        self._log("scene/chosen_views", marks, now)
        for rank, view in enumerate(chosen, 1):
            if view.id in self._pictures:
                self._log(f"views/{rank}", _jpeg(self._pictures[view.id]), now)

    def log_objects(self, message: KnownObjects, now: int) -> None:
        """All things that are known and there."""
        there = [item for item in message.objects if not item.gone]
        self._log("scene/objects", _boxes(there, _KNOWN), now)

    def log_step(self, step: PlanStep, status: str, steps_done: int, now: int) -> None:
        """How far a plan is; `status`: what its skill says, or that it waits for approval."""
        text = f"step {step.index}, {steps_done} done: {_call(step)}: {visible_text(status)}"
        self.log_line("plan", text, now)
        self._log("timings/steps_done", rr.Scalars(float(steps_done)), now)

    def log_health(self, statuses: Sequence[DiagnosticStatus], now: int) -> None:
        """What the nodes report, whenever it changes."""
        for status in statuses:
            said = (status.level, re.sub(r"\d+", "", status.message))  # a count is no news
            if self._levels.get(status.name) == said:
                continue
            self._levels[status.name] = said
            level = _LEVELS.get(status.level, "ERROR")
            self.log_line("health", f"{status.name}: {status.message}", now, level)

    def log_line(self, entity: str, text: str, now: int, level: str = "INFO") -> None:
        """A line of the log."""
        self._log(entity, rr.TextLog(visible_text(text, 2000), level=level), now)

    def _log(self, entity: str, what: rr.AsComponents, now: int) -> None:
        self._stream.set_time("time", timestamp=np.datetime64(time.time_ns(), "ns"))
        self._stream.set_time("ros_time", timestamp=np.datetime64(now, "ns"))
        self._stream.log(entity, what)


def _jpeg(content: bytes) -> rr.EncodedImage:
    return rr.EncodedImage(contents=content, media_type="image/jpeg")


def _markdown(text: str) -> rr.TextDocument:
    return rr.TextDocument(text, media_type=rr.MediaType.MARKDOWN)


def _escaped(text: str) -> str:
    """Words of a model or a room, with nothing that markdown would make a link or an image of."""
    return re.sub(r"([\\`*_\[\]<>#|!])", r"\\\1", visible_text(text))


def _call(step: PlanStep) -> str:
    """`pick(mug)`"""
    return visible_text(f"{step.action}({', '.join(step.arguments[:4]) or step.object})", 300)


def _objects_of(message: SceneAnswer) -> list[GroundedObject]:
    return [*message.objects, *(target for step in message.steps for target in step.targets)]


def _boxes(
    items: Sequence[GroundedObject | KnownObject], color: tuple[int, int, int] | None = None
) -> rr.Boxes3D:
    """Boxes with their names; what has no finite place is left out."""
    centers, sizes, turns, labels, colors = [], [], [], [], []
    for item in items:
        p, q, size = item.pose.position, item.pose.orientation, item.size
        numbers = (p.x, p.y, p.z, size.x, size.y, size.z)
        if not all(map(math.isfinite, numbers)):
            continue
        centers.append(numbers[:3])
        sizes.append(numbers[3:])
        turns.append(rr.Quaternion(xyzw=(q.x, q.y, q.z, q.w)))
        labels.append(visible_text(f"{item.label} {item.id}".strip(), 200))
        own = object_color(item.id)
        colors.append(color or tuple(round(255 * c) for c in (own.r, own.g, own.b)))
    return rr.Boxes3D(
        centers=centers,
        sizes=sizes,
        quaternions=turns,
        labels=labels,
        colors=colors,
        show_labels=color is None,  # those of all things hide the room; a pointer shows one
        fill_mode=rr.components.FillMode.MajorWireframe,
    )
