"""Plain data of a synthetic room: primitives, objects, lights and the room itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BOX, CYLINDER, SPHERE, TUBE = 0, 1, 2, 3
PLAIN, STRIPES, CHECKER, GRAIN, SPECKLE = 0, 1, 2, 3, 4


@dataclass(frozen=True)
class Primitives:
    """Solids that a room is drawn from, P of them, as a struct of arrays.

    Each is a unit shape in [-0.5, 0.5]^3 seen through an affine map; a point p of the map frame is
    at `unit_from_map @ [p, 1]`. A cylinder's radius goes from 0.5 at the bottom (z = -0.5) to
    0.5 * taper at the top; a tube is a cylinder without caps, seen from both sides.

    Attributes:
        kind: (P,) int32, one of BOX, CYLINDER, SPHERE, TUBE.
        unit_from_map: (P, 3, 4) float32.
        size: (P, 3) float32, metres, edge lengths of the unit cube in the map frame.
        taper: (P,) float32.
        color, color2: (P, 3) float32, RGB in [0, 1]; color2 is the texture's second colour.
        texture: (P,) int32, one of PLAIN, STRIPES, CHECKER, GRAIN, SPECKLE.
        texture_scale: (P,) float32, metres a period.
        emissive: (P,) float32, 0 is lit by lights only, 1 shines in its own colour.
        gloss: (P,) float32 in [0, 1], how likely a depth sensor gets nothing back.
        instance: (P,) int32, id of the object; 0 for floor, walls and ceiling.
    """

    kind: np.ndarray
    unit_from_map: np.ndarray
    size: np.ndarray
    taper: np.ndarray
    color: np.ndarray
    color2: np.ndarray
    texture: np.ndarray
    texture_scale: np.ndarray
    emissive: np.ndarray
    gloss: np.ndarray
    instance: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)


@dataclass
class RoomObject:
    """One annotated thing in a room.

    Attributes:
        id: its instance id, 1 or more.
        category, shape, color, material: keys and values of `catalog.CATEGORIES`.
        states: state name -> value (`catalog.STATES`).
        center, size: (3,) float64, axis-aligned box in the map frame, metres, tight around its
            primitives.
        yaw: radians about map z; at yaw 0 its front faces -y.
        parent: id of what it stands on, in or under; None on the floor or at a wall.
        parent_relation: "on", "in", "under", "wall" or "floor".
        level: shelf level of the parent, 1 is the top; None without levels.
        levels: how many levels the parent has; None without levels.
        held_out: its category, colour and room type never occur together in training rooms; for a
            mesh, that training rooms never show it.
        motif: what is printed on it, one of `household.motifs.MOTIFS`; empty for nothing.
        part: which of the room's `parts` it stands in; 0 where there is one room.
    """

    id: int
    category: str
    shape: str
    color: str
    material: str
    states: dict[str, str]
    center: np.ndarray
    size: np.ndarray
    yaw: float
    parent: int | None = None
    parent_relation: str = "floor"
    level: int | None = None
    levels: int | None = None
    held_out: bool = False
    motif: str = ""
    part: int = 0


@dataclass(frozen=True)
class Lights:
    """Point lights, L of them, and even light from all sides.

    Attributes:
        position: (L, 3) float32, metres, map frame.
        color: (L, 3) float32, strength of red, green and blue at one metre.
        ambient: (3,) float32.
    """

    position: np.ndarray
    color: np.ndarray
    ambient: np.ndarray


@dataclass(frozen=True)
class MeshInstances:
    """Meshes of a pack that stand in a room, I of them, as a struct of arrays.

    Attributes:
        mesh: (I,) int32, number in the pack; -1 is a plain box.
        map_from_unit: (I, 3, 4) float32; a unit mesh lies in [-0.5, 0.5]^2 x [0, 1].
        size: (I, 3) float32, metres, edge lengths of the unit mesh's box.
        color: (I, 3) float32, RGB in [0, 1] of the main part; NaN keeps the mesh's own.
        tile: (I,) int32, texture of the main part; -1 for none. scale: (I,) metres a tile.
        emissive, gloss: (I,) float32, as in `Primitives`.
        instance: (I,) int32, id of the object; 0 for structure.
    """

    mesh: np.ndarray
    map_from_unit: np.ndarray
    size: np.ndarray
    color: np.ndarray
    tile: np.ndarray
    scale: np.ndarray
    emissive: np.ndarray
    gloss: np.ndarray
    instance: np.ndarray

    def __len__(self) -> int:
        return len(self.mesh)


@dataclass(frozen=True)
class RoomPart:
    """One of the rooms of a map that covers several.

    Attributes:
        type: one of `catalog.ROOM_TYPES`, or "corridor".
        center: (2,) float64, metres, of its floor in the room frame.
        size: (3,) float64, inner width (room x), depth (room y), height, metres.
    """

    type: str
    center: np.ndarray
    size: np.ndarray


@dataclass(frozen=True)
class Room:
    """A synthetic room with exact annotations. Frame: map, z up, floor at z = 0.

    Attributes:
        seed, split: what `make_room` was called with.
        type: one of `catalog.ROOM_TYPES`; of the first where there are several rooms.
        objects: ids 1..len(objects) in order.
        primitives: what is drawn, `instance` refers to objects.
        lights: the light at the time of the scan.
        size: (3,) float64, inner width (room x), depth (room y), height, metres; of the rectangle
            around all rooms where there are several.
        T_map_room: (4, 4) float64; the room frame has its origin in the middle of the floor.
        meshes: what is drawn from a pack of meshes; None in a room of primitives alone.
        map_yaw: radians; the robot's map is this frame turned about z by it. Annotations are in
            this frame, which is about aligned with the walls.
        crop: (2, 3) metres, lower and upper corner of what was mapped; None for all. Boxes end
            where it ends.
        sensor: what it is scanned with, one of `household.sensors.SENSORS`.
        voxel: metres, of the map's points.
        parts: the rooms, where there are several; empty where there is one.
    """

    seed: int
    split: str
    type: str
    objects: list[RoomObject]
    primitives: Primitives
    lights: Lights
    size: np.ndarray
    T_map_room: np.ndarray
    meshes: MeshInstances | None = None
    map_yaw: float = 0.0
    crop: np.ndarray | None = None
    sensor: str = "structured light"
    voxel: float = 0.02
    parts: tuple[RoomPart, ...] = ()

    def object(self, id: int) -> RoomObject:
        """The object with this id.

        Raises:
            IndexError: there is no such object.
        """
        if not 1 <= id <= len(self.objects):
            raise IndexError(f"room has objects 1..{len(self.objects)}, not {id}")
        return self.objects[id - 1]
