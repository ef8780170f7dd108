"""What scene_mapper's services do, as functions of map, snapshots and request."""

from __future__ import annotations

from r1_model.scene.storage import CorruptSceneError, SceneNotFoundError, SceneStorageError
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.scene_map import SceneMap
from r1_ros.mapping.snapshots import InvalidNameError, Snapshots
from r1_ros.messages.scenes import scene_to_response
from r1_ros.msg import ErrorCode
from r1_ros.srv import GetScene, LoadScene, SaveScene

_CODES = {
    InvalidNameError: ErrorCode.INVALID_NAME,
    SceneNotFoundError: ErrorCode.NOT_FOUND,
    CorruptSceneError: ErrorCode.CORRUPT_SNAPSHOT,
    SceneStorageError: ErrorCode.STORAGE,
}
_ERRORS = tuple(_CODES)
_EMPTY = "the map holds no points yet"


def get_scene(scene_map: SceneMap, request: GetScene.Request) -> GetScene.Response:
    """The scene, or word that the caller's copy is still the newest."""
    if request.known_revision and request.known_revision == scene_map.revision:
        known = request.known_revision
        return GetScene.Response(unchanged=True, revision=known, map_id=scene_map.map_id)
    snapshot = scene_map.snapshot()
    response = scene_to_response(
        snapshot.scene,
        snapshot.revision,
        snapshot.map_id,
        max_points=request.max_points,
        max_views=request.max_views,
        view_messages=snapshot.view_messages,
    )
    if not len(snapshot.scene.points):
        response.error_code, response.error_msg = ErrorCode.EMPTY_SCENE, _EMPTY
    return response


def save_scene(
    scene_map: SceneMap, snapshots: Snapshots, request: SaveScene.Request
) -> SaveScene.Response:
    """Save the map under a name."""
    scene = scene_map.snapshot().scene
    response = SaveScene.Response()
    if not len(scene.points):
        response.error_code, response.error_msg = ErrorCode.EMPTY_SCENE, _EMPTY
        return response
    try:
        snapshots.save(request.name, scene)
    except _ERRORS as error:
        response.error_code, response.error_msg = _CODES[type(error)], str(error)
        return response
    response.points, response.views = len(scene.points), len(scene.views)
    return response


def load_scene(
    scene_map: SceneMap, snapshots: Snapshots, request: LoadScene.Request, config: MapperConfig
) -> LoadScene.Response:
    """Replace the map by a saved one; on any error it stays as it is."""
    response = LoadScene.Response()
    try:
        scene = snapshots.load(request.name)
    except _ERRORS as error:
        response.error_code, response.error_msg = _CODES[type(error)], str(error)
        return response
    if scene.frame_id != config.scene_frame:
        response.error_code = ErrorCode.INVALID_REQUEST
        response.error_msg = (
            f"{request.name!r} was saved in frame {scene.frame_id!r}, "
            f"scene_frame is {config.scene_frame!r}"
        )
        return response
    scene_map.replace(scene, config)
    response.points, response.views = len(scene.points), len(scene.views)
    return response
