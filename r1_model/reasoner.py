"""`Reasoner`: a scene and a question in, an `Answer` out. Nodes and evaluation both use it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from r1_model.asking.absent import held_against, unfound, where_is
from r1_model.asking.answers import Answerer, Said
from r1_model.asking.mended import mended, mended_question
from r1_model.asking.question import Question, check_target
from r1_model.asking.reading import Ready, most_tokens, padded_prompts
from r1_model.asking.scenes import KnownScene, Scenes
from r1_model.asking.several import joined
from r1_model.asking.shown_views import ShownViews
from r1_model.asking.viewpoint import Facings
from r1_model.conversation import Asking
from r1_model.generation import Generator
from r1_model.network.config import R1Config
from r1_model.network.detected_boxes import LEAST_SCORE, detected_boxes
from r1_model.network.tiles import EncodingStoppedError
from r1_model.plans.forbidden import Prohibition
from r1_model.pretrained import Pretrained, load_pretrained
from r1_model.scene.scene import Scene, View
from r1_model.text.answer import Answer, Box, Turn
from r1_model.text.boxes import turned_answer, turned_box
from r1_model.text.grammar import format_box
from r1_model.text.refinement import target_box
from r1_model.text.tasks import as_request, detect_language
from r1_model.text.tokens import decoded
from r1_model.views.scene_clip import CONFIG_FILE, SceneClip
from r1_model.views.selection import ViewScore

AT_A_TIME = {"cuda": 192, "cpu": 32}  # questions that are answered together
_DOUBTFUL_SCORE = 0.1  # a detection that would not be named may still be a thing

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
        self._answers = Answerer(self.name, self.trained)
        self._scenes = Scenes(loaded.model, loaded.processor)
        self._facings = Facings(loaded.processor)
        self._views = ShownViews(loaded.model, loaded.processor, self._scenes, clip)
        self._generate = Generator(loaded.model, keep_prefix=True)

    @classmethod
    def from_pretrained(
        cls,
        model: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        quantization: str = "none",
        num_views: int | None = None,
    ) -> Self:
        """Load a preset or folder, see `pretrained.load_pretrained`.

        `num_views` is how many views are shown for a question; None: as many as the model's
        configuration says.

        Raises:
            ModelLoadError: with one line that says what is wrong.
        """
        loaded = load_pretrained(model, device=device, dtype=dtype, quantization=quantization)
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

    def weights_digest(self) -> str:
        """Of the weights and their precision; equal on every device."""
        digest = hashlib.sha256()
        integers = {1: torch.uint8, 2: torch.int16, 4: torch.int32}
        for name, weight in self._model.named_parameters():
            # whole numbers have the same sum in any order
            data = weight.detach()
            total = data.view(integers[data.element_size()]).sum(dtype=torch.int64)
            digest.update(f"{name} {data.dtype} {tuple(weight.shape)} {int(total)}\n".encode())
        return digest.hexdigest()[:16]

    def close(self) -> None:
        """Drop the scene; the weights go with the object."""
        self._scenes.clear()
        self._facings.clear()
        self._views.clear()

    def prepare(self, scene: Scene) -> None:
        """Encode a scene ahead of its first question.

        Raises:
            EmptySceneError: the scene has no points.
        """
        self._scenes.known(scene)

    def prepare_ahead(self, scenes: Sequence[Scene]) -> None:
        """Let other threads make what a CPU makes of scenes that will be asked about next."""
        self._scenes.prepare_ahead(scenes)

    def frame(self, scene: Scene, gaze: float | None = None) -> tuple[Scene, float]:
        """The scene in the frame of the boxes that are written about it (`Answer.raw`), and the
        radians that it was turned by; the boxes of an `Answer` are turned back.

        `gaze` is that of the question, see `ask`.
        """
        faced, yaw = self._facings.scene(scene, gaze)
        read, more = self._processor.frame(faced)
        return read, yaw + more

    def detect(self, scene: Scene, least_score: float = LEAST_SCORE) -> list[Box]:
        """Objects that the dense decoder finds, best first, with labels in English.

        Raises:
            EmptySceneError: the scene has no points.
        """
        known = self._scenes.known(scene)
        return [turned_box(box, -known.yaw) for box in self._detected(known, least_score)]

    def _detected(self, known: KnownScene, least_score: float) -> list[Box]:
        """Detections in the frame in which the scene is read."""
        config = self._model.config.scene_config
        return detected_boxes(config, known.encoded, least_score=least_score)

    def select_views(
        self, scene: Scene, question: str, count: int | None = None
    ) -> list[ViewScore]:
        """The views that would be shown for a question, best first.

        Raises:
            EmptySceneError: the scene has no points.
        """
        known = self._scenes.known(scene)
        if self.settings.normalise_questions:
            question = mended(question)
        return self._views.scores(known, question, self.num_views if count is None else count)

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
            gaze: where who asks looks: radians from the scene's +x axis about z. Left, right, in
                front and behind are as seen that way (see `asking.viewpoint`); None: along +y of
                the frame that is read (docs/text_format.md).
            max_new_tokens: upper bound; None takes the task's own.
            on_progress: called with (stage, text so far); stages views, encode, think, answer.
            should_stop: asked between tokens, and between the tiles of a large map; True ends the
                answer, which then says `stopped`.

        Raises:
            EmptySceneError: the scene has no points.
            InvalidQuestionError: no text, an unknown task, a target outside of the scene, a gaze
                that is none, or no token allowed.
            QuestionTooLongError: more than MAX_QUESTION_CHARACTERS, or than the model can read.
        """
        asked = Question(scene, question, task, history, target, forbidden, gaze)
        asked, yaw = self._facings.question(asked)
        [answer] = self._answer([asked], max_new_tokens, on_progress, should_stop)
        return turned_answer(answer, -yaw)

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
        faced = [self._facings.question(question) for question in questions]
        questions = [question for question, _ in faced]
        # scene by scene: each is encoded once
        scenes = {id(question.scene): place for place, question in enumerate(questions)}
        order = sorted(range(len(questions)), key=lambda row: scenes[id(questions[row].scene)])
        parts = [order[first : first + most] for first in range(0, len(order), most)]
        answers: dict[int, Answer] = {}
        for rows, following in zip(parts, [*parts[1:], []], strict=False):
            some = [questions[row] for row in rows]
            found = self._answer(
                some,
                max_new_tokens,
                None,
                should_stop,
                following=[questions[row].scene for row in following],
            )
            answers |= zip(rows, found, strict=True)
        return [turned_answer(answers[row], -yaw) for row, (_, yaw) in enumerate(faced)]

    def _answer(
        self,
        questions: Sequence[Question],
        max_new_tokens: int | None,
        on_progress: Progress | None,
        should_stop: Callable[[], bool] | None,
        following: Sequence[Scene] = (),
    ) -> list[Answer]:
        """Answer questions together; `following` are the scenes of those that come next."""
        start = time.perf_counter()
        report = on_progress or (lambda stage, text: None)
        if self.settings.normalise_questions:
            questions = [mended_question(one) for one in questions]
        if self.settings.drop_unrelated_history:
            questions = [one.without_unrelated() for one in questions]
        noted = {
            row: self._answers.noted(one, time.perf_counter() - start)
            for row, one in enumerate(questions)
            if one.reply is not None
        }
        for row, one in enumerate(questions):
            if row not in noted and len(one.parts) > 1:
                noted[row] = self._one_by_one(one, max_new_tokens, on_progress, should_stop)
        asked = [one for row, one in enumerate(questions) if row not in noted]
        try:
            ready = self._read(asked, max_new_tokens, report, should_stop or (lambda: False))
        except EncodingStoppedError:
            seconds = time.perf_counter() - start
            answered = [self._answers.not_begun(one, seconds) for one in asked]
        else:
            self._scenes.prepare_ahead(following)
            answered = self._said(ready, on_progress, should_stop, start) if ready else []
            if self.settings.asks_back:
                answered = self._asked_back(ready, answered, should_stop, start)
        others = iter(answered)
        return [noted.get(row) or next(others) for row in range(len(questions))]

    def _asked_back(
        self,
        ready: Sequence[Ready],
        answered: Sequence[Answer],
        should_stop: Callable[[], bool] | None,
        start: float,
    ) -> list[Answer]:
        """Answers, or that there is no such thing, see `asking.absent`."""
        names = [unfound(said, one) for said, one in zip(answered, ready, strict=True)]
        rows = [(row, name) for row, name in enumerate(names) if name]
        kept = list(answered)
        if rows:
            back = [where_is(name, ready[row]) for row, name in rows]
            read = self._read(back, None, lambda stage, text: None, should_stop or (lambda: False))
            said = self._said(read, None, should_stop, start)
            for (row, name), where in zip(rows, said, strict=True):
                kept[row] = held_against(kept[row], where, name)
        return kept

    def _one_by_one(
        self,
        asked: Question,
        max_new_tokens: int | None,
        on_progress: Progress | None,
        should_stop: Callable[[], bool] | None,
    ) -> Answer:
        """The answer to several questions in one text: each is asked on its own."""
        answers = []
        for part in asked.parts:
            answers += self._answer([part], max_new_tokens, on_progress, should_stop)
            if answers[-1].stopped:
                break
        return joined(answers)

    def _read(
        self,
        questions: Sequence[Question],
        max_new_tokens: int | None,
        report: Progress,
        should_stop: Callable[[], bool],
    ) -> list[Ready]:
        """Questions as the model reads them."""
        limits = [most_tokens(one, max_new_tokens) for one in questions]
        report("encode", "")
        if len(questions) == 1 and self.device.type == "cuda":
            self._views.look_early(questions[0].scene, self.num_views)
        known = self._scenes.encode([one.scene for one in questions], should_stop)
        distinct = list({id(one): one for one in known}.values())
        for one in distinct:
            _ = one.prepared.seen  # while a GPU still encodes
        for one in distinct:
            if one.doubtful is None:
                one.doubtful = self._detected(one, _DOUBTFUL_SCORE)
        found = [[b for b in one.doubtful or [] if b.score >= LEAST_SCORE] for one in known]
        texts = [_with_target(*row) for row in zip(questions, known, found, strict=True)]
        report("views", "")
        views = self._chosen_views(questions, known, texts)
        grids = [[self._views.grid(view) for view in own] for own in views]
        tasks = [one.known_task() for one in questions]
        most = self._model.config.text_config.max_position_embeddings
        as_requests = self.settings.names_as_requests
        prompts = self._processor.prompts(
            [
                Asking(as_request(text, task) if as_requests else text, one.history, own, most - n)
                for one, text, task, own, n in zip(
                    questions, texts, tasks, grids, limits, strict=True
                )
            ]
        )
        languages = [detect_language(text) for text in texts]
        return [
            Ready(*row)
            for row in zip(
                questions, known, tasks, languages, found, views, prompts, limits, strict=True
            )
        ]

    def _chosen_views(
        self, questions: Sequence[Question], known: Sequence[KnownScene], texts: Sequence[str]
    ) -> list[list[View]]:
        return self._views.choose(questions, known, texts, self.num_views)

    def _sights(self, ready: Sequence[Ready]) -> tuple[Tensor | None, Tensor | None]:
        """Scene tokens (B, T, hidden) and image tokens (all, hidden) of questions, in order."""
        return torch.cat([one.known.encoded.tokens for one in ready]), self._views.tokens(ready)

    def _said(
        self,
        ready: Sequence[Ready],
        on_progress: Progress | None,
        should_stop: Callable[[], bool] | None,
        start: float,
    ) -> list[Answer]:
        """What the model says to what it reads."""
        tokenizer = self._processor.tokenizer
        ids, positions, mask = padded_prompts(
            [one.prompt for one in ready], self._model.config.text_config.pad_token_id or 0
        )
        stream = _Stream(tokenizer, on_progress, start)
        with torch.inference_mode():
            embeddings = self._model.model.embed(ids.to(self.device), *self._sights(ready))
        produced = self._generate(
            embeddings,
            positions.to(self.device),
            mask.to(self.device) if len(ready) > 1 else None,
            max_new_tokens=[one.max_new_tokens for one in ready],
            on_tokens=stream,
            should_stop=should_stop,
        )
        return [
            self._answers.answer(
                one,
                Said(
                    decoded(tokenizer, tokens.tokens),
                    tokens,
                    stream.first_token_seconds.get(row, 0.0),
                    time.perf_counter() - start,
                ),
                partial(self._locate, one.known),
            )
            for row, (one, tokens) in enumerate(zip(ready, produced, strict=True))
        ]

    def _locate(self, known: KnownScene, name: str) -> list[Box]:
        """Where the model finds what a noun phrase names, in the frame that it reads."""
        name = f"the {name}" if detect_language(name) == "en" else name
        found = self.ask(known.prepared.given, name, task="grounding").boxes
        return [turned_box(box, known.yaw) for box in found]


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


def _with_target(asked: Question, known: KnownScene, found: Sequence[Box]) -> str:
    """What is asked, with the box that it is about.

    Raises:
        InvalidQuestionError: the box is none, or outside of the scene.
    """
    if asked.target is None:
        return asked.asked
    check_target(asked.target, *asked.scene.bounds())
    target = target_box(turned_box(asked.target, known.yaw), found)
    return f"{asked.asked} {format_box(target.center, target.size, known.scene.bounds())}"
