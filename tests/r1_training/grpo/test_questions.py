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


def test_in_new_frames_each_scan_of_a_room_stands_elsewhere(config):
    turned = replace(config, new_frames=True, scans=2)
    plain = {make_visit(config, v)[0].seed: make_visit(config, v) for v in range(5)}
    places: dict[int, list[np.ndarray]] = {seed: [] for seed in plain}
    for visit in range(15):  # the third scan is the first again
        room, asked = make_visit(turned, visit)
        own, same = plain[room.seed]
        assert [sample.question for sample in asked] == [sample.question for sample in same]
        assert not np.allclose(room.objects[0].center, own.objects[0].center, atol=0.01)
        places[room.seed].append(room.objects[0].center)
    for first, second, third in places.values():
        np.testing.assert_array_equal(first, third)
        assert not np.allclose(first, second, atol=0.01)


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
    prefix = found.shown(torch.tensor([5, 0]))["prefix"]
    assert prefix.rows.tolist() == [5, 0] and prefix.scenes.tolist() == [0, 0, 0, 1, 1, 1]
    last, mask, positions = found.scored
    assert mask.all() and last.shape == mask.shape == (6, 1) and positions.shape == (3, 6, 1)
    for row in range(len(last)):
        # opening, question and last token are the whole prompt, each in its place
        own = prefix.asked_mask[row].bool()
        said = torch.cat((prefix.ids, prefix.asked[row][own], last[row]))
        where = torch.cat(
            (prefix.positions, prefix.asked_positions[:, row, own], positions[:, row]), 1
        )
        whole = found.mask[row].bool()
        assert torch.equal(said, found.ids[row][whole])
        assert torch.equal(where, found.positions[:, row, whole])
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


def test_other_processes_make_and_judge_the_same(prompts, config, monkeypatch):
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    questions, found = prompts
    texts = [["<think>a</think><answer>one</answer>", "two"]] * 6
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        parallel = RoomQuestions(config, questions.maker, pool)
        same = parallel.prompts(range(6, 12))
        assert parallel.judge(found, texts) == questions.judge(found, texts)
        observed = questions.maker.observe
        monkeypatch.setattr(questions.maker, "observe", None)
        following = parallel.prompts(range(12, 18))  # their rooms were scanned meanwhile
        monkeypatch.setattr(questions.maker, "observe", observed)
        skipped = parallel.prompts(range(24, 30))  # a run that goes on elsewhere
    pairs = [(same, found)]
    for made, numbers in ((following, range(12, 18)), (skipped, range(24, 30))):
        pairs.append((made, RoomQuestions(config, questions.maker).prompts(numbers)))
    for one, other in pairs:
        assert torch.equal(one.ids, other.ids) and torch.equal(one.scene, other.scene)


@pytest.fixture(scope="module")
def scanning(config, room_model, room_words):
    model = R1ForConditionalGeneration.from_pretrained(room_model, dtype=torch.float32).eval()
    return lambda **changes: RoomQuestions(
        replace(config, **changes), RoomPrompts(model, room_words)
    )


def test_kept_scans_come_again_and_a_run_that_goes_on_has_the_same(scanning, monkeypatch):
    questions = scanning(scans=2)
    # two rooms a batch, five rooms: the third batch ends the first pass and begins the second
    batches = [questions.prompts(range(6 * n, 6 * n + 6)) for n in range(5)]
    monkeypatch.setattr(questions.maker, "observe", None)  # every room has both scans now
    later = [questions.prompts(range(6 * n, 6 * n + 6)) for n in range(5, 8)]
    scans = {
        (place.room.seed, tuple(place.scene[0, :3].tolist()))
        for batch in (*batches, *later)
        for place, _ in batch.asked
    }
    assert len(scans) == 2 * 5
    monkeypatch.undo()
    resumed = scanning(scans=2)
    for number, expected in ((7, later[2]), (6, later[1])):
        again = resumed.prompts(range(6 * number, 6 * number + 6))
        assert torch.equal(again.ids, expected.ids) and torch.equal(again.scene, expected.scene)


def test_a_kept_scan_is_asked_what_a_new_one_is(scanning):
    kept, new = scanning(scans=1).prompts(range(6)), scanning().prompts(range(6))
    assert torch.equal(kept.ids, new.ids) and torch.equal(kept.scene, new.scene)
