"""A model asked the seven examples, turn by turn."""

from __future__ import annotations

from dataclasses import dataclass

from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.answer import Answer, Box
from r1_model.text.answer import Turn as Said
from r1_training.synthetic.camera.observe import room_to_scene
from r1_training.synthetic.language.answer_check import check_parsed
from r1_training.synthetic.language.example_questions import Example
from r1_training.synthetic.rooms.elements import Room

LANGUAGES = {"zh": "zh-Hant", "en": "en"}
_CUSHION = ("cushion", "抱枕")
_YELLOW = {"zh": "黃色", "en": "yellow"}


@dataclass(frozen=True)
class JudgedTurn:
    """One question of an example and what the model made of it.

    Attributes:
        question: as it was asked.
        answer: what came back.
        wrong: what is wrong with it; empty where it is right.
    """

    question: str
    answer: Answer
    wrong: str


def example_scene(example: Example, seed: int) -> tuple[Room, Scene]:
    """The example's room of this seed, and a whole scan of it."""
    room = example.build(seed)
    scene, _ = room_to_scene(room, seed, partial=0.0, points=150_000)
    return room, scene


def ask_example(
    reasoner: Reasoner, example: Example, room: Room, scene: Scene, family: str
) -> list[JudgedTurn]:
    """Ask the turns of an example one after the other; the model's own answers are the history.

    Args:
        reasoner: of the model.
        example, room, scene: see `example_scene`.
        family: "zh" (Traditional) or "en".
    """
    history: list[Said] = []
    judged = []
    boxes = {thing.id: (thing.center, thing.size) for thing in room.objects}
    for turn in example.turns:
        question, target = turn.questions[family], None
        if turn.target is not None:
            thing = turn.target(room)
            target = Box(thing.center, thing.size)
        answer = reasoner.ask(scene, question, history=history, target=target)
        history.append(Said(question, answer.raw))
        sample = turn.sample(room, LANGUAGES[family])
        verdict = check_parsed(sample, answer, boxes, room)
        missing = [w for w in (turn.words or {}).get(family, ()) if w not in answer.raw]
        wrong = "" if verdict["correct"] else f"judged {verdict}"
        if answer.language != LANGUAGES[family]:
            wrong = f"in {answer.language}"
        elif missing:
            wrong = f"without {', '.join(missing)}"
        elif example.name == "dense_caption" and not _both_cushions(answer, family):
            wrong = "without the two yellow cushions"
        judged.append(JudgedTurn(question, answer, wrong))
    return judged


def _both_cushions(answer: Answer, family: str) -> bool:
    """Two cushions at two places, both said to be yellow."""
    cushions = [box for box in answer.boxes if box.label in _CUSHION]
    return len(cushions) == 2 and all(_YELLOW[family] in box.description for box in cushions)
