"""Dialogues: what was said, and which objects were spoken of, under names that last.

Safe to use from several threads. Everything is bounded: sessions, turns, objects.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from r1_model.plans.forbidden import Prohibition
from r1_model.plans.prohibitions.permissions import still_forbidden
from r1_model.plans.prohibitions.request import Request
from r1_model.text.answer import Answer, Box, TextFrame, Turn
from r1_model.text.boxes import box_ious

MAX_PROHIBITIONS = 200  # of one session
MAX_OBJECTS = 500  # of one session; the one unseen for longest is forgotten
SAME_IOU = 0.5
SAME_LABEL_IOU = 0.2  # boxes of small things overlap little when they are rounded
SAME_POINT = 0.05  # metres; points have no volume to overlap

_TAG = re.compile(r"<[^<>]{0,40}>")


class UnknownObjectError(LookupError):
    """The id names no object of the session."""


@dataclass
class _Turn:
    question: str
    raw: str
    frame: TextFrame | None
    planned: bool


@dataclass
class _Session:
    language: str = "en"
    turns: list[_Turn] = field(default_factory=list)
    objects: OrderedDict[str, Box] = field(default_factory=OrderedDict)
    forbidden: list[Prohibition] = field(default_factory=list)
    named: int = 0


class Sessions:
    """All dialogues of a node.

    Requests without a session share the empty name: it names objects, but remembers no turns.
    """

    def __init__(
        self,
        max_sessions: int,
        max_turns: int,
        known: Callable[[str], Box | None] = lambda object_id: None,
    ) -> None:
        """Args: `known` finds what is known beyond all sessions, by id."""
        self.max_sessions, self.max_turns = max_sessions, max_turns
        self._known = known
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._map_id = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def map_id(self) -> int:
        """The map that all turns and objects are about."""
        return self._map_id

    def enter_map(self, map_id: int) -> None:
        """From now on it is about this map; what was said about another one is forgotten.

        Ids of objects are not used again, so that nobody takes a new thing for an old one.
        """
        with self._lock:
            if map_id == self._map_id:
                return
            self._map_id = map_id
            for session in self._sessions.values():
                session.turns.clear()
                session.objects.clear()

    def history(self, session_id: str) -> list[Turn]:
        """Earlier turns, oldest first; empty for a new session."""
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None:
                return []
            turns = session.turns[-self.max_turns :]
            return [Turn(turn.question, turn.raw, turn.frame) for turn in turns]

    def forbid(self, session_id: str, request: Request) -> list[Prohibition]:
        """Remember what a request forbids or takes back; everything that its dialogue forbids.

        It holds for as long as the dialogue does, or until it is taken back: also when the turn
        itself is forgotten, and in another map. Without a session nothing is remembered.
        """
        with self._lock:
            if session_id and (request.prohibitions or session_id in self._sessions):
                opened = self._open(session_id)
                kept = still_forbidden(opened.forbidden, request)
                opened.forbidden = kept + [p for p in request.prohibitions if p not in kept]
                del opened.forbidden[:-MAX_PROHIBITIONS]
            session = self._sessions.get(session_id)
            return list(session.forbidden) if session_id and session is not None else []

    def language(self, session_id: str) -> str:
        """Language of the last turn, one of `answer.LANGUAGES`."""
        with self._lock:
            session = self._sessions.get(session_id)
            return session.language if session is not None else "en"

    def find(self, session_id: str, object_id: str) -> Box:
        """The object that an earlier answer of the session named, or that is known to all.

        Raises:
            UnknownObjectError: there is none of that id.
        """
        known = self._known(object_id)
        if known is not None:
            return known
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None or object_id not in session.objects:
                where = f"session {session_id!r}" if session_id else "requests without a session"
                raise UnknownObjectError(f"no object {object_id!r} in {where}")
            return session.objects[object_id]

    def identify(self, session_id: str, boxes: Sequence[Box]) -> list[str]:
        """Ids of boxes: a box that overlaps a known object gets that object's id."""
        with self._lock:
            session = self._open(session_id)
            return [self._identify(session, box) for box in boxes]

    def add_turn(self, session_id: str, question: str, answer: Answer) -> None:
        """Remember a turn; without a session nothing is remembered."""
        if not session_id:
            return
        with self._lock:
            session = self._open(session_id)
            session.language = answer.language
            session.turns.append(_Turn(question, answer.raw, answer.frame, bool(answer.steps)))
            del session.turns[: -self.max_turns]

    def report(self, session_id: str, sentence: str) -> bool:
        """Add what became of the newest plan to the turn that planned it.

        The model then reads it with the earlier turns. It becomes one line without tags: labels and
        the words of a skill server must not read as steps. Returns False when no turn holds a plan.
        """
        sentence = " ".join(_TAG.sub(" ", sentence).split())
        with self._lock:
            session = self._sessions.get(session_id)
            for turn in reversed(session.turns if session is not None else []):
                if turn.planned:
                    body, end, rest = turn.raw.rpartition("</answer>")
                    turn.raw = f"{body}\n{sentence}{end}{rest}" if end else f"{rest}\n{sentence}"
                    return True
            return False

    def _open(self, session_id: str) -> _Session:
        session = self._sessions.setdefault(session_id, _Session())
        self._sessions.move_to_end(session_id)
        while len(self._sessions) > self.max_sessions:
            self._sessions.popitem(last=False)
        return session

    def _identify(self, session: _Session, box: Box) -> str:
        object_id = _best_match(session.objects, box)
        if object_id is None:
            session.named += 1
            object_id = f"o{session.named}"
        # the newest answer knows best where a thing is, but may leave its name out
        known = session.objects.get(object_id)
        session.objects[object_id] = (
            replace(box, label=known.label) if known is not None and not box.label else box
        )
        session.objects.move_to_end(object_id)
        while len(session.objects) > MAX_OBJECTS:
            session.objects.popitem(last=False)
        return object_id


def _best_match(objects: OrderedDict[str, Box], box: Box) -> str | None:
    if not objects:
        return None
    ids, known = list(objects), list(objects.values())
    centers = np.array([other.center for other in known])
    sizes = np.array([other.size for other in known])
    overlap = box_ious(known, box)
    distance = np.linalg.norm(centers - box.center, axis=1)
    alike = np.array([_same_label(other.label, box.label) for other in known])
    same_place = (distance <= SAME_POINT) & (np.abs(sizes - box.size).max(1) <= SAME_POINT)
    same = (overlap >= SAME_IOU) | (alike & ((overlap >= SAME_LABEL_IOU) | same_place))
    if not same.any():
        return None
    score = np.where(same, overlap + same_place, -1.0)
    return ids[int(score.argmax())]


def _same_label(a: str, b: str) -> bool:
    return not a or not b or a.casefold() == b.casefold()
