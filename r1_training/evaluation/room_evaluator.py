"""Ask a model about synthetic rooms that it has never seen, and check every answer.

The model is asked as a user asks it, by `Reasoner.ask_many`: the question tells its task, views are
chosen, points that float in the air are taken out of the map. What is judged is the `Answer`.

python -m r1_training.cli evaluate-rooms MODEL --rooms 200 --seeds 3
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from r1_model.asking.question import Question, check_target
from r1_model.errors import InvalidQuestionError
from r1_model.geometry.oriented_boxes import turn
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.answer import Answer, Box, Turn
from r1_training.evaluation.swaps import Swap, as_it_is
from r1_training.synthetic.camera.observe import observe_batch, scene_of
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.tops import shown_tops
from r1_training.synthetic.household.pack import MeshPack
from r1_training.synthetic.language.answer_check import check_parsed
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import Sample, fill_boxes, placeholders, without_boxes
from r1_training.synthetic.room_mix import PRIMITIVES, RoomMix
from r1_training.synthetic.rooms.elements import Room
from r1_training.tiny.scene_batch import LEAST_POINTS

COARSE, FINE = (120, 160), (240, 320)  # height and width of views, pixels
CHUNK = 16  # rooms observed at a time
POINTS = 81_920  # of a room's map
VIEWS = 12  # keyframes of a scan, from which the model's views are chosen
DIGEST_ROOMS = 24


@dataclass(frozen=True)
class Asked:
    """One question, what came back and what is true of it.

    Attributes:
        room: the room.
        sample: the question.
        answer: the model's.
        verdict: from `check_answer`.
        held_out: the answer depends on a combination that training never shows.
    """

    room: Room
    sample: Sample
    answer: Answer
    verdict: dict[str, bool | float]
    held_out: bool


@dataclass(frozen=True)
class ObservedRoom:
    """A scanned room.

    Attributes:
        room: the room.
        scene: what the mapper would hand over.
        visible: ids of the objects that the scan saw.
        readable: id of a visible object -> can what is printed on it be read in a view? Without
            those of which it is hard to say.
        topped: id of a visible object -> does the cloud show its top? Without those of which it is
            hard to say.
    """

    room: Room
    scene: Scene
    visible: list[int]
    readable: dict[int, bool]
    topped: dict[int, bool] = field(default_factory=dict)


def observe(
    rooms: Sequence[Room], seed: int, device: torch.device, pack: MeshPack | None = None
) -> list[ObservedRoom]:
    """Scan rooms together; the noise depends on which, and on the seed.

    Those of meshes, of a `pack`, are seen by a finer camera: they have things to be read.
    """
    height, width = COARSE if pack is None else FINE
    seen = observe_batch(
        pack_rooms(list(rooms)),
        seed,
        views=VIEWS,
        keep_views=VIEWS,
        height=height,
        width=width,
        points=POINTS,
        device=device,
        pack=pack,
    )
    seen = {name: values.cpu() for name, values in seen.items()}
    points, readable, unread = (
        seen[name].tolist() for name in ("object_points", "readable", "unread")
    )
    found = []
    for row, room in enumerate(rooms):
        visible = [o.id for o in room.objects if points[row][o.id - 1] >= LEAST_POINTS]
        sure = [id for id in visible if readable[row][id - 1] or unread[row][id - 1]]
        read = {id: readable[row][id - 1] for id in sure}
        scene = scene_of(seen, row)
        tops = shown_tops([room.object(id) for id in visible], scene.points)
        found.append(ObservedRoom(room, scene, visible, read, tops))
    return found


@dataclass(frozen=True)
class Piece:
    """Rooms of an evaluation seed that are scanned and asked about together.

    Attributes:
        seed: of the evaluation.
        start, stop: which of its rooms.
    """

    seed: int
    start: int
    stop: int

    def rooms(self, split: str, mix: RoomMix = PRIMITIVES) -> list[Room]:
        """The rooms themselves."""
        first = self.seed * 10_000
        return [mix.room(first + n, split) for n in range(self.start, self.stop)]


def pieces_of(rooms: int, seed: int) -> list[Piece]:
    """All of `rooms` rooms of a seed."""
    starts = range(0, rooms, CHUNK)
    return [Piece(seed, start, min(start + CHUNK, rooms)) for start in starts]


def observed(
    piece: Piece, split: str, device: torch.device, mix: RoomMix = PRIMITIVES
) -> list[ObservedRoom]:
    """The rooms of a piece, as they are asked about."""
    return observe(piece.rooms(split, mix), piece.start, device, mix.pack)


def observed_rooms(
    rooms: int, seed: int, split: str, device: torch.device, mix: RoomMix = PRIMITIVES
) -> Iterator[ObservedRoom]:
    """The rooms of an evaluation seed, as they are asked about."""
    for piece in pieces_of(rooms, seed):
        yield from observed(piece, split, device, mix)


def as_question(place: ObservedRoom, sample: Sample, yaw: float = 0.0) -> Question:
    """A question as a user gives it: what is meant by a box is its target.

    Args:
        place, sample: the room and what is asked about it.
        yaw: radians by which a model turns the scene before it reads it (`Reasoner.frame`): what it
            would have said in earlier turns stands in that frame.
    """
    boxes = {thing.id: (thing.center, thing.size) for thing in place.room.objects}
    boxes |= dict(sample.extra_boxes)
    targets = [Box(*boxes[id]) for id in placeholders(sample.question)]
    bounds = place.scene.turned(yaw).bounds() if sample.turns else place.scene.bounds()
    R = turn(yaw)[:3, :3]
    said = {id: (R @ center, size) for id, (center, size) in boxes.items()}
    return Question(
        place.scene,
        without_boxes(sample.question),
        history=[Turn(asked, fill_boxes(raw, said, bounds)) for asked, raw in sample.turns],
        target=targets[0] if targets else None,
    )


def evaluate_rooms(
    reasoner: Reasoner,
    *,
    rooms: int,
    questions: int,
    seed: int,
    split: str = "test",
    tasks: Sequence[str] | None = None,
    mix: RoomMix = PRIMITIVES,
) -> list[Asked]:
    """Ask `questions` about each of `rooms` unseen rooms.

    Args:
        reasoner: with the model.
        rooms: how many; the seed chooses which.
        questions: per room.
        seed: of rooms, scans and questions.
        split: val or test.
        tasks: some of `answer.TASKS`; all by default.
        mix: where the rooms come from.
    """
    pieces = pieces_of(rooms, seed)
    found = asked_pieces(reasoner, pieces, questions=questions, split=split, tasks=tasks, mix=mix)
    return [asked for _, _, some in found for asked in some]


def asked_pieces(
    reasoner: Reasoner,
    pieces: Sequence[Piece],
    *,
    questions: int,
    split: str,
    tasks: Sequence[str] | None = None,
    mix: RoomMix = PRIMITIVES,
    swap: Swap = as_it_is,
) -> Iterator[tuple[Piece, list[ObservedRoom], list[Asked]]]:
    """Pieces one after the other, as `evaluate_rooms`: their rooms and what was asked about them.

    The rooms of the next one are prepared while the model answers.

    Args:
        reasoner, questions, split, tasks, mix: see `evaluate_rooms`.
        pieces: what is asked.
        swap: what a room's map is made of in place of its own; the other room is the next one of
            the piece. The questions stay those of the room as it is.
    """
    ahead = observed(pieces[0], split, reasoner.device, mix) if pieces else []
    for number, piece in enumerate(pieces):
        places, ahead = ahead, []
        pending = [
            (place, sample)
            for place in places
            for sample in samples_about(
                *(place.room, place.visible, place.readable, place.topped),
                *(piece.seed, questions, split, tasks),
            )
        ]
        if number + 1 < len(pieces):
            ahead = observed(pieces[number + 1], split, reasoner.device, mix)
            reasoner.prepare_ahead([place.scene for place in ahead])
        if swap is as_it_is:
            yield piece, places, ask_all(reasoner, pending)
        else:
            yield piece, places, ask_swapped(reasoner, places, pending, swap)


def ask_swapped(
    reasoner: Reasoner,
    places: Sequence[ObservedRoom],
    pending: Sequence[tuple[ObservedRoom, Sample]],
    swap: Swap,
) -> list[Asked]:
    """`ask_all` about swapped maps. Where the thing that a question points at lies outside of one,
    nothing is said.

    Args:
        reasoner: with the model.
        places: the rooms; each gets something of the next one.
        pending: questions about them.
        swap: what.
    """
    scenes = [place.scene for place in places]
    shown = {
        id(place): replace(place, scene=swap(place.scene, other))
        for place, other in zip(places, scenes[1:] + scenes[:1], strict=True)
    }
    swapped = [(shown[id(place)], sample) for place, sample in pending]
    within = [points_inside(*pair) for pair in swapped]
    asked = iter(
        ask_all(reasoner, [pair for pair, inside in zip(swapped, within, strict=True) if inside])
    )
    return [
        next(asked) if inside else judged(place.room, sample, _silence(sample))
        for (place, sample), inside in zip(swapped, within, strict=True)
    ]


def points_inside(place: ObservedRoom, sample: Sample) -> bool:
    """Does the thing that a question points at lie in the map? True where it points at none."""
    target = as_question(place, sample).target
    try:
        if target is not None:
            check_target(target, *place.scene.bounds())
    except InvalidQuestionError:
        return False
    return True


def _silence(sample: Sample) -> Answer:
    return Answer(raw="", thinking="", answer="", task=sample.task, language=sample.language)


def samples_about(
    room: Room,
    visible: Sequence[int],
    readable: Mapping[int, bool],
    topped: Mapping[int, bool],
    seed: int,
    questions: int,
    split: str,
    tasks: Sequence[str] | None = None,
) -> list[Sample]:
    """The questions about a room, see `ObservedRoom`."""
    return make_samples(
        room,
        np.random.default_rng((seed, room.seed)),
        visible=[*visible],
        count=questions,
        split=split,
        tasks=tasks,
        readable=readable,
        topped=topped,
    )


def ask_all(reasoner: Reasoner, questions: Sequence[tuple[ObservedRoom, Sample]]) -> list[Asked]:
    """Every question answered and judged, in their order.

    Args:
        reasoner: with the model.
        questions: each with its room.
    """
    answers = reasoner.ask_many(
        [as_question(place, sample, reasoner.frame(place.scene)[1]) for place, sample in questions]
    )
    return [
        judged(place.room, sample, answer)
        for (place, sample), answer in zip(questions, answers, strict=True)
    ]


def questions_digest(split: str, mix: RoomMix = PRIMITIVES) -> str:
    """Of the questions about some rooms, everything in sight: another version asks others.

    Args:
        split: val or test.
        mix: where the rooms come from.
    """
    digest = hashlib.sha256()
    for number in range(DIGEST_ROOMS):
        room = mix.room(number, split)
        everything = [thing.id for thing in room.objects]
        rng = np.random.default_rng(number)
        for sample in make_samples(room, rng, visible=everything, count=12, split=split):
            digest.update(f"{sample.question}\n{sample.raw}\n".encode())
    return digest.hexdigest()[:16]


def judged(room: Room, sample: Sample, answer: Answer) -> Asked:
    """An answer with its verdict."""
    boxes = {thing.id: (thing.center, thing.size) for thing in room.objects}
    verdict = check_parsed(sample, answer, boxes, room)
    held_out = any(room.object(id).held_out for id in sample.objects if id <= len(room.objects))
    return Asked(room, sample, answer, verdict, held_out)
