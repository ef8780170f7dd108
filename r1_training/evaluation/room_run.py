"""A whole evaluation in pieces: by several processes, and gone on with after a kill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from r1_model.reasoner import Reasoner
from r1_training.common.processes import Processes
from r1_training.common.resumable_lines import ResumableLines, ResumeError
from r1_training.evaluation.answer_rows import answer_of_row, answer_row, box_of_row, box_row
from r1_training.evaluation.report import Settings
from r1_training.evaluation.room_detection import DetectedRoom, detected
from r1_training.evaluation.room_evaluator import (
    Asked,
    ObservedRoom,
    Piece,
    asked_pieces,
    judged,
    pieces_of,
    samples_about,
)
from r1_training.evaluation.swaps import SWAPS
from r1_training.synthetic.room_mix import RoomMix

Progress = Callable[[int, int], None]


@dataclass
class RoomRun:
    """What a model said and found in an evaluation.

    Attributes:
        asked: the answers of each seed, room by room.
        detected: the boxes of each seed; none where nobody asked for them.
    """

    asked: list[list[Asked]] = field(default_factory=list)
    detected: list[list[DetectedRoom]] = field(default_factory=list)


class SavedPieces:
    """What a process did of an evaluation, in a file of its own until the whole is written.

    Args:
        output: the file of the whole.
        settings: of the evaluation.
        weights: says which weights the model has.
        group: the processes; a run with another number of them starts anew.

    Raises:
        ResumeError: the file is of another evaluation or of other weights, or in use.
        OSError: the file cannot be written.
    """

    def __init__(self, output: Path, settings: Settings, weights: str, group: Processes) -> None:
        name = f"{output.name}.{group.rank + 1}-of-{group.count}.jsonl"
        self._lines = ResumableLines(output.with_name(name))
        head = asdict(settings) | {"weights": weights}
        rows = self._lines.rows
        if not rows:
            self._lines.append(head)
        elif rows[0] != head:
            self._lines.close()
            raise ResumeError(
                f"{self._lines.path} is of another evaluation or of other weights; delete it to "
                "start anew"
            )
        self.rows = {(row["who"], Piece(**row["piece"])): row for row in rows[1:]}

    def append(self, row: dict[str, Any]) -> None:
        """Keep a piece."""
        self._lines.append(row)

    def close(self, *, remove: bool) -> None:
        """Let go of the file, which is of no use where the whole is written."""
        self._lines.close()
        if remove:
            self._lines.path.unlink()


def run_rooms(
    reasoner: Reasoner,
    settings: Settings,
    *,
    who: str,
    group: Processes,
    saved: SavedPieces | None = None,
    detector: Reasoner | None = None,
    on_progress: Progress = lambda done, total: None,
) -> RoomRun | None:
    """Ask a model everything that the settings say, this process its share of it.

    Args:
        reasoner: who is asked.
        settings: of the evaluation.
        who: name of the reasoner among those that are asked in one evaluation.
        group: the processes; all of them must come here.
        saved: what was done before; None: nothing is kept.
        detector: finds the boxes; None: nobody does.
        on_progress: called with the pieces that are done and those of this process.

    Returns:
        Everything in the first process, None in the others.
    """
    mix = RoomMix.load(settings.meshes)
    pieces = [p for seed in range(settings.seeds) for p in pieces_of(settings.rooms, seed)]
    own = group.share(pieces)
    known = {} if saved is None else saved.rows
    done = {p: _piece(known[who, p], p, settings, mix) for p in own if (who, p) in known}
    on_progress(len(done), len(own))
    left = [piece for piece in own if piece not in done]
    asking = asked_pieces(
        reasoner,
        left,
        questions=settings.questions,
        split=settings.split,
        mix=mix,
        swap=SWAPS[settings.swap],
    )
    for piece, places, asked in asking:
        done[piece] = asked, [] if detector is None else detected(detector, places)
        if saved is not None:
            saved.append({"who": who} | _row(piece, places, *done[piece]))
        on_progress(len(done), len(own))
    shares = group.gather(done)
    if not group.first:
        return None
    every = {piece: found for share in shares for piece, found in share.items()}
    run = RoomRun()
    for seed in range(settings.seeds):
        found = [every[piece] for piece in pieces if piece.seed == seed]
        run.asked.append([asked for some, _ in found for asked in some])
        run.detected.append([room for _, some in found for room in some])
    return run


def _row(
    piece: Piece,
    places: Sequence[ObservedRoom],
    asked: Sequence[Asked],
    rooms: Sequence[DetectedRoom],
) -> dict[str, Any]:
    """A piece as JSON knows it."""
    return {
        "piece": asdict(piece),
        "visible": [place.visible for place in places],
        "readable": [list(place.readable.items()) for place in places],
        "topped": [list(place.topped.items()) for place in places],
        "answers": [answer_row(one.answer) for one in asked],
        "detected": [
            {"name": room.name, "found": [box_row(box) for box in room.found]} for room in rooms
        ],
    }


def _piece(
    row: dict[str, Any], piece: Piece, settings: Settings, mix: RoomMix
) -> tuple[list[Asked], list[DetectedRoom]]:
    """What `_row` was made of: questions and verdicts follow from the rooms."""
    rooms = piece.rooms(settings.split, mix)
    about = piece.seed, settings.questions, settings.split
    shown = zip(rooms, row["visible"], row["readable"], row["topped"], strict=True)
    samples = [
        (room, sample)
        for room, visible, readable, topped in shown
        for sample in samples_about(room, visible, dict(readable), dict(topped), *about)
    ]
    asked = [
        judged(room, sample, answer_of_row(answer))
        for (room, sample), answer in zip(samples, row["answers"], strict=True)
    ]
    things = {
        str(room.seed): [room.object(id) for id in visible]
        for room, visible in zip(rooms, row["visible"], strict=True)
    }
    found = [
        DetectedRoom(one["name"], [box_of_row(box) for box in one["found"]], things[one["name"]])
        for one in row["detected"]
    ]
    return asked, found
