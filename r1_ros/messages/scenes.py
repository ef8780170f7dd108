"""`View` and `Scene` to SceneView and GetScene.Response, and back."""

from __future__ import annotations

import array
from collections.abc import Sequence

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage

from r1_model.scene.scene import InvalidSceneError, Scene, View
from r1_ros.messages.camera_info import camera_model
from r1_ros.messages.geometry import header_message, pose_from_message, pose_message, stamp_of
from r1_ros.messages.images import color_image, depth_image, depth_metres, depth_millimetres
from r1_ros.messages.point_clouds import point_cloud_message, read_points
from r1_ros.msg import SceneView
from r1_ros.runtime.errors import BadMessageError
from r1_ros.srv import GetScene

JPEG_QUALITY = 95


def view_to_message(view: View, scene_frame: str) -> SceneView:
    """Colour as JPEG, depth as 16-bit PNG in millimetres (0 where it is invalid or over 65 m)."""
    header = header_message(view.stamp, scene_frame)
    camera_header = header_message(view.stamp, view.frame_id)
    _, jpeg = cv2.imencode(
        ".jpg",
        cv2.cvtColor(view.color, cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY],
    )
    millimetres = depth_millimetres(view.depth)
    # As it is, OpenCV is quick: a level of compression, even the lowest, makes it try all filters.
    # That took a third to twice as long; four of five sensors' depth shrank by less than a seventh
    # more, a smoothed one by two fifths.
    _, png = cv2.imencode(".png", millimetres)
    return SceneView(
        header=header,
        id=view.id,
        camera_frame=view.frame_id,
        pose=pose_message(view.T_scene_camera),
        camera_info=_camera_info(view),
        color=CompressedImage(
            header=camera_header, format="rgb8; jpeg compressed bgr8", data=_bytes(jpeg)
        ),
        depth=CompressedImage(header=camera_header, format="16UC1; png", data=_bytes(png)),
    )


def view_from_message(message: SceneView) -> View:
    """The view of a message.

    Raises:
        BadMessageError: an image, the camera or the pose cannot be read, or sizes differ.
    """
    try:
        return View(
            color=color_image(message.color),
            depth=depth_metres(depth_image(message.depth)),
            K=camera_model(message.camera_info).K,
            T_scene_camera=pose_from_message(message.pose),
            stamp=stamp_of(message.header.stamp),
            id=message.id,
            frame_id=message.camera_frame,
        )
    except InvalidSceneError as error:
        raise BadMessageError("bad view", str(error)) from None


def scene_to_response(
    scene: Scene,
    revision: int,
    map_id: int,
    *,
    max_points: int = 0,
    max_views: int = 0,
    view_messages: Sequence[SceneView] | None = None,
) -> GetScene.Response:
    """Answer to GetScene.

    Args:
        scene: what to send.
        revision, map_id: of the map.
        max_points: more points than this are thinned to a uniform random subset; 0: all.
        max_views: more keyframes than this are thinned evenly over time; 0: all.
        view_messages: the messages of `scene.views`, where the caller has them already.
    """
    points, colors = scene.points, scene.colors
    if max_points and len(points) > max_points:
        chosen = np.random.default_rng(0).choice(len(points), max_points, replace=False)
        chosen.sort()
        points, colors = points[chosen], colors[chosen]
    count = len(scene.views)
    kept = list(range(count))
    if max_views and count > max_views:
        kept = np.linspace(0, count - 1, max_views).round().astype(int).tolist()
    if view_messages is None:
        views = [view_to_message(scene.views[index], scene.frame_id) for index in kept]
    else:
        views = [view_messages[index] for index in kept]
    header = header_message(scene.stamp, scene.frame_id)
    cloud = point_cloud_message(header, points, colors)
    return GetScene.Response(
        revision=revision, map_id=map_id, header=header, cloud=cloud, views=views
    )


def scene_from_response(response: GetScene.Response, known: Sequence[View] = ()) -> Scene:
    """The scene of an answer to GetScene.

    Args:
        response: without an error.
        known: views of the same map (`map_id`) that were read before: they do not change, and are
            not decoded again.

    Raises:
        BadMessageError: the cloud or a view cannot be read.
    """
    points, colors = read_points(response.cloud)
    held = {(view.id, view.stamp): view for view in known}
    return Scene(
        points=points,
        colors=colors,
        views=[
            held.get((view.id, stamp_of(view.header.stamp))) or view_from_message(view)
            for view in response.views
        ],
        stamp=stamp_of(response.header.stamp),
        frame_id=response.header.frame_id,
    )


def _camera_info(view: View) -> CameraInfo:
    height, width = view.depth.shape
    return CameraInfo(
        header=header_message(view.stamp, view.frame_id),
        width=width,
        height=height,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=view.K.reshape(-1),
        r=np.eye(3).reshape(-1),
        p=np.hstack([view.K, np.zeros((3, 1))]).reshape(-1),
    )


def _bytes(buffer: np.ndarray) -> array.array:
    return array.array("B", buffer.tobytes())  # the one type that rclpy takes without a loop
