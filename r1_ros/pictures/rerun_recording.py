"""A Rerun recording (.rrd) of a scene: cloud, cameras with their images, boxes, answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rerun as rr
import rerun.blueprint as rrb
from scipy.spatial.transform import Rotation

from r1_model.scene.scene import View
from r1_ros.pictures.page import PageEntry
from r1_ros.pictures.top_down import PictureBox


class SceneRecording:
    """Writes one .rrd file; use as a context manager. Open it with `rerun FILE`.

    Args:
        path: the file to write; its folder must exist. None: a viewer is opened instead.
        title: name of the recording in the viewer.
    """

    def __init__(self, path: Path | str | None, title: str) -> None:
        self._stream = rr.RecordingStream("r1_ros", recording_id=title)
        if path is None:
            self._stream.spawn(default_blueprint=_blueprint())
        else:
            self._stream.save(str(path), default_blueprint=_blueprint())
        self._stream.log("scene", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        self._answers = 0

    def __enter__(self) -> SceneRecording:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()
        self._stream.disconnect()

    def log_cloud(self, points: np.ndarray, colors: np.ndarray, radius: float = 0.008) -> None:
        """Log the cloud: `points` (N, 3) metres, `colors` (N, 3) uint8."""
        self._stream.log(
            "scene/cloud", rr.Points3D(points, colors=colors, radii=radius), static=True
        )

    def log_way(self, places: np.ndarray) -> None:
        """Log a way that a robot has driven: `places` (N, 3) metres; where it is, pose by pose."""
        self._stream.log("scene/way", rr.LineStrips3D([places], radii=0.02), static=True)
        for number, place in enumerate(places):
            self._stream.set_time("pose", sequence=number)
            self._stream.log("scene/robot", rr.Points3D([place], radii=0.1))

    def log_views(self, views: Sequence[View], jpeg_quality: int = 75) -> None:
        """Log posed images, on the timeline of their stamps; the camera's path as a line."""
        for view in views:
            self._stream.set_time("stamp", timestamp=np.datetime64(view.stamp, "ns"))
            T = view.T_scene_camera
            self._stream.log("scene/camera", rr.Transform3D(translation=T[:3, 3], mat3x3=T[:3, :3]))
            height, width = view.depth.shape
            pinhole = rr.Pinhole(
                image_from_camera=view.K,
                resolution=[width, height],
                camera_xyz=rr.ViewCoordinates.RDF,
                image_plane_distance=0.4,
            )
            self._stream.log("scene/camera/color", pinhole)
            image = rr.Image(view.color).compress(jpeg_quality=jpeg_quality)
            self._stream.log("scene/camera/color", image)
        self._stream.reset_time()
        if views:
            path = np.array([view.T_scene_camera[:3, 3] for view in views])
            line = rr.LineStrips3D([path], colors=[[90, 90, 90]])
            self._stream.log("scene/camera_path", line, static=True)

    def log_boxes(self, entity: str, boxes: Sequence[PictureBox]) -> None:
        """Log boxes below `scene/`, at the number of the answer that they belong to."""
        self._stream.log(
            f"scene/{entity}",
            rr.Boxes3D(
                centers=[box.center for box in boxes],
                sizes=[box.size for box in boxes],
                quaternions=[
                    rr.Quaternion(xyzw=Rotation.from_matrix(box.R).as_quat()) for box in boxes
                ],
                labels=[box.label for box in boxes],
                colors=[box.color for box in boxes],
            ),
        )

    def log_answer(self, entry: PageEntry, boxes: Sequence[PictureBox]) -> None:
        """Log the next question with its answer, on the timeline `answer`."""
        self._stream.set_time("answer", sequence=self._answers)
        self._answers += 1
        text = f"**{entry.question}**\n\n{entry.answer}\n\n*{entry.heading}*"
        self._stream.log("answer", rr.TextDocument(text, media_type=rr.MediaType.MARKDOWN))
        self.log_boxes("answer", boxes)
        self._stream.reset_time()


def _blueprint() -> rrb.Blueprint:
    return rrb.Blueprint(
        rrb.Horizontal(
            rrb.Spatial3DView(origin="scene", name="Scene"),
            rrb.Vertical(
                rrb.TextDocumentView(origin="answer", name="Answer"),
                rrb.Spatial2DView(origin="scene/camera/color", name="Camera"),
            ),
            column_shares=[3, 1],
        ),
        collapse_panels=True,
    )
