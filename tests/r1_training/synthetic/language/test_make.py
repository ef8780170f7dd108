"""`make_samples`, `fill_boxes`, `corpus`: the interface of the trainer."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest

from r1_model.text.answer import LANGUAGES, TASKS
from r1_model.text.tasks import detect_language
from r1_training.synthetic.language import corpus, fill_boxes, make_samples
from r1_training.synthetic.language.context import SPEAKERS, Asking
from r1_training.synthetic.language.facts import Facts
from r1_training.synthetic.language.make import TRAINING_WEIGHTS, WEIGHTS
from r1_training.synthetic.language.qa import counting
from r1_training.synthetic.language.sample import MissingBoxError, placeholders
from r1_training.synthetic.rooms.catalog import CATEGORIES
from tests.r1_training.synthetic.language.rooms import bounds_of, boxes_of, room_of, visible_of


def make(seed: int = 0, **options):
    room = room_of(3)
    options = {"visible": visible_of(room), "count": 8, **options}
    return make_samples(room, np.random.default_rng(seed), **options)


def test_equal_seeds_give_equal_samples():
    def texts(seed):
        return [(s.question, s.raw, s.turns) for s in make(seed)]

    assert texts(1) == texts(1) != texts(2)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", TASKS)
def test_language_and_task_can_be_chosen(language, task):
    found = []
    for seed in range(12):
        room = room_of(seed)
        found += make_samples(
            *(room, np.random.default_rng(seed)),
            visible=visible_of(room),
            count=3,
            language=language,
            tasks=[task],
        )
    assert found
    assert {s.language for s in found} == {language} and {s.task for s in found} == {task}


def test_weights_decide_how_often_a_task_comes():
    assert set(WEIGHTS) == set(TRAINING_WEIGHTS) == set(TASKS)
    only = dict.fromkeys(TASKS, 0.0) | {"grounding": 1.0, "qa": 1.0}
    tasks = {sample.task for seed in range(6) for sample in make(seed, weights=only)}
    assert tasks == {"grounding", "qa"}

    def share(weights):
        found = [s.task for seed in range(60) for s in make(seed, count=20, weights=weights)]
        return found.count("grounding") / len(found)

    assert share(TRAINING_WEIGHTS) > share(WEIGHTS) + 0.02


@pytest.mark.parametrize("seed", [10, 749])
def test_rooms_without_small_things_can_be_counted_in(seed):
    """Two plants on a table and nothing small anywhere: rare, but long training meets it."""
    room = room_of(seed)
    large = [t.id for t in room.objects if CATEGORIES[t.category].kind != "small"]
    on = Counter(t.parent for t in room.objects if t.id in large and t.parent_relation == "on")
    assert max(on.values()) > 1
    facts = Facts(room, large)
    asked = [
        counting.count(Asking(facts, Random(number), SPEAKERS["en"], "train"))
        for number in range(200)
    ]
    assert sum(sample is not None for sample in asked) > 150


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_only_what_was_seen_is_spoken_of(share):
    for seed in range(30):
        room, rng = room_of(seed), np.random.default_rng(seed)
        visible = [id for id in visible_of(room) if rng.random() < share]
        for sample in make_samples(room, rng, visible=visible, count=10):
            text = sample.question + sample.raw + "".join(a + b for a, b in sample.turns)
            ids = [id for id in placeholders(text) if id not in sample.extra_boxes]
            assert set(ids) <= set(visible)
            assert set(ids) <= set(sample.objects) <= set(visible)
            assert all(id >= 10_000 for id in sample.extra_boxes)
        if not visible:
            assert make_samples(room, rng, visible=visible, count=10) == []


def test_what_is_shut_away_is_never_in_sight():
    for seed in range(60):
        room = room_of(seed)
        everything = [thing.id for thing in room.objects]
        hidden = set(everything) - set(visible_of(room))
        samples = make_samples(room, np.random.default_rng(0), visible=everything, count=20)
        for sample in samples:
            assert not hidden & {*sample.objects, *placeholders(sample.question + sample.raw)}


def test_samples_of_a_room_differ():
    questions = [(s.question, s.answer) for s in make(count=40)]
    assert len(set(questions)) == len(questions)


@pytest.mark.parametrize(
    "bad", [{"language": "fr"}, {"split": "dev"}, {"tasks": ["poetry"]}, {"tasks": ["qa", "x"]}]
)
def test_unknown_names_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad.values()))[-1]):
        make(**bad)


def test_dialogues_have_turns_with_whole_answers():
    lengths = set()
    for seed in range(60):
        room = room_of(seed)
        rng = np.random.default_rng(seed)
        for sample in make_samples(
            room, rng, visible=visible_of(room), count=4, tasks=["dialogue"]
        ):
            lengths.add(len(sample.turns) + 1)
            for question, raw in sample.turns:
                assert question and raw.startswith("<think>") and raw.endswith("</answer>")
    assert lengths == {2, 3, 4, 5}


def changes_language(sample) -> bool:
    said = {detect_language(question) == "en" for question, _ in sample.turns}
    return len(said | {sample.language == "en"}) > 1


@pytest.mark.parametrize(("split", "expected"), [("train", True), ("test", False)])
def test_some_dialogues_change_their_language_and_the_last_question_tells_it(split, expected):
    mixed = []
    for seed in range(20):
        room = room_of(seed)
        samples = make_samples(
            *(room, np.random.default_rng(seed)),
            **{"visible": visible_of(room), "count": 6, "split": split, "tasks": ["dialogue"]},
        )
        mixed += [sample for sample in samples if changes_language(sample)]
    assert bool(mixed) == expected and len(mixed) < 40
    for sample in mixed:
        assert detect_language(sample.question) == sample.language
        assert (detect_language(sample.think + sample.answer) == "en") == (sample.language == "en")


def test_boxes_are_filled():
    room = room_of(0)
    filled = fill_boxes("a <obj:1>, b <obj:2>.", boxes_of(room), bounds_of(room))
    assert filled.count("<obj>") == filled.count("</obj>") == 2 and "<obj:" not in filled
    with pytest.raises(MissingBoxError, match="77"):
        fill_boxes("<obj:77>", boxes_of(room), bounds_of(room))


def test_corpus_holds_every_language_and_no_box():
    texts = list(corpus(8))
    assert list(corpus(8, workers=2)) == texts
    text = "\n".join(texts)
    for word in ("navigate_to(", "檯燈", "台灯", "table lamp", "<think>", "<obj></obj>"):
        assert word in text
    assert "<obj:" not in text
