"""Answers as RViz markers: boxes, names, and a plan as numbered arrows from object to object."""

from __future__ import annotations

import colorsys
import math
import zlib

from geometry_msgs.msg import Point, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from r1_ros.msg import GroundedObject, SceneAnswer

BOX_ALPHA = 0.35
TEXT_HEIGHT = 0.14  # metres
POINT_DIAMETER = 0.1  # metres; an object without size is drawn as a ball
_ABOVE = 0.12  # metres from the top of a box to the middle of its text
_GOLDEN = 0.618034  # of hue: neighbours in number are far apart in colour
_PLAN_COLOR = ColorRGBA(r=1.0, g=0.75, b=0.1, a=0.9)
_WHITE = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)


def answer_markers(answer: SceneAnswer) -> MarkerArray:
    """Markers of an answer; they replace those of the answer before.

    All live for ever (lifetime 0): the first element deletes what was there, so nothing expires
    while simulated time stands still.
    """
    markers = [Marker(header=answer.header, action=Marker.DELETEALL)]
    drawn = [item for item in _objects(answer) if _is_drawable(item)]
    for number, item in enumerate(drawn):
        markers.append(_box(answer.header, number, item))
        if item.label:
            text = f"{item.label} [{item.id}]" if item.id else item.label
            markers.append(_text(answer.header, "labels", number, item, text, _WHITE, 1))
    return MarkerArray(markers=markers + _plan(answer))


def object_color(object_id: str) -> ColorRGBA:
    """Colour of an object: the same id is always drawn alike."""
    digits = object_id.lstrip("o")
    number = int(digits) if digits.isdecimal() else zlib.crc32(object_id.encode())
    r, g, b = colorsys.hsv_to_rgb(number * _GOLDEN % 1.0, 0.8, 1.0)
    return ColorRGBA(r=r, g=g, b=b, a=BOX_ALPHA)


def _objects(answer: SceneAnswer) -> list[GroundedObject]:
    """Every object of answer and plan, each id once."""
    found: dict[str, GroundedObject] = {}
    several = [answer.objects, *(step.targets for step in answer.steps)]
    for number, item in enumerate(item for items in several for item in items):
        found.setdefault(item.id or f"?{number}", item)
    return list(found.values())


def _is_drawable(item: GroundedObject) -> bool:
    p, size = item.pose.position, item.size
    return all(math.isfinite(value) for value in (p.x, p.y, p.z, size.x, size.y, size.z))


def _box(header: Header, number: int, item: GroundedObject) -> Marker:
    marker = Marker(header=header, ns="boxes", id=number, action=Marker.ADD, pose=item.pose)
    marker.color = object_color(item.id)
    if item.size.x or item.size.y or item.size.z:
        marker.type = Marker.CUBE
        # RViz draws nothing of a box that is flat
        x, y, z = (max(edge, 0.005) for edge in (item.size.x, item.size.y, item.size.z))
    else:
        marker.type = Marker.SPHERE
        x = y = z = POINT_DIAMETER
    marker.scale = Vector3(x=x, y=y, z=z)
    return marker


def _text(
    header: Header,
    namespace: str,
    number: int,
    item: GroundedObject,
    text: str,
    color: ColorRGBA,
    line: int,
) -> Marker:
    p = item.pose.position
    marker = Marker(
        header=header,
        ns=namespace,
        id=number,
        type=Marker.TEXT_VIEW_FACING,
        action=Marker.ADD,
        color=color,
        text=text,
    )
    height = p.z + item.size.z / 2 + _ABOVE + (line - 1) * 1.2 * TEXT_HEIGHT
    marker.pose.position = Point(x=p.x, y=p.y, z=height)
    marker.scale.z = TEXT_HEIGHT
    return marker


def _plan(answer: SceneAnswer) -> list[Marker]:
    """Numbers of the steps above their objects, arrows from one object to the next."""
    markers: list[Marker] = []
    stops: list[tuple[GroundedObject, list[int]]] = []
    for step in answer.steps:
        targets = [item for item in step.targets if _is_drawable(item)]
        if not targets:
            continue
        # what is placed ends up at the last object named
        if stops and stops[-1][0].id == targets[-1].id:
            stops[-1][1].append(step.index)
        else:
            stops.append((targets[-1], [step.index]))
    for number, (item, steps) in enumerate(stops):
        text = ", ".join(map(str, steps))
        # above the numbers of an earlier visit
        line = 2 + sum(earlier.id == item.id for earlier, _ in stops[:number])
        markers.append(_text(answer.header, "plan", 2 * number, item, text, _PLAN_COLOR, line))
        if number:
            start, end = stops[number - 1][0].pose.position, item.pose.position
            arrow = Marker(
                header=answer.header,
                ns="plan",
                id=2 * number + 1,
                type=Marker.ARROW,
                action=Marker.ADD,
                color=_PLAN_COLOR,
                scale=Vector3(x=0.03, y=0.07, z=0.12),
                points=[start, end],
            )
            markers.append(arrow)
    return markers
