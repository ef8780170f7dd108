"""Conversations that change their topic."""

from __future__ import annotations

from random import Random

import numpy as np

from r1_model.text.tasks import detect_language
from r1_training.synthetic.language import make_samples
from r1_training.synthetic.language.tasks.topic_changes import after_other_topics
from tests.r1_training.synthetic.language.rooms import room_of, visible_of


def samples_of(seed: int):
    room = room_of(seed)
    return make_samples(room, np.random.default_rng(seed), visible=visible_of(room), count=20)


def test_some_questions_come_after_others_mostly_of_their_language():
    longer = foreign = 0
    for seed in range(12):
        samples = samples_of(seed)
        changed = after_other_topics(samples, Random(seed), share=0.5)
        assert len(changed) == len(samples)
        for before, after in zip(samples, changed, strict=True):
            assert (after.question, after.raw) == (before.question, before.raw)
            assert after.turns[len(after.turns) - len(before.turns) :] == before.turns
            new = after.turns[: len(after.turns) - len(before.turns)]
            assert len(new) <= 2 and (before.question, before.raw) not in new
            alike = [s for s in samples if (s.question, s.raw) in new]
            if {s.language for s in alike} - {before.language}:
                foreign += 1  # only where the question tells what it is to be answered in
                assert detect_language(before.question) == before.language
            assert not any(s.turns or s.extra_boxes for s in alike)
            longer += bool(new)
    assert longer > 60 and longer / 10 < foreign < longer / 2


def test_the_share_decides_and_the_seed_repeats():
    samples = samples_of(3)
    assert after_other_topics(samples, Random(0), share=0.0) == samples
    once, again = (after_other_topics(samples, Random(5), share=0.5) for _ in range(2))
    assert [s.turns for s in once] == [s.turns for s in again] != [s.turns for s in samples]


def test_a_lone_question_has_nothing_before_it():
    [sample, *_] = samples_of(1)
    assert after_other_topics([sample], Random(0), share=1.0) == [sample]
