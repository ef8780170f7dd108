import colorsys

import numpy as np
import pytest

from r1_training.synthetic.rooms.catalog import CATEGORIES, ROOM_TYPES, Category, held_out
from r1_training.synthetic.rooms.palette import COLORS, sample_rgb
from r1_training.synthetic.rooms.rng import Dice
from r1_training.synthetic.rooms.shapes.by_category import _DRAW


def test_enough_categories_and_each_has_a_drawing():
    assert len(CATEGORIES) >= 45
    assert set(_DRAW) == set(CATEGORIES)
    assert len(ROOM_TYPES) == 7 and len(COLORS) >= 12


def test_parents_and_sizes_are_consistent():
    for spec in CATEGORIES.values():
        for parent in spec.parents:
            host = CATEGORIES[parent]
            holds = host.supports or host.contains or parent in ("bowl", "plate")
            assert holds, f"{spec.name} may stand on {parent}, which holds nothing"
        for low, high in (spec.width, spec.depth, spec.height):
            assert 0 < low <= high


def test_a_category_with_an_unknown_color_is_refused():
    with pytest.raises(ValueError, match="turquoise"):
        Category("x", "small", (1, 1), (1, 1), (1, 1), ("turquoise",), ("wood",))


@pytest.mark.parametrize("name", list(COLORS))
def test_samples_stay_inside_their_color_and_outside_of_all_others(name):
    dice = Dice(np.random.default_rng(0))
    for _ in range(50):
        hue, saturation, value = colorsys.rgb_to_hsv(*sample_rgb(dice, name))
        inside = [
            other
            for other, c in COLORS.items()
            if c.saturation[0] - 1e-6 <= saturation <= c.saturation[1] + 1e-6
            and c.value[0] - 1e-6 <= value <= c.value[1] + 1e-6
            and (saturation < 0.02 or (hue * 360 - c.hue[0]) % 360 <= c.hue[1] - c.hue[0] + 1e-6)
        ]
        assert name in inside
        assert inside == [name]


def test_about_one_combination_in_twenty_is_held_out():
    triples = [(n, c, r) for n, s in CATEGORIES.items() for c in s.colors for r in ROOM_TYPES]
    share = np.mean([held_out(*triple) for triple in triples])
    assert 0.03 < share < 0.07
    assert not any(held_out(n, s.colors[0], r) for n, s in CATEGORIES.items() for r in ROOM_TYPES)
