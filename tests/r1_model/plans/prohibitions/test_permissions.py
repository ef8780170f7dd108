"""What a later turn takes back, and what it leaves forbidden."""

from __future__ import annotations

import pytest

from r1_model.plans.prohibitions.permissions import still_forbidden
from r1_model.plans.prohibitions.request import read_request

FRIDGE, WINDOW = "Don't open the fridge.", "Don't open the window."


def forbidden(*turns: str) -> list[str]:
    said = []
    for turn in turns:
        request = read_request(turn)
        said = [*still_forbidden(said, request), *request.prohibitions]
    return [item.words for item in said]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (FRIDGE, "You may open it now."),
        (FRIDGE, "OK, you can open the fridge now."),
        (FRIDGE, "It's okay to open the fridge now."),
        (FRIDGE, "I changed my mind, open the fridge."),
        ("Don't touch the vase.", "You're allowed to touch the vase again. Bring it."),
        ("不要開冰箱。", "現在可以開冰箱了。"),
        ("别碰花瓶。", "我改主意了，可以碰花瓶。"),
        ("Stop.", "Bring me the mug."),
    ],
)
def test_a_permission_takes_back(before: str, now: str) -> None:
    assert forbidden(before) and not forbidden(before, now)


@pytest.mark.parametrize(
    "now",
    [
        "Open it.",
        "Open the fridge now.",
        "You may open the window now.",
        "You may close the fridge now.",
        "May you open the fridge now?",
        "You may not open the fridge now.",
        "You may open the fridge now if I am there.",
        "You may only look at the fridge now.",
        "My brother says you may open the fridge now.",
        "If you may open it now, tell me.",
        "现在还不可以开冰箱。",
        "现在可以开冰箱了吗？",
        "等我回来，现在可以开冰箱的时候再说。",
    ],
)
def test_whatever_else_is_said_leaves_it_forbidden(now: str) -> None:
    assert FRIDGE.rstrip(".") in forbidden(FRIDGE, now)


def test_only_what_is_named_is_taken_back() -> None:
    assert len(forbidden(FRIDGE, WINDOW, "You may open it now.")) == 2  # which one?
    assert forbidden("Don't open the fridge or the window.", "You may open it now.")
    assert forbidden(FRIDGE, WINDOW, "You may now open the window.") == ["Don't open the fridge"]
    [item] = still_forbidden(
        read_request("Don't touch the vase or the mug.").prohibitions,
        read_request("You can touch the mug again."),
    )
    assert item.things == ("vase",)
    assert forbidden(FRIDGE, "You may open it now.", FRIDGE)
