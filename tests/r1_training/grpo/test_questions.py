from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.grpo.questions import RoomQuestions, choose, judge_group, make_visit
from r1_training.rewards.judge import judge
from r1_training.synthetic.language import fill_boxes
from r1_training.tiny.batches import BatchBuilder
from r1_training.tiny.room_prompts import RoomPrompts
from tests.r1_training.grpo.toy import toy_run
from tests.r1_training.tiny_model import small_run


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return toy_run(tmp_path_factory.mktemp("run"), first_room=40, all_rooms=5, questions=3)


@pytest.fixture(scope="module")
def prompts(config, room_model, room_words):
    model = R1ForConditionalGeneration.from_pretrained(room_model, dtype=torch.float32).eval()
    questions = RoomQuestions(config, RoomPrompts(model, room_words))
    return questions, questions.prompts(range(6, 12))  # visits 2 and 3


def test_every_pass_visits_every_room_in_an_order_of_its_own(config):
    passes = [[make_visit(config, 5 * p + v)[0].seed for v in range(5)] for p in range(3)]
    assert all(sorted(one) == [40, 41, 42, 43, 44] for one in passes)
    assert len({tuple(one) for one in passes}) > 1
    again = replace(config, seed=config.seed + 1)
    assert [make_visit(again, v)[0].seed for v in range(5)] not in passes[:1]


def test_a_visit_follows_from_its_number(config):
    (one, asked), (other, same) = make_visit(config, 3), make_visit(config, 3)
    assert one.seed == other.seed and [repr(s) for s in asked] == [repr(s) for s in same]
    assert {s.task for s in asked} <= set(config.tasks)


def test_the_questions_are_those_of_sft(config, room_model, room_words, tmp_path):
    run = small_run(tmp_path, seed=0, rooms=5, conversations=28, sequence_length=4096)
    model = R1ForConditionalGeneration.from_pretrained(room_model)
    builder = BatchBuilder(run, room_words, model.config)
    text = builder([{"batch": 8}])["text"]["input_ids"]
    trained = {room_words.decode(row[row > 0].tolist()) for row in text}
    for visit in range(5):
        _, samples = make_visit(config, visit)
        words = [s.question for s in samples if "<obj" not in s.question][:3]
        assert any(all(question in one for question in words) for one in trained)


def test_only_what_was_seen_is_asked(config):
    room, samples = make_visit(config, 0)
    everything = [thing.id for thing in room.objects]
    rng = np.random.default_rng(0)
    chosen, fair = choose(samples, everything[::2], 6, rng)
    assert fair and all(set(s.objects) - set(s.extra_boxes) <= set(everything[::2]) for s in chosen)
    nothing, fair = choose([s for s in samples if s.objects], [], 6, rng)
    assert len(nothing) == 6 and not fair


def test_few_questions_come_again(config):
    _, samples = make_visit(config, 0)
    chosen, fair = choose(samples[:2], [*range(200)], 5, np.random.default_rng(0))
    assert fair and len(chosen) == 5 and {id(s) for s in chosen} <= {id(s) for s in samples[:2]}


def test_prompts_hold_the_questions_of_their_rooms(prompts, room_words):
    questions, found = prompts
    assert len(found.asked) == 6 and found.room.tolist() == [0, 0, 0, 1, 1, 1]
    for (place, sample), ids, mask in zip(found.asked, found.ids, found.mask, strict=True):
        text = room_words.decode(ids[mask.bool()])
        boxes = {thing.id: (thing.center, thing.size) for thing in place.room.objects}
        bounds = tuple(place.bounds.double().numpy())
        asked = fill_boxes(sample.question, {**boxes, **sample.extra_boxes}, bounds)
        assert text.endswith(f"{asked}<|im_end|>\n<|im_start|>assistant\n")
        assert mask[-1] == 1
    assert found.shown(torch.tensor([5, 0]))["prefix"].rows.tolist() == [1, 0]
    ids, mask, _ = found.scored
    for row in range(len(ids)):
        text = room_words.decode(ids[row][mask[row].bool()])
        assert text.endswith("<|im_end|>\n<|im_start|>assistant\n") and "<|image_pad|>" not in text
        assert len(found.opening) + int(mask[row].sum()) == int(found.mask[row].sum())
    assert not found.scene.is_inference()  # a backward pass may keep it


def test_answers_are_judged_in_their_rooms(prompts):
    questions, found = prompts
    truth = []
    for place, sample in found.asked:
        boxes = {thing.id: (thing.center, thing.size) for thing in place.room.objects}
        bounds = tuple(place.bounds.double().numpy())
        truth.append(fill_boxes(sample.raw, {**boxes, **sample.extra_boxes}, bounds))
    judged = questions.judge(found, [[text, "nonsense", text] for text in truth])
    for good, bad, again in judged:
        assert good.correct == 1 and good.format == 1 and again == good
        assert bad.format == 0


def test_equal_answers_are_judged_once(config, monkeypatch):
    room, samples = make_visit(config, 0)
    asked = []

    def counting(sample, text, *rest):
        asked.append(text)
        return judge(sample, text, *rest)

    monkeypatch.setattr("r1_training.grpo.questions.judge", counting)
    bounds = (np.zeros(3), np.full(3, 5.0))
    judged = judge_group(samples[0], ["a", "b", "a", "a"], room, bounds, ())
    assert asked == ["a", "b"] and judged[0] == judged[2] == judged[3]


def test_other_processes_make_and_judge_the_same(prompts, config):
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    questions, found = prompts
    texts = [["<think>a</think><answer>one</answer>", "two"]] * 6
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        parallel = RoomQuestions(config, questions.maker, pool)
        same = parallel.prompts(range(6, 12))
        assert parallel.judge(found, texts) == questions.judge(found, texts)
    assert torch.equal(same.ids, found.ids) and torch.equal(same.scene, found.scene)
