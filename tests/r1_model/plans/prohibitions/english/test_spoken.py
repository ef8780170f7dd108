"""English as it is spoken and typed: without marks, with lists, "no" by itself."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.request import read_request
from tests.r1_model.plans.prohibitions.each_step import left

# request, what it forbids, what it asks for
FORBIDS = [
    # written down without marks
    ("bring me the mug don't touch the vase", "pick vase", "pick mug"),
    ("don't touch the vase bring me the mug", "pick vase", "pick mug"),
    ("wipe the table no wait don't wipe the table close the window", "wipe table", "close window"),
    ("hey i need the mug but the fridge you leave shut understood", "open fridge", "pick mug"),
    ("get the mug without like touching the vase", "pick vase", "pick mug"),
    ("do n't touch the vase. bring the mug", "pick vase", "pick mug"),
    # a list is one thing after the other
    ("Leave the window, the door and the fridge alone.", "open window; open fridge", ""),
    ("Don't touch the plate, push the chair, or open the window.",
     "pick plate; push chair; open window", ""),
    ("You must not open the fridge, use the stove or touch the vase. Bring the mug.",
     "open fridge; turn_on stove; pick vase", "pick mug"),
    # "no" by itself
    ("The stove? Nope. The lamp? Sure, turn it off.", "turn_off stove", "turn_off lamp"),
    ("Lamp off, yes. TV off, no.", "turn_off tv", "turn_off lamp"),
    ("Don't be shy, grab the mug, but the vase: no.", "pick vase", "pick mug"),
    # thought, doubted, not needed
    ("I don't think you should open the window. Close the door.", "open window", "close door"),
    ("The lamp doesn't need turning off. Close the window.", "turn_off lamp", "close window"),
    ("There is no reason to open the fridge. Bring the mug.", "open fridge", "pick mug"),
    ("I don't want the plate, I want the mug.", "pick plate", "pick mug"),
    ("I'd rather you wiped the table than touched the vase.", "pick vase", "wipe table"),
    ("Open the window only if I ask for it. Bring the mug.", "open window", "pick mug"),
    # excepted by a sentence of its own
    ("Tidy up. This does not include the vase.", "pick vase", ""),
    ("Tidy up, but the vase is not part of that.", "pick vase", ""),
    ("Anywhere but the sofa is fine for the book. Put it away.", "place book, sofa", ""),
    # none of them
    ("Zero books are to be moved. Wipe the table.", "push book", "wipe table"),
    ("Not a single book leaves the shelf. Wipe the table.", "pick book", "wipe table"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "forbidden", "asked"), FORBIDS)
def test_what_goes_and_what_stays(text: str, forbidden: str, asked: str) -> None:
    wanted = [step for step in asked.split("; ") if step]
    assert left(text, *forbidden.split("; "), *wanted) == wanted


@pytest.mark.parametrize(
    "text",
    """
    It's not that I don't want you to open the window. Open it.
    Close the windows that don't open.
    Make sure the window isn't open when it rains.
    I don't like the mess, wipe the table.
    Bring all the cups, the red one included.
    What is that, the vase? No?
    """.strip().splitlines(),
)
def test_what_only_looks_like_it_forbids_nothing(text: str) -> None:
    assert not read_request(text.strip()).prohibitions


def test_a_stop_ends_what_goes_on_and_no_order_after_it() -> None:
    for text in ("Stop!", "STOP STOP STOP", "Bring the mug. Stop!"):
        assert left(text, "pick mug") == []
    assert left("Stop! Don't open the fridge. Wipe the table.", "open fridge", "wipe table") == [
        "wipe table"
    ]
