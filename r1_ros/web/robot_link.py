"""What the page does with the robot, as plain functions over R1Client."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2

from r1_model.scene.scene import Scene, View
from r1_ros.action import ExecutePlan
from r1_ros.client import R1Client, RequestFailedError
from r1_ros.messages.plain import answer_data, step_data
from r1_ros.plans.shelf import OfferedPlan, PlanShelf
from r1_ros.web.cloud_levels import CloudLevels, cloud_levels
from r1_ros.web.streams import CLIENT_ERRORS, error_data
from r1_ros.web.watch import RobotWatch

_THUMBNAIL_PX = 320
_JPEG_QUALITY = 80
_THREADS = 16  # questions and pictures at once, of all pages


class StaleSceneError(LookupError):
    """The map has changed since the page read about it."""


class RobotLink:
    """One robot, for any number of pages. Use it as a context manager.

    Args:
        namespace: of its nodes.
        base_frame: tf frame of the robot's base, to show where it is.
        namespaced_tf: tf is in the namespace too.
    """

    def __init__(
        self, namespace: str = "", base_frame: str = "base_link", *, namespaced_tf: bool = False
    ) -> None:
        self._mind, self._hands = R1Client(namespace), R1Client(namespace)
        self._watch = RobotWatch(namespace, base_frame, namespaced_tf=namespaced_tf)
        self._shelf = PlanShelf()
        self._lock = threading.Lock()
        self._scene: tuple[str, Scene, CloudLevels] | None = None
        self._outcome: dict[str, Any] = {}
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="r1_web")

    def __enter__(self) -> RobotLink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what this page had started, and leave."""
        self._hands.close()
        self._mind.close()
        self._watch.close()
        self.threads.shutdown()

    def ask(
        self,
        question: str,
        task: str,
        session: str,
        target: str | Sequence[float] | None,
        hear: Callable[[Any], None],
    ) -> dict[str, Any]:
        """An answer, with its feedback on the way."""
        answer = self._mind.ask(
            question, task=task, session_id=session, target=target, on_feedback=hear
        )
        return {"answer": answer_data(answer)}

    def plan(self, goal: str, session: str, hear: Callable[[Any], None]) -> dict[str, Any]:
        """A plan, and the id by which `carry_out` takes it."""
        result = self._mind.plan(goal, session_id=session, on_feedback=hear)
        frame_id = result.answer.header.frame_id
        plan_id = self._shelf.put(OfferedPlan(goal, list(result.steps), frame_id, session))
        answer = answer_data(result.answer) | {"steps": [step_data(step) for step in result.steps]}
        return {"answer": answer, "plan_id": plan_id}

    def carry_out(self, plan_id: str) -> None:
        """Start a plan that was shown; a person at the page has said yes to it.

        Raises:
            UnknownPlanError: no such plan, or it was started already.
        """
        plan = self._shelf.take(plan_id)
        self._outcome = {"plan": plan_id, "running": True}
        self.threads.submit(self._carry_out, plan_id, plan)

    def _carry_out(self, plan_id: str, plan: OfferedPlan) -> None:
        passed_on = False

        def follow(feedback: ExecutePlan.Feedback) -> None:
            nonlocal passed_on
            if feedback.plan_id and not passed_on:
                passed_on = True
                try:
                    self._mind.approve_plan(feedback.plan_id, True)
                except RequestFailedError:
                    return  # somebody was faster; the result says how they decided

        try:
            done = self._hands.execute_plan(
                plan.steps,
                frame_id=plan.frame_id,
                session_id=plan.session_id,
                on_feedback=follow,
            )
            outcome: dict[str, Any] = {"steps_done": done.steps_done}
        except CLIENT_ERRORS as error:
            result = getattr(error, "result", None)
            outcome = error_data(error) | {"steps_done": getattr(result, "steps_done", 0)}
        self._outcome = {"plan": plan_id, "running": False, **outcome}

    def approve(self, plan_id: str, approve: bool, reason: str) -> None:
        """Decide about a plan of somebody else that waits at plan_executor."""
        self._mind.approve_plan(plan_id, approve, reason=reason)

    def stop(self) -> bool:
        """Stop the robot's plan, whoever started it; False: plan_executor is not there."""
        return self._watch.stop_robot() is not None

    def state(self) -> dict[str, Any]:
        """Health, the plan that runs or waits, how the last one of a page ended, and the robot."""
        held = self._scene
        robot = {} if held is None else self._watch.place(held[1].frame_id)
        return {
            "health": self._watch.health(),
            "execution": self._watch.execution(),
            "outcome": self._outcome,
            "robot": robot or {"unknown": "there is no map yet"},
        }

    def scene(self) -> dict[str, Any]:
        """The map in words: revision, bounds, number of points, keyframes with their places."""
        revision, scene, levels = self._current()
        return {
            "revision": revision,
            "frame_id": scene.frame_id,
            "points": len(levels),
            "low": levels.low.tolist(),
            "high": levels.high.tolist(),
            "focus": [corner.tolist() for corner in levels.focus],
            "views": [_view_data(view) for view in scene.views],
        }

    def points(self, revision: str, start: int, count: int) -> bytes:
        """Part of the cloud; see CloudLevels.chunk.

        Raises:
            StaleSceneError: it is another map now.
        """
        return self._held(revision)[2].chunk(start, count)

    def picture(self, revision: str, view_id: int) -> bytes:
        """A keyframe as a small JPEG.

        Raises:
            StaleSceneError: it is another map now, or has no such keyframe.
        """
        for view in self._held(revision)[1].views:
            if view.id == view_id:
                return _thumbnail(view)
        raise StaleSceneError(f"no keyframe {view_id}")

    def reasons(self, question: str) -> list[dict[str, Any]]:
        """Why which keyframes are shown to the model for a question, best first."""
        scores = self._mind.select_views(question)
        names = ("utility", "text_3d", "image_3d", "clip", "coverage")
        return [
            {
                "id": int(number),
                **{name: round(float(getattr(scores, name)[row]), 4) for name in names},
            }
            for row, number in enumerate(scores.view_ids)
        ]

    def _current(self) -> tuple[str, Scene, CloudLevels]:
        scene = self._mind.get_scene()
        with self._lock:
            if self._scene is None or self._scene[1] is not scene:
                levels = cloud_levels(scene.points, scene.colors)
                self._scene = (secrets.token_hex(4), scene, levels)
            return self._scene

    def _held(self, revision: str) -> tuple[str, Scene, CloudLevels]:
        held = self._scene
        if held is None or held[0] != revision:
            raise StaleSceneError("the map has changed")
        return held


def _view_data(view: View) -> dict[str, Any]:
    """Where a keyframe was taken from: position and viewing direction in the scene frame."""
    pose = view.T_scene_camera
    return {
        "id": view.id,
        "stamp": view.stamp,
        "position": pose[:3, 3].round(4).tolist(),
        "forward": pose[:3, 2].round(4).tolist(),
    }


def _thumbnail(view: View) -> bytes:
    height, width = view.color.shape[:2]
    scale = min(1.0, _THUMBNAIL_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(view.color, size, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)
    return jpeg.tobytes()
