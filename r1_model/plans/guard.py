"""What of a plan may be carried out, whatever the model wrote.

The rule, in this order:

1. A question has no steps (`speech.asks_for_action`).
2. No step does what its request, or an earlier turn of the dialogue, forbade (`prohibitions`).
3. A step on a thing that nobody has seen, one without a box or with a box where nothing was
   detected, is kept where a step before it opens what it may be in; it is marked `assumed`. Any
   other goes.
4. What hangs on a step that went goes with it (`dependence`).

Which thing a prohibition means is told by its name, and where the plan calls things otherwise, by
where the model finds it; "anything on the desk" by what stands there, "only two" by counting steps.
Where neither tells, the action is forbidden on everything that the request does not name itself: of
two mistakes the one that does not move.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from r1_model.plans.dependence import arguments, dependent_steps, same_thing
from r1_model.plans.forbidden import Prohibition
from r1_model.plans.named import fits, is_modified, named, two_of_a_kind
from r1_model.plans.prohibitions.request import Request
from r1_model.plans.standing import standing_in, stands
from r1_model.plans.verbs import HANDLING
from r1_model.text.answer import Box, Step, Withheld
from r1_model.text.chinese import simplified

FORBIDDEN, UNSEEN, DEPENDS, QUESTION = "forbidden", "unseen", "depends", "question"
_OVERLAP = 0.25  # of the smaller box; two boxes of one thing share more

# a machine that brews is on
_ACTS = {"make_coffee": frozenset({"make_coffee", "turn_on"})}

Locate = Callable[[str], Sequence[Box]]


@dataclass(frozen=True)
class Guarded:
    """A plan that may be carried out, and what went from it."""

    steps: list[Step]
    withheld: list[Withheld]


def guard_steps(
    steps: Sequence[Step],
    request: Request,
    *,
    earlier: Sequence[Prohibition] = (),
    locate: Locate = lambda name: (),
    seen: Callable[[Box], bool] = lambda box: True,
) -> Guarded:
    """The steps that are allowed, numbered anew.

    Args:
        steps: as the model wrote them.
        request: what was asked.
        earlier: what earlier turns of the dialogue forbade.
        locate: boxes that the model finds for a noun phrase, labelled; asked only in doubt.
        seen: is there anything in a box?
    """
    if not request.acts:
        return Guarded([], [Withheld(QUESTION, step=step) for step in steps])
    found = _Finder(locate)
    out: dict[int, Withheld] = {}
    for prohibition in (*request.prohibitions, *earlier):
        if prohibition.spared:
            for position in _beyond(steps, prohibition):
                out.setdefault(position, Withheld(FORBIDDEN, prohibition.words, steps[position]))
            continue
        for position, step in enumerate(steps):
            if position not in out and _matches(step, prohibition, request, steps, found):
                out[position] = Withheld(FORBIDDEN, prohibition.words, step)
    gone = dependent_steps(steps, out) if out else set()
    kept, unseen = _mark_assumed(steps, gone, seen)
    out |= unseen
    if unseen:
        gone = dependent_steps(steps, gone | set(unseen))
    withheld = [out.get(i, Withheld(DEPENDS, step=steps[i])) for i in sorted(gone | set(out))]
    allowed = [kept[i] for i in range(len(steps)) if i not in gone]
    if not out:
        return Guarded(allowed, withheld)
    return Guarded([replace(s, index=i) for i, s in enumerate(allowed, 1)], withheld)


class _Finder:
    """Boxes of a noun phrase, asked for once."""

    def __init__(self, locate: Locate) -> None:
        self._locate, self._known = locate, dict[str, list[Box]]()

    def __call__(self, name: str) -> list[Box]:
        if name not in self._known:
            # a model that knows the word repeats it; another label is a guess
            self._known[name] = [box for box in self._locate(name) if fits(box.label, name)]
        return self._known[name]


def _beyond(steps: Sequence[Step], prohibition: Prohibition) -> list[int]:
    """Steps on more things than a request wants, "only two apples", by each action."""
    met: dict[str, list[Box | None]] = {}
    beyond = []
    for position, step in enumerate(steps):
        [(label, own), *_] = [*arguments(step), ("", None)]
        names = prohibition.things
        if step.action not in prohibition.actions or (
            names and not any(fits(label, name) for name in names)
        ):
            continue
        boxes = met.setdefault(step.action, [])
        if own is not None and any(b is not None and overlap(own, b) > _OVERLAP for b in boxes):
            continue
        boxes.append(own)
        if len(boxes) > prohibition.spared:
            beyond.append(position)
    return beyond


def _matches(
    step: Step, prohibition: Prohibition, request: Request, steps: Sequence[Step], found: _Finder
) -> bool:
    forbidden = prohibition.actions
    if "navigate_to" in forbidden and "push" not in forbidden:
        forbidden |= {"clean"}  # a floor that nobody may drive on; "move" is another matter
    if not forbidden & _ACTS.get(step.action, frozenset({step.action})):
        return False
    pairs = arguments(step)
    if prohibition.actions >= HANDLING and len(pairs) > 1 and prohibition.things:
        # what is put on or under a thing touches it
        target = replace(step, labels=step.labels[1:], boxes=tuple(b for _, b in pairs[1:] if b))
        if _matches(target, prohibition, request, steps, found):
            return True
    first = pairs[:1] or [("", None)]
    if prohibition.others and named(first[0][0], request.allowed):
        return False
    on_thing = not prohibition.things or any(
        _is(first, name, prohibition, request, steps, found) for name in prohibition.things
    )
    if not prohibition.place:
        return on_thing
    if step.action != "place":
        # "don't put the mug on the sofa": elsewhere it may go
        return on_thing and step.action != "pick" and not prohibition.things
    return on_thing and _is(pairs[1:2], prohibition.place, prohibition, request, steps, found)


def _is(
    pairs: Sequence[tuple[str, Box | None]],
    name: str,
    prohibition: Prohibition,
    request: Request,
    steps: Sequence[Step],
    found: _Finder,
) -> bool:
    """Is the argument of a step what a prohibition calls by this name?"""
    if not pairs:
        return False
    label, box = pairs[0]
    standing = standing_in(name)
    places = found(standing.where) if standing is not None and box is not None else []
    if standing is not None and box is not None and places:  # "anything on the desk"
        there = standing.where in simplified(label.lower()) or any(
            stands(box, place, under=standing.under) for place in places
        )
        whole = fits(label, standing.where)  # a drawer is not to be opened for what is in it
        if not there or (whole and standing.upon and not standing.what):
            return False
        if not whole and (not standing.what or fits(label, standing.what)):
            return True
    fitting = fits(label, name)
    asked_for = fitting and two_of_a_kind(label, name) and named(label, request.allowed)
    if fitting and not is_modified(name, label) and not asked_for:
        return True
    boxes = found(name) if box is not None else []
    # "the red mug" spares other mugs where it is clear which one that is
    if box is not None and boxes:
        return any(overlap(box, other) > _OVERLAP for other in boxes)
    if fitting:  # "hands off the red cup, bring me the blue cup"
        return not asked_for
    if any(fits(other, name) for step in steps for other in step.labels):
        return False  # the plan itself calls something by that name, and it is another thing
    return not named(label, request.allowed)


def _mark_assumed(
    steps: Sequence[Step], gone: set[int], seen: Callable[[Box], bool]
) -> tuple[list[Step], dict[int, Withheld]]:
    kept, unseen = list(steps), dict[int, Withheld]()
    known: list[str] = []
    opened = False
    for position, step in enumerate(steps):
        if position in gone or position in unseen:
            continue
        for label, box in arguments(step):
            if box is not None and seen(box):
                continue
            if any(same_thing(label, None, name, None) for name in known):
                continue
            if not opened or step.action not in ("pick", "look_at"):
                unseen[position] = Withheld(UNSEEN, label, step)
                break
            # a box that was made up must not be driven or reached to
            boxes = tuple(own for own in step.boxes if seen(own))
            kept[position] = replace(step, boxes=boxes, assumed=True)
            known.append(label)
        if step.action == "open" and position not in unseen:
            opened = True
    return kept, unseen


def overlap(box: Box, other: Box) -> float:
    """Shared volume, as a share of the smaller box."""
    low = np.maximum(box.center - box.size / 2, other.center - other.size / 2)
    high = np.minimum(box.center + box.size / 2, other.center + other.size / 2)
    shared = float(np.prod((high - low).clip(min=0)))
    return shared / max(min(float(np.prod(box.size)), float(np.prod(other.size))), 1e-9)
