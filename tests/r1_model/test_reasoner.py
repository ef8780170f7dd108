"""The `Reasoner` with a small random model: everything but what the answers say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from r1_model.asking.question import MAX_QUESTION_CHARACTERS, Question
from r1_model.conversation import R1Processor
from r1_model.errors import EmptySceneError, InvalidQuestionError, QuestionTooLongError
from r1_model.generation import Generated
from r1_model.network.config import R1Config
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box, Turn
from tests.r1_model.small import random_scene
from tests.r1_model.text.boxes import parse_boxes

DOOR, LAMP = "<obj>10, 10, 10, 9, 9, 9</obj>", "<obj>90, 90, 90, 9, 9, 9</obj>"


@pytest.fixture
def encoded(reasoner, monkeypatch) -> list[int]:
    """One entry for every cloud that was encoded: its points."""
    seen: list[int] = []
    model = reasoner._model.model
    original = model.encode_scene

    def spy(points, colors, bounds):
        seen.append(points.shape[1])
        return original(points, colors, bounds)

    monkeypatch.setattr(model, "encode_scene", spy)
    return seen


def test_an_answer_says_how_it_came_about(reasoner, folder):
    answer = reasoner.ask(random_scene(views=4), "這裡有幾把椅子？", max_new_tokens=6)
    assert (answer.task, answer.language) == ("qa", "zh-Hant")
    assert answer.model == folder.name and answer.trained is False and answer.stopped is False
    assert len(answer.view_ids) == 2 and answer.view_ids == sorted(answer.view_ids)
    assert set(answer.view_ids) <= set(range(4))
    assert 0 < answer.first_token_seconds <= answer.total_seconds


def test_the_same_question_has_the_same_answer(reasoner):
    scene = random_scene()
    first, second = (reasoner.ask(scene, "where?", max_new_tokens=12) for _ in range(2))
    assert first.raw == second.raw and first.raw


def test_progress_goes_through_the_stages_and_only_grows(reasoner):
    seen: list[tuple[str, str]] = []
    reasoner.ask(
        random_scene(),
        "what is this?",
        max_new_tokens=8,
        on_progress=lambda stage, text: seen.append((stage, text)),
    )
    stages = [stage for stage, _ in seen]
    assert stages[:2] == ["encode", "views"] and set(stages[2:]) <= {"think", "answer"}
    texts = [text for _, text in seen[2:]]
    assert len(texts) == 8
    for before, after in zip(texts, texts[1:], strict=False):
        assert after.startswith(before)


def test_it_stops_between_tokens(reasoner):
    seen: list[str] = []
    answer = reasoner.ask(
        random_scene(),
        "what is this?",
        on_progress=lambda stage, text: seen.append(stage),
        should_stop=lambda: seen.count("think") >= 3,
    )
    assert answer.stopped and seen.count("think") == 3


@pytest.mark.parametrize(
    ("question", "task", "error", "words"),
    [
        ("", "auto", InvalidQuestionError, "no text"),
        (" \n\t", "qa", InvalidQuestionError, "no text"),
        ("where?", "poetry", InvalidQuestionError, "'poetry'"),
        ("x" * (MAX_QUESTION_CHARACTERS + 1), "auto", QuestionTooLongError, "1001 characters"),
    ],
)
def test_bad_questions_are_refused_before_the_scene_is_encoded(
    reasoner, encoded, question, task, error, words
):
    with pytest.raises(error, match=words):
        reasoner.ask(random_scene(), question, task=task)
    assert encoded == []


def test_a_scene_without_points_is_refused(reasoner):
    empty = Scene(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))
    for use in (
        lambda: reasoner.ask(empty, "where?"),
        lambda: reasoner.detect(empty),
        lambda: reasoner.prepare(empty),
        lambda: reasoner.select_views(empty, "where?"),
    ):
        with pytest.raises(EmptySceneError, match="no points"):
            use()


def test_a_scene_is_encoded_once(reasoner, encoded):
    scene, other = random_scene(seed=1), random_scene(seed=2)
    reasoner.prepare(scene)
    for question in ("where?", "how many?"):
        reasoner.ask(scene, question, max_new_tokens=2)
    reasoner.detect(scene)
    reasoner.select_views(scene, "where?")
    assert len(encoded) == 1
    reasoner.ask(other, "where?", max_new_tokens=2)
    assert len(encoded) == 2
    reasoner.close()
    reasoner.prepare(other)
    assert len(encoded) == 3


def test_answers_are_those_of_the_scene_that_is_asked_about(reasoner, folder):
    scenes = [random_scene(seed=seed) for seed in (1, 2)]
    found = [reasoner.detect(scene)[:1] for scene in scenes]
    alone = Reasoner.from_pretrained(str(folder), device="cpu").detect(scenes[1])[:1]
    assert np.array_equal(found[1][0].center, alone[0].center)
    assert not np.array_equal(found[0][0].center, found[1][0].center)


def test_detections_are_sorted_named_and_large_enough(reasoner):
    scene = random_scene()
    every, some = reasoner.detect(scene, least_score=0.0), reasoner.detect(scene)
    assert len(every) == 16  # num_objects
    scores = [box.score for box in every]
    assert scores == sorted(scores, reverse=True)
    assert [box.score for box in some] == [score for score in scores if score >= 0.3]
    assert {box.label for box in every} <= {"chair", "table"}
    assert all((box.size > 0).all() for box in every)
    for box in every:  # by all names that it may have
        shares = [share for _, share in box.names]
        assert box.names[0][0] == box.label and shares == sorted(shares, reverse=True)
        assert min(shares) >= 0.02 and sum(shares) <= 1.0 + 1e-6
        assert len({name for name, _ in box.names}) == len(box.names) <= 2


def test_a_target_reaches_the_model_as_a_box(reasoner, prompts):
    scene = random_scene()
    target = Box(np.array([1.0, 1.0, 1.0]), np.array([0.5, 0.4, 0.3]))
    reasoner.ask(scene, "What is this?", target=target, max_new_tokens=1)
    [(question, _)] = prompts
    [box], unread = parse_boxes(question, scene.bounds())
    assert question.startswith("What is this? <obj>") and not unread
    assert box.center == pytest.approx(target.center, abs=0.02)
    assert box.size == pytest.approx(target.size, abs=0.02)


def test_a_point_reaches_the_model_as_the_thing_it_lies_on(reasoner, prompts):
    scene = random_scene()
    found = reasoner.detect(scene)
    target = Box(found[0].center, np.zeros(3))
    reasoner.ask(scene, "What is this?", target=target, max_new_tokens=1)
    [(question, _)] = prompts
    [box], _ = parse_boxes(question, scene.bounds())
    assert (box.size > 0).all()
    assert any(np.allclose(box.size, other.size, atol=0.03) for other in found)


def test_earlier_turns_reach_the_model(reasoner, prompts):
    turns = (Turn("A lamp?", "<think>x</think><answer>Yes.</answer>"),)
    answer = reasoner.ask(random_scene(), "Is it on?", history=turns, max_new_tokens=1)
    assert prompts == [("Is it on?", turns)]
    assert answer.task == "dialogue"


def test_a_bare_name_to_ground_becomes_a_request(reasoner, prompts):
    answer = reasoner.ask(random_scene(), "the white mug", max_new_tokens=1)
    assert answer.task == "grounding"
    assert prompts[0][0] == "Find the white mug."


def test_a_bare_cloud_gets_views_to_look_at(reasoner):
    answer = reasoner.ask(random_scene(views=0), "what is here?", max_new_tokens=1)
    assert len(answer.view_ids) == 2


def test_as_many_views_as_asked_for(reasoner):
    scene = random_scene(views=4)
    assert len(reasoner.select_views(scene, "where?")) == 2
    assert len(reasoner.select_views(scene, "where?", count=3)) == 3


def test_a_question_that_stands_alone_is_asked_alone(reasoner, prompts):
    scene, turns = random_scene(), (Turn("Is the lamp on?", "yes"),)
    for question, task, history in (
        ("What colour is the sofa?", "auto", ()),
        ("What colour is the sofa?", "dialogue", turns),
        ("What colour is it?", "auto", turns),
        ("冰箱是什麼顏色的？", "auto", ()),
        ("什麼顏色的？", "auto", turns),
    ):
        answer = reasoner.ask(scene, question, task=task, history=turns, max_new_tokens=1)
        assert prompts[-1] == (question, history)
        assert answer.task == ("dialogue" if history else "qa")


def test_other_models_read_what_was_said(reasoner, prompts, monkeypatch):
    """What a small model needs is its own setting, and off unless a configuration asks for it."""
    scene, turns = random_scene(), (Turn("is the lamp on", "yes"),)
    settings = ("normalise_questions", "drop_unrelated_history", "names_as_requests")
    for name in settings:
        assert getattr(R1Config(), name) is False
        monkeypatch.setattr(reasoner.settings, name, False)
    reasoner.ask(scene, "the white mug", history=turns, max_new_tokens=1)
    assert prompts[-1] == ("the white mug", turns)
    text = R1Processor.prompt
    seen = []
    monkeypatch.setattr(
        R1Processor, "prompt", lambda *given: seen.append(given[1:3]) or text(*given)
    )
    reasoner.ask(scene, "WHERE IS IT", history=turns, max_new_tokens=1)
    assert seen[-1] == ("WHERE IS IT", list(turns))
    for name in settings:
        monkeypatch.setattr(reasoner.settings, name, True)
    reasoner.ask(scene, "WHERE IS IT", history=turns, max_new_tokens=1)
    assert seen[-1] == ("Where is it?", [Turn("Is the lamp on?", "yes")])
    reasoner.ask(scene, "the white mug", history=turns, max_new_tokens=1)
    assert seen[-1] == ("Find the white mug.", [])


def test_a_text_that_was_cut_off_says_so(reasoner, monkeypatch):
    answer = reasoner.ask(random_scene(), "How many chairs?", max_new_tokens=1)
    assert not answer.finished and not answer.stopped
    end = Generated([5], finished=True, stopped=False)
    monkeypatch.setattr(reasoner, "_generate", lambda *_, **__: [end])
    assert reasoner.ask(random_scene(), "How many chairs?").finished


def test_the_form_of_an_answer_shows_what_was_meant(reasoner, monkeypatch):
    monkeypatch.setattr(
        reasoner._processor.tokenizer,
        "decode",
        lambda *_, **__: f"<think>t</think><answer>1. open(door {DOOR}): Open it.</answer>",
    )
    monkeypatch.setattr(
        reasoner, "_detected", lambda *_, **__: [Box(np.zeros(3), np.full(3, 100.0))]
    )
    answer = reasoner.ask(random_scene(), "The door.", max_new_tokens=1)
    assert answer.task == "planning" and [step.action for step in answer.steps] == ["open"]
    answer = reasoner.ask(random_scene(), "The door.", task="qa", max_new_tokens=1)
    assert answer.task == "qa" and not answer.steps


def test_old_turns_make_room_for_new_ones(reasoner):
    scene, room = random_scene(), reasoner._model.config.text_config.max_position_embeddings
    turns = [Turn("Is it on?", "word " * (room // 3))] * 5
    reasoner.ask(scene, "Is it red?", history=turns, max_new_tokens=1)
    with pytest.raises(QuestionTooLongError, match="tokens"):
        reasoner.ask(scene, "Is it red?", max_new_tokens=room - 5)


@pytest.mark.parametrize(
    ("center", "size", "reason"),
    [
        ([99.0, 0, 0], [1.0, 1, 1], "outside of the scene"),
        ([np.nan, 0, 0], [1.0, 1, 1], "no box"),
        ([0.0, 0, 0], [1.0, -1, 1], "no box"),
        ([0.0, 0, 0], [np.inf, 1, 1], "no box"),
    ],
)
def test_a_target_is_a_box_within_the_scene(reasoner, center, size, reason):
    with pytest.raises(InvalidQuestionError, match=reason):
        reasoner.ask(random_scene(), "What is this?", target=Box(np.array(center), np.array(size)))


def test_as_many_views_as_the_model_wants(folder):
    assert Reasoner.from_pretrained(str(folder), device="cpu").num_views == 6
    assert Reasoner.from_pretrained(str(folder), device="cpu", num_views=0).num_views == 0


def several_questions() -> list[Question]:
    first, second = random_scene(views=4), random_scene(views=3, seed=5)
    turns = (Turn("A lamp?", "<think>x</think><answer>Yes.</answer>"),)
    target = Box(np.array([1.0, 1.0, 1.0]), np.array([0.5, 0.4, 0.3]))
    return [
        Question(first, "What is this?", target=target),
        Question(second, "這裡有幾把椅子？"),
        Question(first, "the white mug"),
        Question(second, "Is it on?", history=turns),
        Question(first, "Describe every object in the room.", task="dense_caption"),
    ]


def told(answers) -> list[tuple]:
    """What of answers does not depend on time."""
    return [
        (a.raw, a.thinking, a.answer, a.task, a.language, a.view_ids, len(a.boxes), a.finished)
        for a in answers
    ]


def talkative(reasoner: Reasoner) -> Reasoner:
    """A head that is tied to random embeddings says one token for ever; another one says more."""
    weight = reasoner._model.lm_head.weight
    noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(3))
    reasoner._model.lm_head.weight = torch.nn.Parameter(noise)
    return reasoner


@pytest.mark.parametrize("at_a_time", [None, 2])
def test_many_questions_have_the_answers_of_each(reasoner, folder, at_a_time, encoded):
    questions = several_questions()
    together = talkative(reasoner).ask_many(questions, max_new_tokens=12, at_a_time=at_a_time)
    assert len(encoded) == 2  # each scene once
    alone = talkative(Reasoner.from_pretrained(str(folder), device="cpu", num_views=2))
    one_by_one = [
        alone.ask(
            question.scene,
            question.text,
            task=question.task,
            history=question.history,
            target=question.target,
            max_new_tokens=12,
        )
        for question in questions
    ]
    assert told(together) == told(one_by_one)
    assert len({answer.raw for answer in together}) > 1
    assert all(0 < a.first_token_seconds <= a.total_seconds for a in together)


def test_no_questions_have_no_answers(reasoner):
    assert reasoner.ask_many([]) == []


def test_many_questions_stop_together(reasoner):
    answers = reasoner.ask_many(several_questions(), should_stop=lambda: True, at_a_time=3)
    assert [answer.stopped for answer in answers] == [True] * 5


def test_a_wrong_question_among_many_is_named(reasoner):
    questions = [*several_questions(), Question(random_scene(), " ")]
    with pytest.raises(InvalidQuestionError, match="no text"):
        reasoner.ask_many(questions)


def test_views_are_encoded_once(reasoner, monkeypatch):
    seen: list[int] = []
    original = reasoner._model.model.encode_views

    def spy(patches, grids):
        seen.append(len(grids))
        return original(patches, grids)

    monkeypatch.setattr(reasoner._model.model, "encode_views", spy)
    scene = random_scene(views=2)
    first = reasoner.ask(scene, "where?", max_new_tokens=6)
    again = random_scene(views=3)  # the same two keyframes as other objects, and a third one
    reasoner.num_views = 3
    reasoner.ask(again, "where?", max_new_tokens=6)
    assert seen == [2, 1]
    reasoner.num_views = 2
    assert reasoner.ask(scene, "where?", max_new_tokens=6).raw == first.raw
    reasoner.close()
    reasoner.ask(scene, "where?", max_new_tokens=1)
    assert seen == [2, 1, 2]


@pytest.mark.parametrize("views", [2, 4])
def test_what_is_looked_at_early_is_what_would_be_later(reasoner, folder, views, monkeypatch):
    """As on a GPU, whose work begins before the cloud is ready."""
    scene = random_scene(views=views)
    expected = talkative(reasoner).ask(scene, "where?", max_new_tokens=6)
    early = talkative(Reasoner.from_pretrained(str(folder), device="cpu", num_views=2))
    early._views.look_early(scene, 2)
    answer = early.ask(scene, "where?", max_new_tokens=6)
    assert told([answer]) == told([expected])
    early.close()
    early._views.look_early(random_scene(views=0), 2)


def test_a_count_shows_what_was_counted(reasoner, monkeypatch):
    """The boxes stand in the thinking; the answer says a number."""
    text = f"<think>chairs {DOOR}, {LAMP}</think><answer>There are two.</answer>"
    monkeypatch.setattr(reasoner._processor.tokenizer, "decode", lambda *_, **__: text)
    for question, count in (("How many chairs are there?", 2), ("What is there?", 0)):
        answer = reasoner.ask(random_scene(), question, task="qa", max_new_tokens=1)
        assert [box.label for box in answer.boxes] == ["chairs"] * count
