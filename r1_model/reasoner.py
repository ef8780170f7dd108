"""`Reasoner`: a scene and a question in, an `Answer` out. Nodes and evaluation both use it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from r1_model.conversation import R1Inputs
from r1_model.errors import EmptySceneError, InvalidQuestionError
from r1_model.generation import Generated, Generator, padded_left
from r1_model.network.config import R1Config
from r1_model.network.detected_boxes import LEAST_SCORE, detected_boxes
from r1_model.network.graphed import Graphed
from r1_model.network.modeling import EncodedScene
from r1_model.network.tiles import EncodingStoppedError, cut, encode_tiles, needs_tiles
from r1_model.network.view_tokens import ViewTokens
from r1_model.plans.forbidden import Prohibition
from r1_model.plans.guard import FORBIDDEN, guard_steps, overlap
from r1_model.plans.told import noted_text, withheld_text
from r1_model.pretrained import Pretrained, load_pretrained
from r1_model.scene.scene import Scene, View
from r1_model.text.answer import Answer, Box, Turn, Withheld
from r1_model.text.grammar import format_box, parse_answer, task_of_text
from r1_model.text.question import Question, check_target
from r1_model.text.refinement import snap_answer, target_box
from r1_model.text.tasks import as_request, detect_language
from r1_model.text.tokens import decoded
from r1_model.views.render_views import with_rendered_views
from r1_model.views.scene_clip import CONFIG_FILE, SceneClip
from r1_model.views.scores import PlacedTokens, SceneClipScorer, placed_tokens
from r1_model.views.selection import ViewScore, select_views
from r1_model.views.visibility import seen_voxels

# most tokens of an answer; dense captions name every object of a room
MAX_NEW_TOKENS = {"dense_caption": 900, "planning": 600}
DEFAULT_NEW_TOKENS = 300
AT_A_TIME = {"cuda": 192, "cpu": 32}  # questions that are answered together
# tasks whose answer may show that the question was another one's
_MEANT_OTHERWISE = ("qa", "grounding", "object_caption", "reasoning")
_DOUBTFUL_SCORE = 0.1  # a detection that would not be named may still be a thing
_SEEN = 0.1  # of the smaller box: a step's box that shares less with all detections holds nothing

Progress = Callable[[str, str], None]


@dataclass(frozen=True)
class _Ready:
    """A question as the model reads it, and what reading its answer will need.

    Attributes:
        question: as it was given.
        task, language, bounds, view_ids, max_new_tokens: see `Reasoner`.
        found: detections, which the answer's boxes are refined with.
        doubtful: these and others that score less.
        embeddings: (L, hidden).
        positions: (3, L).
    """

    question: Question
    task: str
    language: str
    bounds: tuple[np.ndarray, np.ndarray]
    found: list[Box]
    doubtful: list[Box]
    view_ids: list[int]
    max_new_tokens: int
    embeddings: Tensor
    positions: Tensor


@dataclass
class _Known:
    """A scene that was encoded.

    Attributes:
        given: as the caller gave it.
        scene: with rendered views where it came without.
        cloud: see `R1Processor.cloud`.
        points: (1, N, 3), all that were encoded.
        encoded: what the model made of them.
        doubtful: detections in it, the unlikely ones, too; None before they are asked for.
        seen: `visibility.seen_voxels` of its views; the same.
    """

    given: Scene
    scene: Scene
    cloud: tuple[Tensor, Tensor, Tensor]
    points: Tensor
    encoded: EncodedScene
    doubtful: list[Box] | None = None
    seen: np.ndarray | None = None


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
        self._known: _Known | None = None  # the last scene
        self._generate = Generator(loaded.model, keep_prefix=True)
        self._view_tokens = ViewTokens(loaded.model)
        self._encode_scene = Graphed(loaded.model.model.encode_scene)
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
        folder = Path(loaded.model.config.name_or_path or "")
        clip = SceneClip.from_pretrained(folder) if (folder / CONFIG_FILE).is_file() else None
        return cls(loaded, clip, loaded.model.config.num_views if num_views is None else num_views)

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        return self._model.device

    @property
    def settings(self) -> R1Config:
        """How questions are read: what the configuration says, and what is changed here."""
        return self._processor.config

    def close(self) -> None:
        """Drop the scene; the weights go with the object."""
        self._known = self._scorer = None
        self._view_tokens.clear()
        self._encode_scene.clear()

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
        encoded = self._encode(scene).encoded
        return detected_boxes(self._model.config.scene_config, encoded, least_score=least_score)

    def select_views(
        self, scene: Scene, question: str, count: int | None = None
    ) -> list[ViewScore]:
        """The views that would be shown for a question, best first.

        Raises:
            EmptySceneError: the scene has no points.
        """
        known = self._encode(scene)
        return select_views(
            known.scene, question, self.num_views if count is None else count, self._scorer
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
            history: earlier turns of the dialogue, oldest first. What they forbid holds also where
                the model reads the question alone (`R1Config.drop_unrelated_history`).
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
        asked = Question(scene, question, task, history, target, forbidden)
        [answer] = self._answer([asked], max_new_tokens, on_progress, should_stop)
        return answer

    def ask_many(
        self,
        questions: Sequence[Question],
        *,
        max_new_tokens: int | None = None,
        at_a_time: int | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[Answer]:
        """Answer many questions, about one scene or several. Each answer is that of `ask`.

        Args:
            questions: in any order.
            max_new_tokens: upper bound of each answer; None takes its task's own.
            at_a_time: how many are answered together; None: what suits the device.
            should_stop: see `ask`; what is not answered then says `stopped`.

        Raises:
            EmptySceneError, InvalidQuestionError, QuestionTooLongError: see `ask`.
        """
        most = at_a_time or AT_A_TIME[self.device.type]
        # scene by scene: each is encoded once
        scenes = {id(question.scene): place for place, question in enumerate(questions)}
        order = sorted(range(len(questions)), key=lambda row: scenes[id(questions[row].scene)])
        answers: dict[int, Answer] = {}
        for first in range(0, len(order), most):
            rows = order[first : first + most]
            some = [questions[row] for row in rows]
            found = self._answer(some, max_new_tokens, None, should_stop)
            answers |= zip(rows, found, strict=True)
        return [answers[row] for row in range(len(questions))]

    def _answer(
        self,
        questions: Sequence[Question],
        max_new_tokens: int | None,
        on_progress: Progress | None,
        should_stop: Callable[[], bool] | None,
    ) -> list[Answer]:
        start = time.perf_counter()
        report = on_progress or (lambda stage, text: None)
        if self.settings.drop_unrelated_history:
            questions = [one.without_unrelated() for one in questions]
        noted = {row: self._noted(q, start) for row, q in enumerate(questions) if q.only_forbids}
        if noted:
            rest = [one for row, one in enumerate(questions) if row not in noted]
            asked = self._answer(rest, max_new_tokens, on_progress, should_stop) if rest else []
            others = iter(asked)
            return [noted.get(row) or next(others) for row in range(len(questions))]
        try:
            ready = [self._read(one, max_new_tokens, report, should_stop) for one in questions]
        except EncodingStoppedError:
            seconds = time.perf_counter() - start
            return [self._stopped(one, seconds) for one in questions]
        stream = _Stream(self._processor.tokenizer, on_progress, start)
        produced = self._generate(
            *padded_left([one.embeddings for one in ready], [one.positions for one in ready]),
            max_new_tokens=[one.max_new_tokens for one in ready],
            on_tokens=stream,
            should_stop=should_stop,
        )
        return [
            self._answer_from(one, said, stream.first_token_seconds.get(row, 0.0), start)
            for row, (one, said) in enumerate(zip(ready, produced, strict=True))
        ]

    def _read(
        self,
        asked: Question,
        max_new_tokens: int | None,
        report: Progress,
        should_stop: Callable[[], bool] | None,
    ) -> _Ready:
        """A question as the model reads it."""
        text, target, task = asked.asked, asked.target, asked.known_task()
        max_new_tokens = _most_tokens(asked, max_new_tokens)
        report("encode", "")
        known = self._encode(asked.scene, should_stop or (lambda: False))
        scene, encoded = known.scene, known.encoded
        low, high = scene.bounds()
        doubtful = self._detected(scene)
        found = [box for box in doubtful if box.score >= LEAST_SCORE]
        if target is not None:
            check_target(target, low, high)
            target = target_box(target, found)
            text = f"{text} {format_box(target.center, target.size, (low, high))}"
        report("views", "")
        # "is it on?" says nothing of where to look; the turns before it do
        about = " ".join([*(turn.question for turn in asked.history[-2:]), text])
        scores = select_views(
            scene, about, self.num_views, self._scorer, seen=self._seen_voxels(scene)
        )
        by_id = {view.id: view for view in scene.views}
        views = [by_id[score.view_id] for score in sorted(scores, key=lambda s: s.view_id)]
        inputs = self._processor(
            scene,
            views,
            as_request(text, task) if self.settings.names_as_requests else text,
            asked.history,
            cloud=known.cloud,
            max_tokens=self._model.config.text_config.max_position_embeddings - max_new_tokens,
        ).to(self.device)
        return _Ready(
            question=asked,
            task=task,
            language=detect_language(text),
            bounds=(low, high),
            found=found,
            doubtful=doubtful,
            view_ids=[view.id for view in views],
            max_new_tokens=max_new_tokens,
            embeddings=self._embed(inputs, encoded, views)[0],
            positions=inputs.position_ids[:, 0],
        )

    @torch.inference_mode()
    def _embed(self, inputs: R1Inputs, encoded: EncodedScene, views: Sequence[View]) -> Tensor:
        """(1, L, hidden): the prompt with scene and views in their places."""
        return self._model.model.embed(
            inputs.input_ids,
            encoded.tokens,
            self._view_tokens(views, inputs),
            inputs.view_positions,
            inputs.view_positions_valid,
        )

    def _answer_from(
        self, asked: _Ready, produced: Generated, first_token_seconds: float, start: float
    ) -> Answer:
        raw = decoded(self._processor.tokenizer, produced.tokens)
        task = asked.task
        question, request = asked.question, asked.question.request
        open_task = question.task == "auto"
        if open_task and task in _MEANT_OTHERWISE:
            task = task_of_text(raw) or task
        parsed = parse_answer(raw, asked.bounds, task)
        parsed = snap_answer(parsed, asked.found, asked.bounds)
        if open_task and task == "planning" and not request.acts:
            task = "qa"  # "how do I make a coffee?" is answered in words
        guarded = guard_steps(
            parsed.steps,
            request,
            earlier=question.forbidden_before(),
            # who ended the request does not wait for more
            locate=lambda name: [] if produced.stopped else self._locate(question.scene, name),
            seen=lambda box: any(overlap(box, other) > _SEEN for other in asked.doubtful),
        )
        why = withheld_text(guarded.withheld, asked.language)
        return Answer(
            raw=raw,
            thinking=parsed.thinking,
            answer=parsed.answer if guarded.steps or not why else why,
            task=task,
            language=asked.language,
            boxes=parsed.boxes,
            steps=guarded.steps,
            unread=parsed.unread,
            exact=parsed.exact,
            withheld=guarded.withheld,
            view_ids=asked.view_ids,
            model=self.name,
            trained=self.trained,
            stopped=produced.stopped,
            finished=produced.finished,
            first_token_seconds=first_token_seconds,
            total_seconds=time.perf_counter() - start,
        )

    def _detected(self, scene: Scene) -> list[Box]:
        known = self._encode(scene)
        if known.doubtful is None:
            known.doubtful = self.detect(scene, _DOUBTFUL_SCORE)
        return known.doubtful

    def _seen_voxels(self, scene: Scene) -> np.ndarray:
        known = self._encode(scene)
        if known.seen is None:
            known.seen = seen_voxels(known.scene.views)
        return known.seen

    @torch.inference_mode()
    def _encode(self, scene: Scene, should_stop: Callable[[], bool] = lambda: False) -> _Known:
        if not len(scene.points):
            raise EmptySceneError("the scene has no points yet")
        known = self._known
        if known is not None and (scene is known.given or scene is known.scene):
            return known
        model, config = self._model.model, self._model.config.scene_config
        points, colors, bounds = (part.to(self.device) for part in self._processor.cloud(scene))
        with torch.autocast(self.device.type, self._model.dtype, self._half):
            if needs_tiles(*scene.bounds(), config.max_extent):
                tiles = cut(scene, config.num_points).to(self.device)
                encoded = encode_tiles(model, tiles, bounds, should_stop)
                every = tiles.points.flatten(0, 1)[None]
            else:
                encode = self._encode_scene if self.device.type == "cuda" else model.encode_scene
                encoded = encode(points, colors, bounds)
                every = points
        # a robot with a bare point cloud still gets views to look at
        shown = with_rendered_views(scene)
        self._known = _Known(scene, shown, (points, colors, bounds), every, encoded)
        return self._known

    def _locate(self, scene: Scene, name: str) -> list[Box]:
        """Where the model finds what a noun phrase names."""
        name = f"the {name}" if detect_language(name) == "en" else name
        return self.ask(scene, name, task="grounding").boxes

    def _noted(self, asked: Question, start: float) -> Answer:
        """The answer to a request that only forbids."""
        task, prohibitions = asked.known_task(), asked.request.prohibitions
        language = detect_language(asked.text)
        text = noted_text(prohibitions, language)
        return Answer(
            raw=f"<think></think><answer>{text}</answer>",
            thinking="",
            answer=text,
            task="dialogue" if asked.task == "auto" else task,
            language=language,
            exact=True,
            withheld=[Withheld(FORBIDDEN, item.words) for item in prohibitions],
            model=self.name,
            trained=self.trained,
            total_seconds=time.perf_counter() - start,
        )

    def _stopped(self, asked: Question, seconds: float) -> Answer:
        """Nothing was said yet."""
        return Answer(
            raw="",
            thinking="",
            answer="",
            task=asked.known_task(),
            language=detect_language(asked.text),
            model=self.name,
            trained=self.trained,
            stopped=True,
            finished=False,
            total_seconds=seconds,
        )

    @property
    def _half(self) -> bool:
        return self._model.dtype != torch.float32

    def _placed(self, scene: Scene) -> PlacedTokens:
        known = self._encode(scene)
        return placed_tokens(known.points, known.encoded.features)


class _Stream:
    """Turns tokens into progress reports; remembers when the first one of each answer came."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, report: Progress | None, start: float):
        self.tokenizer, self.report, self.start = tokenizer, report, start
        self.first_token_seconds: dict[int, float] = {}

    def __call__(self, row: int, tokens: list[int]) -> None:
        self.first_token_seconds.setdefault(row, time.perf_counter() - self.start)
        if self.report is None:
            return
        text = decoded(self.tokenizer, tokens)
        # a character of several bytes may still be incomplete
        self.report("answer" if "<answer>" in text else "think", text.rstrip("\ufffd"))


def _most_tokens(asked: Question, max_new_tokens: int | None) -> int:
    """Upper bound of an answer."""
    if max_new_tokens is None:
        return MAX_NEW_TOKENS.get(asked.known_task(), DEFAULT_NEW_TOKENS)
    if max_new_tokens < 1:
        raise InvalidQuestionError(f"max_new_tokens must be at least 1, not {max_new_tokens}")
    return max_new_tokens
