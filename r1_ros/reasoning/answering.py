"""From a checked request to a reply: queue, scene, model, objects with lasting ids.

Everything here is ROS messages and plain calls; the node decides when and for whom.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from r1_model.asking.languages import in_language
from r1_model.asking.mended import meant_request
from r1_model.errors import ModelLoadError
from r1_model.plans.forbidden import Prohibition
from r1_model.plans.guard import FORBIDDEN, UNSEEN, guard_steps
from r1_model.plans.told import withheld_text
from r1_model.scene.scene import Scene
from r1_model.text.answer import Answer, Box, Step, Turn
from r1_model.text.boxes import turned_box, turned_steps
from r1_model.text.grammar import ParsedAnswer, parse_answer
from r1_model.text.measures import compares_with_itself
from r1_ros.configuration.parameters import ReasonerConfig
from r1_ros.messages.answers import answer_message, object_message, step_message
from r1_ros.msg import ErrorCode, GroundedObject, PlanStep, SceneAnswer
from r1_ros.reasoning.object_keeper import Known, ObjectKeeper
from r1_ros.reasoning.requests import AskRequest, require_in_scene, require_no_object
from r1_ros.reasoning.scene_client import SceneClient
from r1_ros.reasoning.sessions import Sessions
from r1_ros.reasoning.viewpoints import Viewpoints
from r1_ros.reasoning.worker import Job, Progress, ReasoningWorker
from r1_ros.runtime.quick_imports import quick_imports
from r1_ros.runtime.request_errors import RequestError, error_code_of

if TYPE_CHECKING:
    from r1_model.reasoner import Reasoner
    from r1_model.views.selection import ViewScore

# what transformers and open_clip import where it is installed, for what nobody needs here
_UNUSED = frozenset({"sklearn", "timm", "torchao"})


def load_reasoner(config: ReasonerConfig) -> Reasoner:
    """The model that the parameters name.

    Raises:
        ModelLoadError: with one line that says what is wrong.
    """
    unused = _UNUSED if config.quantization == "none" else _UNUSED - {"torchao"}
    try:
        with quick_imports(without=sorted(unused)):
            import torch

            from r1_model.reasoner import Reasoner
    except ImportError as error:
        raise ModelLoadError(f"the model needs a package that is missing: {error}") from None
    half = max(1, len(os.sched_getaffinity(0)) // 2)
    torch.set_num_threads(config.torch_threads or min(half, torch.get_num_threads()))
    return Reasoner.from_pretrained(
        config.model,
        device=config.device,
        dtype=config.dtype,
        quantization=config.quantization,
        num_views=config.num_views,
    )


def give_back_memory() -> None:
    """Let others have what a model that is gone had taken of a GPU."""
    if "torch" in sys.modules:  # else there was no model
        from r1_model.gpu_memory import give_back

        give_back()


# so much longer than a new map takes is spent on answers, while requests wait
_ANSWERING = 8.0


class NoResultError(RuntimeError):
    """A job ended with neither a result nor an error: a defect."""


@dataclass(frozen=True)
class Reply:
    """What a caller gets.

    Attributes:
        answer: empty where there is none; partial where the request was ended early.
        code: of ErrorCode.msg.
        sentence: empty on success.
    """

    answer: SceneAnswer = field(default_factory=SceneAnswer)
    code: int = ErrorCode.NONE
    sentence: str = ""


class AskJob(Job[Answer]):
    """A request on its way through the worker.

    Attributes:
        request: what was asked.
        forbidden: what its dialogue forbids, itself included.
        scene: what it is answered from, once that is known.
        stamp: of the newest data that shows what the scene shows, nanoseconds.
        gaze: where who asks looks, see `Reasoner.ask`.
        written, yaw: the scene in the frame of what the model writes, see `Reasoner.frame`.
    """

    def __init__(self, request: AskRequest, forbidden: Sequence[Prohibition]) -> None:
        super().__init__()
        self.request, self.forbidden = request, forbidden
        self.scene: Scene | None = None
        self.stamp = 0
        self.gaze: float | None = None
        self.written: Scene | None = None
        self.yaw = 0.0


class Answering:
    """Serves requests with one model, one source of scenes and all dialogues."""

    def __init__(
        self,
        worker: ReasoningWorker[Reasoner],
        scenes: SceneClient,
        sessions: Sessions,
        objects: ObjectKeeper,
        viewpoints: Viewpoints,
        log_defect: Callable[[str], object],
    ) -> None:
        self.worker, self.scenes, self.sessions = worker, scenes, sessions
        self.objects, self._viewpoints = objects, viewpoints
        self._log_defect = log_defect
        self._looked_at = (0, 0)  # map and revision
        self._looking_s = 0.0  # what it took to fetch the newest map and to look through it

    def start(self, request: AskRequest, config: ReasonerConfig) -> AskJob:
        """Queue a request.

        Raises:
            RequestError: BUSY.
        """
        map_id, history = self.sessions.map_id, self.sessions.history(request.session_id)
        # at once: it holds for whatever is asked next, also when this request fails
        meant = meant_request(request.question)
        forbidden = self.sessions.forbid(request.session_id, meant)
        job = AskJob(request, forbidden or meant.prohibitions)

        def work(reasoner: Reasoner) -> Answer:
            began = time.monotonic()
            scene = self._fetch(job, config)
            earlier = history
            if self.sessions.map_id != map_id:  # the map was started anew since it was asked
                require_no_object(request)
                earlier = []
            require_in_scene(request.target, scene)
            self._look(reasoner, scene)
            if self._looked_at != (newest := (self.scenes.map_id, self.scenes.revision)):
                self._looked_at, self._looking_s = newest, time.monotonic() - began
            job.scene, job.stamp = scene, self.scenes.stamp
            job.gaze = self._viewpoints.gaze(request.viewpoint, scene.frame_id, job.should_stop)
            job.written, job.yaw = reasoner.frame(scene, job.gaze)
            return _ask(reasoner, scene, job, earlier, config)

        self.worker.submit(work, job, config.queue_size)
        return job

    def finish(
        self, job: AskJob, config: ReasonerConfig, on_progress: Progress | None = None
    ) -> Reply:
        """Wait for the end of a request, and remember it in its dialogue.

        Args:
            job: from `start`.
            config: of the node.
            on_progress: gets (stage, text so far) in the calling thread.
        """
        request = job.request
        answer, error = job.follow(request.timeout, config.feedback_period, on_progress)
        message = SceneAnswer(session_id=request.session_id, question=request.said)
        if answer is not None and job.scene is not None:
            message = self._message(answer, job, job.scene.frame_id)
        if answer is None or error is not None:
            return self._failure(error or NoResultError(), message)
        if not answer.stopped:
            self.sessions.add_turn(request.session_id, request.question, answer)
        return _judge(answer, message)

    def select_views(
        self, question: str, count: int, config: ReasonerConfig
    ) -> tuple[list[ViewScore], Reply]:
        """Views for a question, best first, and the error if there are none."""
        job: Job[list[ViewScore]] = Job()

        def work(reasoner: Reasoner) -> list[ViewScore]:
            scene = self._fetch(job, config)
            return reasoner.select_views(scene, question, count or config.num_views)

        try:
            self.worker.submit(work, job, config.queue_size)
        except RequestError as busy:
            return [], self._failure(busy, SceneAnswer())
        scores, error = job.follow(config.request_timeout, config.feedback_period)
        if scores is None or error is not None:
            return [], self._failure(error or NoResultError(), SceneAnswer())
        return scores, Reply()

    def list_objects(self, timeout: float, config: ReasonerConfig) -> tuple[Known | None, Reply]:
        """What is known of all things in the newest map, and the error if that is not to be had."""
        job: Job[Known] = Job()
        try:
            self.worker.submit(
                lambda model: self._looked(model, job, config), job, config.queue_size
            )
        except RequestError as busy:
            return None, self._failure(busy, SceneAnswer())
        known, error = job.follow(timeout, config.feedback_period)
        if known is None or error is not None:
            return None, self._failure(error or NoResultError(), SceneAnswer())
        return known, Reply()

    def look_ahead(self, config: ReasonerConfig) -> None:
        """Let the model look for things when it has nothing else to do; nobody waits for it."""
        if self.worker.requests or not self.scenes.is_offered:
            return
        job: Job[Known] = Job()
        # a map that is empty or gone is told to whoever asks
        self.worker.submit(lambda model: self._looked(model, job, config), job, config.queue_size)

    def _looked(self, reasoner: Reasoner, job: Job[Known], config: ReasonerConfig) -> Known:
        self._look(reasoner, self._fetch(job, config))
        return self.objects.known

    def _look(self, reasoner: Reasoner, scene: Scene) -> None:
        self.objects.look(reasoner, scene, self.scenes.map_id, self.scenes.revision)

    def steps_so_far(self, job: AskJob, text: str, skip: int) -> list[PlanStep]:
        """Steps that stand complete in a text which is still growing, without the first `skip`."""
        parsed = _complete_lines(job, text)
        # what is forbidden may take steps along that came before it: that is told in the end
        if parsed is None or job.forbidden:
            return []
        steps = guard_steps(parsed.steps, meant_request(job.request.question)).steps
        return self._step_messages(job.request.session_id, turned_steps(steps[skip:], -job.yaw))

    def objects_so_far(self, job: AskJob, text: str, skip: int) -> list[GroundedObject]:
        """Objects whose lines stand complete in a text, without the first `skip`."""
        parsed = _complete_lines(job, text)
        boxes = [turned_box(box, -job.yaw) for box in parsed.boxes[skip:]] if parsed else []
        return self.object_messages(job.request.session_id, boxes)

    def object_messages(self, session_id: str, boxes: Sequence[Box]) -> list[GroundedObject]:
        """Messages of boxes, with the ids of the session."""
        ids = self._ids(session_id, boxes)
        return [object_message(box, name) for box, name in zip(boxes, ids, strict=True)]

    def _step_messages(self, session_id: str, steps: Sequence[Step]) -> list[PlanStep]:
        return [step_message(step, self._ids(session_id, step.boxes)) for step in steps]

    def _ids(self, session_id: str, boxes: Sequence[Box]) -> list[str]:
        """Ids of known things, and of the session where a thing is not known."""
        known = [self.objects.identify(box) for box in boxes]
        others = [box for box, name in zip(boxes, known, strict=True) if name is None]
        rest = iter(self.sessions.identify(session_id, others) if others else [])
        return [next(rest) if name is None else name for name in known]

    def _fetch(self, job: Job, config: ReasonerConfig) -> Scene:
        """The map as it is when a request came, or later; of before that where requests wait.

        Looking through a map that has changed takes several times as long as an answer: beside a
        camera that always moves, a queue would otherwise spend its time on that.
        """
        job.report("scene", "")
        since = job.asked_at
        if job.queued and config.busy_scene_age:
            age = max(config.busy_scene_age, _ANSWERING * self._looking_s)
            since = min(since, time.monotonic() - age)
        return self.scenes.fetch(
            config.scene_timeout,
            job.should_stop,
            max_points=config.max_scene_points,
            max_views=config.max_scene_views,
            since=since,
        )

    def _failure(self, error: BaseException, answer: SceneAnswer) -> Reply:
        code = error_code_of(error)
        sentence = " ".join(str(error).split()) or type(error).__name__
        if code == ErrorCode.INTERNAL:
            self._log_defect("".join(traceback.format_exception(error)))
            sentence = f"{type(error).__name__}: {sentence} (a defect; the log has the trace)"
        return Reply(answer, code, sentence)

    def _message(self, answer: Answer, job: AskJob, frame_id: str) -> SceneAnswer:
        request, session_id = job.request, job.request.session_id
        return answer_message(
            answer,
            request.said,
            session_id=session_id,
            stamp=job.stamp,
            frame_id=frame_id,
            object_ids=self._ids(session_id, answer.boxes),
            step_ids=[self._ids(session_id, step.boxes) for step in answer.steps],
        )


def _ask(
    reasoner: Reasoner,
    scene: Scene,
    job: AskJob,
    history: Sequence[Turn],
    config: ReasonerConfig,
) -> Answer:
    request = job.request
    reasoner.num_views = config.num_views
    return reasoner.ask(
        scene,
        request.question,
        task=request.task,
        history=history,
        forbidden=job.forbidden,
        target=request.target,
        gaze=job.gaze,
        max_new_tokens=config.max_new_tokens or None,
        on_progress=job.report,
        should_stop=job.should_stop,
    )


def _complete_lines(job: AskJob, text: str) -> ParsedAnswer | None:
    if job.written is None:
        return None
    return parse_answer(text[: text.rfind("\n") + 1], job.written.bounds(), job.request.task)


def _why_no_plan(answer: Answer) -> tuple[int, str]:
    said = " ".join((withheld_text(answer.withheld, answer.language) or answer.answer).split())
    reasons = {item.reason for item in answer.withheld}
    if FORBIDDEN in reasons:
        return ErrorCode.FORBIDDEN, f"nothing is left of the plan: {said}"
    if UNSEEN in reasons:
        return ErrorCode.NOT_SEEN, f"nothing is left of the plan: {said}"
    return ErrorCode.NO_PLAN, f"no step is to be taken: {said}"


def _judge(answer: Answer, message: SceneAnswer) -> Reply:
    """An answer that says nothing is an error: callers must not mistake it for one."""
    if not in_language(answer.answer, answer.language):
        sentence = "the model answered in another language than that of the question"
        return Reply(message, ErrorCode.UNREADABLE_OUTPUT, sentence)
    if compares_with_itself(answer.answer):
        sentence = "the model's answer compares a thing with itself"
        return Reply(message, ErrorCode.UNREADABLE_OUTPUT, sentence)
    needs_boxes = answer.task in ("grounding", "dense_caption")
    if not (answer.answer or answer.boxes or answer.steps):
        what = "nothing"
    elif needs_boxes and not answer.boxes:
        what = "no object"
    elif answer.steps and not (answer.finished or answer.stopped):
        sentence = "the plan is cut off: it takes more than max_new_tokens"
        return Reply(message, ErrorCode.UNREADABLE_OUTPUT, sentence)
    elif answer.task == "planning" and not answer.steps:
        return Reply(message, *_why_no_plan(answer))
    else:
        return Reply(message)
    hint = "" if answer.trained else "; its weights are random"
    return Reply(message, ErrorCode.UNREADABLE_OUTPUT, f"the model's answer names {what}{hint}")
