"""A reasoner that says what its test wants, token by token, and a mapper that serves one scene.

Run as a program, it is a scene_reasoner process with the scripted model:
`python -m tests.ros.scripted TOKEN_SECONDS --ros-args ...`. With "hang" instead of a number, the
model never comes back from its first forward pass.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from r1_ros.msg import ErrorCode
from r1_ros.srv import GetScene
from rclpy.node import Node

from r1_model.errors import EmptySceneError
from r1_model.plans.forbidden import Prohibition
from r1_model.plans.guard import guard_steps
from r1_model.plans.prohibitions.request import read_request
from r1_model.scene.scene import Scene
from r1_model.text.answer import Answer, Box, Turn
from r1_model.text.grammar import format_box, parse_answer
from r1_model.text.tasks import classify_task, detect_language
from r1_model.views.selection import ViewScore
from r1_ros.messages.scenes import scene_to_response
from tests.r1_model.posed_views import wall_view

LAMP = Box(np.array([1.0, 1.5, 0.9]), np.array([0.2, 0.2, 0.4]), "desk lamp")
DESK = Box(np.array([1.2, 1.5, 0.35]), np.array([1.2, 0.6, 0.7]), "desk")


def room(points: int = 500) -> Scene:
    """A cloud in (0..4, 0..3, 0..2.5) m with two views."""
    rng = np.random.default_rng(0)
    cloud = rng.uniform((0, 0, 0), (4, 3, 2.5), (points, 3)).astype(np.float32)
    cloud[:2] = (0, 0, 0), (4, 3, 2.5)
    return Scene(
        points=cloud,
        colors=rng.integers(0, 256, (points, 3), dtype=np.uint8),
        views=[
            wall_view(np.array([2.0, 0.2, 1.2]), np.array([1.0 + number, 2, 1]), 1.5, number)
            for number in (3, 7)
        ],
        stamp=12_000_000_034,
    )


def text_of(scene: Scene, task: str, language: str) -> str:
    """A well-formed answer of the task."""
    lamp, desk = (format_box(b.center, b.size, scene.bounds()) for b in (LAMP, DESK))
    if language != "en":
        body = {
            "qa": "四把。",
            "grounding": f"檯燈 {lamp}",
            "object_caption": f"一盞黑色的檯燈 {lamp}，在書桌 {desk} 的左邊。",
            "dense_caption": f"檯燈 {lamp}：黑色的檯燈。\n書桌 {desk}：木頭的書桌。\n",
            "reasoning": "有人在看書。",
            "dialogue": f"好的，我已經把檯燈關掉了。\n1. turn_off(檯燈 {lamp}): 關掉檯燈。",
            "planning": f"1. navigate_to(書桌 {desk}): 走到書桌。\n"
            f"2. pick(檯燈 {lamp}): 拿起檯燈。\n3. place(檯燈 {lamp}, 書桌 {desk}): 放下來。",
        }[task]
        return f"<think>我看一下。</think><answer>{body}</answer>"
    body = {
        "qa": "There are four.",
        "grounding": f"desk lamp {lamp}",
        "object_caption": f"A black desk lamp {lamp} on the left of the desk {desk}.",
        "dense_caption": f"desk lamp {lamp}: A black lamp.\ndesk {desk}: A wooden desk.\n",
        "reasoning": "Somebody was reading.",
        "dialogue": f"I have turned it off.\n1. navigate_to(desk {desk}): Go to the desk.\n"
        f"2. turn_off(desk lamp {lamp}): Switch the lamp off.",
        "planning": f"1. navigate_to(desk {desk}): Go to the desk.\n"
        f"2. pick(desk lamp {lamp}): Take the lamp.\n"
        f"3. place(desk lamp {lamp}, desk {desk}): Put it down.",
    }[task]
    return f"<think>I look.</think><answer>{body}</answer>"


class ScriptedReasoner:
    """Stands in for r1_model.reasoner.Reasoner: same calls, no weights."""

    name, trained, num_views, device, max_extent = "scripted", False, 6, "cpu", None

    def __init__(self, token_seconds: float = 0.0, say: str | dict[str, str] = "") -> None:
        self.token_seconds, self.say = token_seconds, say
        self.asked: list[tuple[str, list[Turn], Box | None]] = []
        self.gazes: list[float | None] = []
        self.scenes: list[Scene] = []
        self.fail: BaseException | None = None
        self.cut_off = False
        self.found: list[Box] = []  # what `detect` finds
        self.encoding = threading.Event()
        self.encode_seconds = 0.0

    def close(self) -> None:
        pass

    def prepare(self, scene: Scene) -> None:
        pass

    def frame(self, scene: Scene, gaze: float | None = None) -> tuple[Scene, float]:
        return scene, 0.0

    def detect(self, scene: Scene, least_score: float = 0.3) -> list[Box]:
        if not len(scene.points):
            raise EmptySceneError("the scene has no points")
        return [box for box in self.found if box.score >= least_score]

    def ask(
        self,
        scene: Scene,
        question: str,
        *,
        task: str = "auto",
        history: Sequence[Turn] = (),
        forbidden: Sequence[Prohibition] = (),
        target: Box | None = None,
        gaze: float | None = None,
        max_new_tokens: int | None = None,
        on_progress: Callable[[str, str], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Answer:
        start = time.perf_counter()
        self.asked.append((question, list(history), target))
        self.gazes.append(gaze)
        self.scenes.append(scene)
        if not len(scene.points):
            raise EmptySceneError("the scene has no points")
        if self.fail is not None:
            raise self.fail
        on_progress("views", "")
        on_progress("encode", "")
        self.encoding.set()
        time.sleep(self.encode_seconds)  # as a forward pass: nothing can stop it
        if task == "auto":
            task = classify_task(question, target is not None, bool(history))
        language = detect_language(question)
        say = self.say.get(task, "") if isinstance(self.say, dict) else self.say
        whole = say or text_of(scene, task, language)
        raw, stopped = "", False
        for character in whole:
            if should_stop():
                stopped = True
                break
            raw += character
            on_progress("answer" if "<answer>" in raw else "think", raw)
            if self.token_seconds:
                time.sleep(self.token_seconds)
        parsed = parse_answer(raw, scene.bounds(), task)
        guarded = guard_steps(parsed.steps, read_request(question), earlier=forbidden)
        return Answer(
            raw=raw,
            thinking=parsed.thinking,
            answer=parsed.answer,
            task=task,
            language=language,
            boxes=parsed.boxes,
            steps=guarded.steps,
            withheld=guarded.withheld,
            unread=parsed.unread,
            view_ids=[view.id for view in scene.views],
            model=self.name,
            trained=self.trained,
            finished=not self.cut_off,
            stopped=stopped,
            total_seconds=time.perf_counter() - start,
        )

    def select_views(
        self, scene: Scene, question: str, count: int | None = None
    ) -> list[ViewScore]:
        return [
            ViewScore(
                view_id=view.id, utility=0.5, text_3d=0.1, image_3d=0.2, clip=0.3, coverage=0.4
            )
            for view in scene.views[:count]
        ]


class StubMapper(Node):
    """Serves `scene_mapper/get_scene` from a scene that the test sets."""

    def __init__(self, scene: Scene | None, **node_arguments: object) -> None:
        super().__init__("scene_mapper", **node_arguments)
        self.scene, self.revision, self.map_id = scene, 1, 1
        self.requests: list[int] = []
        self.error: tuple[int, str] = (ErrorCode.NONE, "")
        self.create_service(GetScene, "~/get_scene", self._on_get_scene)

    def _on_get_scene(
        self, request: GetScene.Request, response: GetScene.Response
    ) -> GetScene.Response:
        self.requests.append(request.known_revision)
        if self.error[0] != ErrorCode.NONE:
            return GetScene.Response(error_code=self.error[0], error_msg=self.error[1])
        if self.scene is not None and request.known_revision == self.revision:
            revision, map_id = self.revision, self.map_id
            return GetScene.Response(unchanged=True, revision=revision, map_id=map_id)
        return scene_to_response(self.scene, self.revision, self.map_id)


def main() -> None:
    from r1_ros.nodes.scene_reasoner import SceneReasoner
    from r1_ros.runtime.lifecycle import end_process, spin_node

    model = ScriptedReasoner(0.0 if sys.argv[1] == "hang" else float(sys.argv[1]))
    if sys.argv[1] == "hang":
        model.encode_seconds = 10_000.0
    end_process(spin_node(lambda: SceneReasoner(lambda _: model)))


if __name__ == "__main__":
    main()
