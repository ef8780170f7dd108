"""The seven examples that the software must get right: room, questions, truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from r1_model.plans.simulator import Fact
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.rooms import example_rooms as rooms
from r1_training.synthetic.rooms.elements import Room, RoomObject

Key = Callable[[Room], Mapping[str, object]]


@dataclass(frozen=True)
class Turn:
    """One question of an example.

    Attributes:
        task: what is expected of it.
        questions: language family ("zh", Traditional, or "en") -> the question.
        key: the truth, as in `Sample.answer_key`.
        target: the object that is given with the question; None without.
        words: family -> words that the answer must hold besides.
    """

    task: str
    questions: Mapping[str, str]
    key: Key
    target: Callable[[Room], RoomObject] | None = None
    words: Mapping[str, tuple[str, ...]] | None = None

    def sample(self, room: Room, language: str) -> Sample:
        """The question as a sample, for `answer_check.check_answer`."""
        objects = (self.target(room).id,) if self.target else ()
        return Sample(
            task=self.task,
            language=language,
            kind="example",
            turns=(),
            question=self.questions["en" if language == "en" else "zh"],
            think="",
            answer="",
            objects=objects or tuple(thing.id for thing in room.objects),
            answer_key=self.key(room),
        )


@dataclass(frozen=True)
class Example:
    """A room and what is asked about it; several turns are one dialogue."""

    name: str
    build: Callable[[int], Room]
    turns: tuple[Turn, ...]


def the(room: Room, category: str, **attributes: object) -> RoomObject:
    """The first object of a category with these attributes."""
    return next(
        thing
        for thing in room.objects
        if thing.category == category
        and all(getattr(thing, name) == value for name, value in attributes.items())
    )


def _dense(room: Room) -> Mapping[str, object]:
    names = ("sofa", "coffee table", "tv cabinet", "tv", "plant")
    return {"type": "dense", "value": tuple(the(room, name).id for name in names)}


def _caption(room: Room) -> Mapping[str, object]:
    mug = the(room, "mug")
    return {"type": "caption", "id": mug.id, "category": "mug", "color": "white"}


def _book(room: Room) -> Mapping[str, object]:
    book = the(room, "book", color="blue", level=1)
    return {"type": "grounding", "value": (book.id,), "category": "book"}


def _plan(room: Room, *goal: Fact) -> Mapping[str, object]:
    mugs = tuple(thing.id for thing in room.objects if thing.category == "mug")
    return {"type": "plan", "goal": goal, "steps": (("pick", mugs),)}


def _lamp_off(room: Room) -> Mapping[str, object]:
    return _plan(room, Fact(the(room, "lamp").id, "power", "off"))


def _coffee(room: Room) -> Mapping[str, object]:
    table = the(room, "coffee table").id
    mug = the(room, "mug").id
    return _plan(room, Fact(mug, "on", table), Fact(mug, "content", "coffee"))


def _always(**key: object) -> Key:
    return lambda room: key


EXAMPLES: tuple[Example, ...] = (
    Example(
        "dense_caption",
        rooms.living_room,
        (
            Turn(
                "dense_caption",
                {"zh": "描述房間裡的每個物體。", "en": "Describe every object in the room."},
                _dense,
                words={"zh": ("灰色的L型",), "en": ("L-shaped grey",)},
            ),
        ),
    ),
    Example(
        "object_caption",
        rooms.living_room,
        (
            Turn(
                "object_caption",
                {"zh": "描述這個物體。", "en": "Describe this object."},
                _caption,
                target=lambda room: the(room, "mug"),
                words={"zh": ("陶瓷", "茶几"), "en": ("ceramic", "coffee table")},
            ),
        ),
    ),
    Example(
        "grounding",
        rooms.bookshelf_room,
        (
            Turn(
                "grounding",
                {
                    "zh": "找到那個放在書架最上層的藍色封面的書。",
                    "en": "Find the blue book on the top shelf of the bookshelf.",
                },
                _book,
            ),
        ),
    ),
    Example(
        "count",
        rooms.dining_kitchen,
        (
            Turn(
                "qa",
                {
                    "zh": "餐桌周圍有幾把椅子？",
                    "en": "How many chairs are around the dining table?",
                },
                _always(type="count", value=4),
            ),
        ),
    ),
    Example(
        "colour",
        rooms.dining_kitchen,
        (
            Turn(
                "qa",
                {"zh": "冰箱是什麼顏色的？", "en": "What colour is the fridge?"},
                _always(type="colour", value="silver"),
            ),
        ),
    ),
    Example(
        "relation",
        rooms.dining_kitchen,
        (
            Turn(
                "qa",
                {
                    "zh": "微波爐是放在流理台上還是冰箱上面？",
                    "en": "Is the microwave on the counter or on the fridge?",
                },
                _always(type="location", value=("on", "counter")),
            ),
        ),
    ),
    Example(
        "dialogue",
        rooms.desk_room,
        (
            Turn(
                "qa",
                {"zh": "我的書桌上有檯燈嗎？", "en": "Is there a desk lamp on my desk?"},
                _always(type="yes_no", value=True),
                words={"zh": ("黑色",), "en": ("black",)},
            ),
            Turn(
                "dialogue",
                {"zh": "那它是開著的嗎？", "en": "Is it on?"},
                _always(type="yes_no", value=True),
            ),
            Turn(
                "dialogue",
                {"zh": "幫我把它關掉。", "en": "Please turn it off."},
                _lamp_off,
            ),
        ),
    ),
    Example(
        "reasoning",
        rooms.bedroom,
        (
            Turn(
                "reasoning",
                {
                    "zh": "這個房間的主人可能剛剛在做什麼？",
                    "en": "What was the owner of this room probably doing just now?",
                },
                lambda room: {"type": "reason", "must": ()},
                words={"zh": ("床上看書",), "en": ("reading in bed",)},
            ),
        ),
    ),
    Example(
        "spill",
        rooms.spill_room,
        (
            Turn(
                "reasoning",
                {"zh": "地上為什麼有水？", "en": "Why is there water on the floor?"},
                lambda room: {"type": "reason", "must": ()},
                words={"zh": ("打翻", "水杯"), "en": ("knocked over", "cup")},
            ),
        ),
    ),
    Example(
        "planning",
        rooms.coffee_kitchen,
        (
            Turn(
                "planning",
                {
                    "zh": "幫我準備好喝咖啡的桌子。",
                    "en": "Prepare the coffee table for coffee.",
                },
                _coffee,
            ),
        ),
    ),
)
