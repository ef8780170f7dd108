"""From where a scene is looked at: its frame is turned so that left and right are the looker's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from r1_model.asking.question import Question
from r1_model.conversation import R1Processor
from r1_model.errors import InvalidQuestionError
from r1_model.scene.scene import Scene
from r1_model.text.answer import Turn
from r1_model.text.boxes import turned_box
from r1_model.text.frames import moved_text, text_frame

MOST_KEPT = 4  # scenes, turned
_QUARTER = math.pi / 2


class Facings:
    """Questions in the frame of who asks. Turned scenes are kept, so that each is encoded once.

    Args:
        processor: of the model.
    """

    def __init__(self, processor: R1Processor) -> None:
        self._processor = processor
        self._kept: list[tuple[Scene, float, Scene]] = []

    def clear(self) -> None:
        """Forget all scenes."""
        self._kept.clear()

    def scene(self, scene: Scene, gaze: float | None) -> tuple[Scene, float]:
        """A scene whose +y axis is where somebody looks, and the radians that it was turned by.

        For a model that reads rooms along their walls it is the wall's direction that is nearest
        to the gaze, at most 45 degrees off.

        Args:
            scene: as it is.
            gaze: direction in the scene's frame, radians from +x about z; None: it stays as it is.
        """
        if gaze is None:
            return scene, 0.0
        yaw = _QUARTER - gaze
        if self._processor.config.align_to_walls:
            # all the way, so that there is nothing left to align: near 45 degrees it might go on
            yaw = scene.alignment + _QUARTER * round((yaw - scene.alignment) / _QUARTER)
        yaw = math.remainder(yaw, math.tau)
        for given, turn, turned in self._kept:
            if given is scene and abs(turn - yaw) < 1e-9:
                return turned, yaw
        turned = scene.turned(yaw)
        self._kept = [*self._kept[-MOST_KEPT + 1 :], (scene, yaw, turned)]
        return turned, yaw

    def question(self, asked: Question) -> tuple[Question, float]:
        """A question along +y of its scene, and the radians that the scene was turned by for that.

        Earlier turns are written anew where they are of another frame.

        Raises:
            InvalidQuestionError: the gaze is no angle.
        """
        if asked.gaze is not None and not math.isfinite(asked.gaze):
            raise InvalidQuestionError(f"gaze must be finite radians, got {asked.gaze}")
        scene, yaw = self.scene(asked.scene, asked.gaze)
        target = None if asked.target is None else turned_box(asked.target, yaw)
        history = self._history(asked.history, scene, yaw)
        return replace(asked, scene=scene, target=target, history=history, gaze=None), yaw

    def _history(self, history: Sequence[Turn], scene: Scene, yaw: float) -> Sequence[Turn]:
        if all(turn.frame is None for turn in history) or not len(scene.points):
            return history
        read, more = self._processor.frame(scene)
        now = text_frame(yaw + more, read.bounds())
        return [
            turn
            if turn.frame is None
            else Turn(turn.question, moved_text(turn.raw, turn.frame, now), now)
            for turn in history
        ]
