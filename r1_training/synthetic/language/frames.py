"""The questions of a room, asked where the room stands in another frame of the map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from r1_training.synthetic.language.facts import Facts
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.symbolic_world import TOP, UNDER
from r1_training.synthetic.language.tasks.grounding import top_box, under_box
from r1_training.synthetic.rooms.elements import Room


def in_frame(samples: Iterable[Sample], room: Room) -> list[Sample]:
    """The same questions with the boxes of regions where they are now.

    Boxes of objects are filled in by id, and no question speaks of a frame's axes.

    Args:
        samples: made for the room in a frame of its own.
        room: the same room in another frame, see `rooms.room.pose_in`.
    """
    things = Facts(room, [thing.id for thing in room.objects]).things
    return [
        replace(
            sample,
            extra_boxes={
                id: top_box(things[id - TOP]) if id >= TOP else under_box(things[id - UNDER])
                for id in sample.extra_boxes
            },
        )
        for sample in samples
    ]
