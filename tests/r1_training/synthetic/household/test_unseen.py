"""What nobody has looked at is not called empty."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from r1_training.synthetic.household.rooms import make_household_room
from r1_training.synthetic.language.answer_check import check_answer
from r1_training.synthetic.language.facts import EYES
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.rooms.room import make_room
from tests.r1_training.synthetic.household.packs import small_pack
from tests.r1_training.synthetic.language.rooms import bounds_of, boxes_of, visible_of

DECLINED = {"en": "have not seen", "zh-Hant": "沒看到", "zh-Hans": "没看到"}


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    pack = small_pack(tmp_path_factory.mktemp("pack"))
    return [make_household_room(seed, pack, "test", extent="whole") for seed in range(24)]


def asked(room, **options):
    """Questions about what is on something."""
    rng = np.random.default_rng(room.seed)
    options = {"visible": visible_of(room), "count": 150, "tasks": ["qa"]} | options
    return [s for s in make_samples(room, rng, **options) if s.tops or s.no_tops]


def test_what_is_said_of_a_top_needs_it_seen_or_not(rooms):
    kinds, languages = Counter(), Counter()
    for room in rooms:
        for sample in asked(room):
            kinds[sample.kind] += 1
            languages[sample.language] += sample.kind == "unseen"
            [id] = sample.tops or sample.no_tops
            thing = room.object(id)
            is_high = thing.center[2] + thing.size[2] / 2 >= EYES
            assert is_high == bool(sample.no_tops) and id in sample.objects
            assert (DECLINED[sample.language] in sample.answer) == bool(sample.no_tops)
            assert (sample.kind == "unseen") == bool(sample.no_tops)
            verdict = check_answer(sample, sample.raw, boxes_of(room), room, bounds_of(room))
            assert verdict["correct"], sample
            nothing = {"en": "there is nothing here.", "zh-Hant": "什麼都沒有。"}
            wrong = (
                f"<think>x</think><answer>{nothing.get(sample.language, '什么都没有。')}</answer>"
            )
            if sample.no_tops:
                verdict = check_answer(sample, wrong, boxes_of(room), room, bounds_of(room))
                assert not verdict["correct"]
    assert kinds["unseen"] >= 3 and kinds["relation"] >= 3 and len(+languages) >= 2


@pytest.mark.parametrize("shown", [True, False, None])
def test_where_the_cloud_is_known_it_decides(rooms, shown):
    for room in rooms[:8]:
        topped = {} if shown is None else {thing.id: shown for thing in room.objects}
        for sample in asked(room, topped=topped):
            assert shown is not None
            assert bool(sample.tops) is shown and bool(sample.no_tops) is not shown


def test_rooms_of_primitives_are_asked_about_as_before():
    for seed in range(6):
        assert not asked(make_room(seed, "train"))
