"""`Reasoner`: a scene and a question in, an `Answer` out. Nodes and evaluation both use it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .answer import TASKS, Answer, Box, Turn, Withheld
from .detected import LEAST_SCORE, detected_boxes
from .errors import EmptySceneError, InvalidQuestionError, QuestionTooLongError
from .generation import generate
from .grammar import format_box, parse_answer, task_of_text
from .modeling import EncodedScene
from .plans.forbidden import Prohibition
from .plans.guard import FORBIDDEN, guard_steps, overlap
from .plans.prohibitions import Request, read_request
from .plans.told import noted_text, withheld_text
from .pretrained import Pretrained, load_pretrained
from .refinement import snap_answer, target_box
from .render_views import with_rendered_views
from .scene import Scene
from .scene_clip import CONFIG_FILE, SceneClip
from .tasks import as_request, classify_task, detect_language, stands_alone
from .tiles import EncodingStoppedError, cut, encode_tiles, needs_tiles
from .view_scores import SceneClipScorer, placed_tokens
from .view_selection import ViewScore, select_views

MAX_QUESTION_CHARACTERS = 4_000
# most tokens of an answer; dense captions name every object of a room
MAX_NEW_TOKENS = {"dense_caption": 900, "planning": 600}
DEFAULT_NEW_TOKENS = 300
# tasks whose answer may show that the question was another one's
_MEANT_OTHERWISE = ("qa", "grounding", "object_caption", "reasoning")
# tasks whose answer may be a plan
_MAY_ACT = ("auto", "planning", "dialogue")
_DOUBTFUL_SCORE = 0.1  # a detection that would not be named may still be a thing
_SEEN = 0.1  # of the smaller box: a step's box that shares less with all detections holds nothing
_NEAR_M = 1.0  # a target may lie so far outside of the cloud: its other side was not seen

Progress = Callable[[str, str], None]


class Reasoner:
    """A loaded model with its view selection. Not thread safe: one caller at a time.

    Attributes:
        name: of the model, for people.
        trained: False while the weights are random; answers then mean nothing.
        num_views: views shown for a question.
        max_extent: longest side of the scenes that it was trained on [m]; None: no limit is known.
        new_modules: modules that were initialised at load time (a plain Qwen2.5-VL folder).
    """

    def __init__(self, loaded: Pretrained, clip: SceneClip | None, num_views: int) -> None:
        self._model, self._processor = loaded.model, loaded.processor
        self.name, self.new_modules = loaded.name, loaded.new_modules
        self.trained = bool(loaded.model.config.trained)
        self.num_views = num_views
        self.max_extent = loaded.model.config.scene_config.max_extent
        self._given: Scene | None = None  # as the caller gave it
        self._scene: Scene | None = None  # with rendered views where it came without
        self._encoded: EncodedScene | None = None
        self._cloud: tuple[Tensor, Tensor, Tensor] | None = None  # see `R1Processor.cloud`
        self._points: Tensor | None = None  # (1, N, 3), all that were encoded
        self._scorer = None
        if clip is not None:
            clip = clip.to(self.device)
            self._scorer = SceneClipScorer(clip, loaded.processor.tokenizer, self._placed)

    @classmethod
    def from_pretrained(
        cls, model: str, *, device: str = "auto", dtype: str = "auto", num_views: int | None = None
    ) -> Reasoner:
        """Load a preset or folder, see `pretrained.load_pretrained`.

        `num_views` is how many views are shown for a question; None: as many as the model's
        configuration says.

        Raises:
            ModelLoadError: with one line that says what is wrong.
        """
        loaded = load_pretrained(model, device=device, dtype=dtype)
        folder = Path(loaded.model.config.name_or_path)
        clip = SceneClip.from_pretrained(folder) if (folder / CONFIG_FILE).is_file() else None
        return cls(loaded, clip, loaded.model.config.num_views if num_views is None else num_views)

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        return self._model.device

    def close(self) -> None:
        """Drop the scene; the weights go with the object."""
        self._given = self._scene = self._encoded = self._scorer = None
        self._cloud = self._points = None

    def prepare(self, scene: Scene) -> None:
        """Encode a scene ahead of its first question.

        Raises:
            EmptySceneError: the scene has no points.
        """
        self._encode(scene)

    def detect(self, scene: Scene, least_score: float = LEAST_SCORE) -> list[Box]:
        """Objects that the dense decoder finds, best first, with labels in English.

        Raises:
            EmptySceneError: the scene has no points.
        """
        encoded = self._encode(scene)
        return detected_boxes(self._model.config.scene_config, encoded, least_score=least_score)

    def select_views(
        self, scene: Scene, question: str, count: int | None = None
    ) -> list[ViewScore]:
        """The views that would be shown for a question, best first.

        Raises:
            EmptySceneError: the scene has no points.
        """
        self._encode(scene)
        return select_views(
            self._scene, question, self.num_views if count is None else count, self._scorer
        )

    def ask(
        self,
        scene: Scene,
        question: str,
        *,
        task: str = "auto",
        history: Sequence[Turn] = (),
        forbidden: Sequence[Prohibition] = (),
        target: Box | None = None,
        max_new_tokens: int | None = None,
        on_progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Answer:
        """Answer one question.

        Args:
            scene: with at least one point.
            question: English or Chinese.
            task: one of `answer.TASKS`, or auto: the question tells, and the form of the answer.
            history: earlier turns of the dialogue, oldest first; a question that stands alone (see
                `tasks.stands_alone`) is asked without them. What they forbid still holds.
            forbidden: what turns forbade that are not in `history` any more.
            target: the object that the question is about; size 0 is a point on it.
            max_new_tokens: upper bound; None takes the task's own.
            on_progress: called with (stage, text so far); stages views, encode, think, answer.
            should_stop: asked between tokens, and between the tiles of a large map; True ends the
                answer, which then says `stopped`.

        Raises:
            EmptySceneError: the scene has no points.
            InvalidQuestionError: no text, an unknown task, a target outside of the scene, or no
                token allowed.
            QuestionTooLongError: more than MAX_QUESTION_CHARACTERS, or than the model can read.
        """
        start = time.perf_counter()
        report = on_progress or (lambda stage, text: None)
        request = Request(question, question)
        if task in _MAY_ACT:
            request = read_request(question)
            earlier = [read_request(turn.question).prohibitions for turn in history]
            forbidden = [*forbidden, *chain.from_iterable(earlier)]
        if task != "dialogue" and stands_alone(question):
            history = ()  # the subject of the turns before it would only mislead
        open_task = task == "auto"
        if request.prohibitions:
            if not request.allowed:
                return self._noted(request, task, time.perf_counter() - start)
            # what must not be is held by the guard; the model is asked for the rest
            question = request.allowed
        task = _check(question, task, target, history)
        if max_new_tokens is None:
            max_new_tokens = MAX_NEW_TOKENS.get(task, DEFAULT_NEW_TOKENS)
        elif max_new_tokens < 1:
            raise InvalidQuestionError(f"max_new_tokens must be at least 1, not {max_new_tokens}")
        report("encode", "")
        try:
            encoded = self._encode(scene, should_stop or (lambda: False))
        except EncodingStoppedError:
            return self._stopped(question, task, time.perf_counter() - start)
        scene = self._scene
        low, high = scene.bounds()
        if target is not None:
            _check_target(target, low, high)
            target = target_box(target, self.detect(scene))
            question = f"{question} {format_box(target.center, target.size, (low, high))}"
        asked = as_request(question, task)
        report("views", "")
        # "is it on?" says nothing of where to look; the turns before it do
        about = " ".join([*(turn.question for turn in history[-2:]), question])
        scores = select_views(scene, about, self.num_views, self._scorer)
        by_id = {view.id: view for view in scene.views}
        views = [by_id[score.view_id] for score in sorted(scores, key=lambda s: s.view_id)]
        inputs = self._processor(
            scene,
            views,
            asked,
            history,
            cloud=self._cloud,
            max_tokens=self._model.config.text_config.max_position_embeddings - max_new_tokens,
        ).to(self.device)
        with torch.inference_mode():
            tokens = None
            if inputs.patches is not None:
                tokens = self._model.model.encode_views(inputs.patches, inputs.view_grids)
            embeddings = self._model.model.embed(
                inputs.input_ids,
                encoded.tokens,
                tokens,
                inputs.view_positions,
                inputs.view_positions_valid,
            )
        stream = _Stream(self._processor.tokenizer, report, start)
        produced = generate(
            self._model,
            embeddings,
            inputs.position_ids,
            max_new_tokens=max_new_tokens,
            on_token=stream,
            should_stop=should_stop,
        )
        raw = self._processor.tokenizer.decode(produced.tokens, skip_special_tokens=True)
        if open_task and task in _MEANT_OTHERWISE:
            task = task_of_text(raw) or task
        bounds = (low, high)
        parsed = snap_answer(parse_answer(raw, bounds, task), self.detect(scene), bounds)
        language = detect_language(question)
        doubtful = self.detect(scene, _DOUBTFUL_SCORE) if parsed.steps else []
        guarded = guard_steps(
            parsed.steps,
            request,
            earlier=forbidden,
            locate=lambda name: self._locate(scene, name, should_stop),
            seen=lambda box: any(overlap(box, other) > _SEEN for other in doubtful),
        )
        why = withheld_text(guarded.withheld, language)
        if open_task and task == "planning" and not request.acts:
            task = "qa"  # "how do I make a coffee?" is answered in words
        return Answer(
            raw=raw,
            thinking=parsed.thinking,
            answer=parsed.answer if guarded.steps or not why else why,
            task=task,
            language=language,
            boxes=parsed.boxes,
            steps=guarded.steps,
            unread=parsed.unread,
            withheld=guarded.withheld,
            view_ids=[view.id for view in views],
            model=self.name,
            trained=self.trained,
            stopped=produced.stopped,
            finished=produced.finished,
            first_token_seconds=stream.first_token_seconds,
            total_seconds=time.perf_counter() - start,
        )

    @torch.inference_mode()
    def _encode(
        self, scene: Scene, should_stop: Callable[[], bool] = lambda: False
    ) -> EncodedScene:
        if not len(scene.points):
            raise EmptySceneError("the scene has no points yet")
        if scene is self._given or scene is self._scene:
            return self._encoded
        model, config = self._model.model, self._model.config.scene_config
        cloud = tuple(part.to(self.device) for part in self._processor.cloud(scene))
        with torch.autocast(self.device.type, self._model.dtype, self._half):
            if needs_tiles(*scene.bounds(), config.max_extent):
                tiles = cut(scene, config.num_points).to(self.device)
                encoded = encode_tiles(model, tiles, cloud[2], should_stop)
                self._points = tiles.points.flatten(0, 1)[None]
            else:
                encoded = model.encode_scene(*cloud)
                self._points = cloud[0]
        self._given, self._cloud, self._encoded = scene, cloud, encoded
        # a robot with a bare point cloud still gets views to look at
        self._scene = with_rendered_views(scene)
        return encoded

    def _locate(
        self, scene: Scene, name: str, should_stop: Callable[[], bool] | None
    ) -> list[Box]:
        """Where the model finds what a noun phrase names."""
        name = f"the {name}" if detect_language(name) == "en" else name
        return self.ask(scene, name, task="grounding", should_stop=should_stop).boxes

    def _noted(self, request: Request, task: str, seconds: float) -> Answer:
        """The request only forbids: there is nothing to ask the model for."""
        language = detect_language(request.text)
        text = noted_text(request.prohibitions, language)
        return Answer(
            raw=f"<think></think><answer>{text}</answer>",
            thinking="",
            answer=text,
            task="dialogue" if task == "auto" else task,
            language=language,
            withheld=[Withheld(FORBIDDEN, item.words) for item in request.prohibitions],
            model=self.name,
            trained=self.trained,
            total_seconds=seconds,
        )

    def _stopped(self, question: str, task: str, seconds: float) -> Answer:
        """Nothing was said yet."""
        return Answer(
            *("", "", "", task, detect_language(question)),
            model=self.name,
            trained=self.trained,
            stopped=True,
            finished=False,
            total_seconds=seconds,
        )

    @property
    def _half(self) -> bool:
        return self._model.dtype != torch.float32

    def _placed(self, scene: Scene):
        encoded = self._encode(scene)
        return placed_tokens(self._points, encoded.features)


class _Stream:
    """Turns tokens into progress reports; remembers when the first one came."""

    def __init__(self, tokenizer, report: Progress, start: float) -> None:
        self.tokenizer, self.report, self.start = tokenizer, report, start
        self.first_token_seconds = 0.0

    def __call__(self, tokens: list[int]) -> None:
        if not self.first_token_seconds:
            self.first_token_seconds = time.perf_counter() - self.start
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        # a character of several bytes may still be incomplete
        self.report("answer" if "<answer>" in text else "think", text.rstrip("\ufffd"))


def _check(question: str, task: str, target: Box | None, history: Sequence[Turn]) -> str:
    if task != "auto" and task not in TASKS:
        raise InvalidQuestionError(f"unknown task {task!r}; known: auto, {', '.join(TASKS)}")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionTooLongError(
            f"the question has {len(question)} characters, at most {MAX_QUESTION_CHARACTERS} "
            "are read"
        )
    if not question.strip():
        raise InvalidQuestionError("the question holds no text")
    if task != "auto":
        return task
    return classify_task(question, target is not None, bool(history))


def _check_target(target: Box, low: np.ndarray, high: np.ndarray) -> None:
    center, size = np.asarray(target.center, float), np.asarray(target.size, float)
    if not (np.isfinite(center).all() and np.isfinite(size).all() and (size >= 0).all()):
        raise InvalidQuestionError(f"the target's box is no box: centre {center}, size {size}")
    if (center < low - _NEAR_M).any() or (center > high + _NEAR_M).any():
        raise InvalidQuestionError(
            f"the target at {center.round(2)} m lies outside of the scene, which reaches from "
            f"{low.round(2)} to {high.round(2)} m"
        )
