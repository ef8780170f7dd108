"""The questions of a room in another frame of the map: what was true is true."""

import numpy as np

from r1_training.evaluation.majority import room_bounds
from r1_training.synthetic.language.answer_check import check_answer
from r1_training.synthetic.language.frames import in_frame
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import fill_boxes
from r1_training.synthetic.rooms.room import make_room


def test_answers_are_true_and_boxes_where_things_are():
    regions = asked = right = 0
    for seed in range(40):
        room, moved = make_room(seed), make_room(seed, frame=seed + 1)
        every = [thing.id for thing in room.objects]
        samples = make_samples(room, np.random.default_rng(seed), visible=every, count=28)
        boxes = {thing.id: (thing.center, thing.size) for thing in moved.objects}
        bounds = room_bounds(moved)
        for before, sample in zip(samples, in_frame(samples, moved), strict=True):
            assert (before.question, before.raw) == (sample.question, sample.raw)
            text = fill_boxes(sample.raw, {**boxes, **sample.extra_boxes}, bounds)
            right += check_answer(sample, text, boxes, moved, bounds)["correct"]
            asked += 1
            for id, (center, size) in sample.extra_boxes.items():
                was, _ = before.extra_boxes[id]
                thing = moved.object(id % 10_000)
                np.testing.assert_allclose(center[:2], thing.center[:2])
                np.testing.assert_allclose(size[:2], thing.size[:2])
                assert not np.allclose(was[:2], center[:2], atol=0.01)
                regions += 1
    assert asked > 1000 and regions > 5
    # few degrees widen a box now and then past another
    assert right >= 0.995 * asked
