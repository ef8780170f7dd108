"""Items from synthetic training rooms: question, thought and answer are true by construction."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from r1_model.text.grammar import Bounds, format_box
from r1_training.engine.filters import parse_reply
from r1_training.engine.items import Item
from r1_training.synthetic.language.facts import Facts, Thing
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import Sample, fill_boxes
from r1_training.synthetic.language.words.speaker_en import English
from r1_training.synthetic.language.words.speaker_zh import Chinese
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room

SAMPLES_A_ROOM = 24
_MAX_TARGETS = 3  # a question about more is about the whole scene

_WORDS: dict[str, English | Chinese] = {
    "en": English(),
    "zh-Hant": Chinese("zh-Hant"),
    "zh-Hans": Chinese("zh-Hans"),
}
_OPENING = {
    "en": "This is a {room} of {w:.1f} m by {d:.1f} m with {n} objects.",
    "zh-Hant": "這是一間{room}，長{w:.1f}公尺，寬{d:.1f}公尺，有{n}件物品。",
    "zh-Hans": "这是一间{room}，长{w:.1f}米，宽{d:.1f}米，有{n}件物品。",
}
_IS = {"en": ", {0}", "zh-Hant": "，{0}", "zh-Hans": "，{0}"}
_STOP = {"en": ".", "zh-Hant": "。", "zh-Hans": "。"}


def room_items(rooms: int, first_seed: int = 0) -> Iterator[Item]:
    """Stream the items of the training rooms from `first_seed` on; always the same."""
    for seed in range(first_seed, first_seed + rooms):
        yield from items_of_room(make_room(seed, "train"))


def items_of_room(room: Room) -> list[Item]:
    """The items of one room, in several languages and of all tasks."""
    visible = [thing.id for thing in room.objects]
    facts = Facts(room, visible)
    bounds = room_bounds(room)
    descriptions = {language: describe_room(facts, bounds, language) for language in _WORDS}
    samples = make_samples(
        room,
        np.random.default_rng(room.seed),
        visible=visible,
        count=SAMPLES_A_ROOM,
        split=room.split,
    )
    return [
        item_from_room_sample(sample, number, facts, bounds, descriptions[sample.language])
        for number, sample in enumerate(samples)
    ]


def room_bounds(room: Room) -> Bounds:
    """What boxes in the text are relative to: the room's corners, (3,) each, map frame, metres."""
    half_w, half_d, height = room.size[0] / 2, room.size[1] / 2, room.size[2]
    corners = np.array(list(itertools.product((-half_w, half_w), (-half_d, half_d), (0, height))))
    corners = corners @ room.T_map_room[:3, :3].T + room.T_map_room[:3, 3]
    return corners.min(0), corners.max(0)


def describe_room(facts: Facts, bounds: Bounds, language: str) -> str:
    """A scene description: a sentence about the room, then one for each object with its box."""
    words = _WORDS[language]
    width, depth, _ = facts.room.size
    opening = _OPENING[language].format(
        room=words.room(facts.room.type), w=width, d=depth, n=len(facts.things)
    )
    lines = [_sentence(thing, facts, bounds, language) for thing in facts.things.values()]
    return "\n".join([words.finish(opening), *lines])


def _sentence(thing: Thing, facts: Facts, bounds: Bounds, language: str) -> str:
    words = _WORDS[language]
    box = format_box(np.array(thing.center), np.array(thing.size), bounds)
    text = f"{words.indefinite(words.described(thing), thing.category)} {box}"
    parent = facts.things.get(thing.parent) if thing.parent is not None else None
    if parent is not None and thing.relation in ("on", "in", "under"):
        where = words.at(thing.relation, words.definite(words.noun(parent.category)))
        text += _IS[language].format(where)
    states = [words.state(thing.category, state) for state in thing.states.items()]
    for state in dict.fromkeys(states):  # "off" and "closed" may be one word
        text += _IS[language].format(state)
    return "- " + words.finish(text) + _STOP[language]


def item_from_room_sample(
    sample: Sample, number: int, facts: Facts, bounds: Bounds, description: str
) -> Item:
    """An item from sample `number` of a room, its boxes relative to `bounds`."""
    room = facts.room
    boxes = {thing.id: (thing.center, thing.size) for thing in room.objects}
    boxes |= sample.extra_boxes

    def fill(text: str) -> str:
        return fill_boxes(text, boxes, bounds)

    words = _WORDS[sample.language]
    categories = dict.fromkeys(
        facts.things[id].category for id in sample.objects if id in facts.things
    )
    targets = tuple(words.noun(category) for category in categories)
    return Item(
        scene_id=f"synthetic_{room.split}_{room.seed:06d}",
        question_id=str(number),
        question=_with_history(sample, fill),
        task=sample.task,
        question_type=sample.kind,
        source="synthetic",
        answers=(fill(sample.answer),),
        targets=targets if len(targets) <= _MAX_TARGETS else (),
        language=sample.language,
        rationale=fill(sample.think),
        description=description,
    )


def _with_history(sample: Sample, fill: Callable[[str], str]) -> str:
    """The question; in a dialogue after its earlier turns, in the form of 3D-LLM's files."""
    if not sample.turns:
        return fill(sample.question)
    said = []
    for question, raw in sample.turns:
        reply = parse_reply(raw)
        said.append(f"### human: {question} ### assistant: {reply.answer if reply else raw}")
    return fill(" ".join([*said, f"### human: {sample.question} ### assistant:"]))
