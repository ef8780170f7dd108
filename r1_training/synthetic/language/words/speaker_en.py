"""Says facts in English."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from r1_training.common.present import present
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.facts import Thing
from r1_training.synthetic.language.words.referring import OBVIOUS, Ref
from r1_training.synthetic.language.words.words_en import (
    ASKED_STATES,
    COLORS,
    DETAILS,
    HYPERNYMS,
    MATERIALS,
    NOUNS,
    NUMBERS,
    ORDINALS,
    PLURALS,
    ROOMS,
    SHAPES,
    STATES,
)

RELATIONS = {
    "on": "on",
    "in": "in",
    "under": "under",
    "left": "to the left of",
    "right": "to the right of",
    "front": "in front of",
    "behind": "behind",
    "next_to": "next to",
    "around": "at",
    "nearest": "closest to",
    "farthest": "farthest from",
}
_LEVELS = {1: "top shelf", 2: "second shelf from the top", 3: "third shelf from the top"}
_LEVELS[-1] = "bottom shelf"
_ASKS = ("Can ", "Could ", "Do ", "Would ", "Will ", "Does ")
_SIDES = {"left": "left", "right": "right", "front": "front", "behind": "back"}


class English:
    """Words and phrases; all in lower case, `finish` makes sentences of them."""

    language = "en"
    comma, colon, semicolon, space = ", ", ": ", "; ", " "

    def measure(self, category: str, index: int = 0) -> str:
        """English has no measure words."""
        return ""

    def noun(self, category: str, index: int = 0) -> str:
        """chair"""
        if index == -1:
            return HYPERNYMS.get(VOCABULARY[category].hypernym, NOUNS[category][0])
        names = NOUNS[category]
        return names[index % len(names)]

    def plural(self, category: str, index: int = 0) -> str:
        """chairs"""
        noun = self.noun(category, index)
        return PLURALS.get(noun, noun + "s")

    def color(self, color: str) -> str:
        """grey"""
        return COLORS[color]

    def material(self, material: str) -> str:
        """What it is made of: wood."""
        return MATERIALS[material][1]

    def room(self, room: str) -> str:
        """living room"""
        return ROOMS[room]

    def in_room(self, room: str) -> str:
        """in the kitchen"""
        return f"in the {ROOMS[room]}"

    def shape(self, shape: str) -> str:
        """round"""
        return SHAPES[shape]

    def number(self, count: int, category: str) -> str:
        """four"""
        return NUMBERS[count]

    def ordinal(self, number: int) -> str:
        """second"""
        return ORDINALS[number - 1]

    def metres(self, length: float) -> str:
        """1.2 m"""
        return f"{length:.1f} m"

    def centimetres(self, length: float) -> str:
        """41 cm"""
        return f"{100 * length:.0f} cm"

    def state(self, category: str, state: tuple[str, str]) -> str:
        """on, open, messy: what stands behind "is"."""
        return STATES[state]

    def asked_state(self, rng: Random, category: str, state: tuple[str, str]) -> str:
        """The same in a question, where it has more than one word."""
        return rng.choice((STATES[state], *ASKED_STATES.get(state, ())))

    def adjectives(
        self,
        noun: str,
        *,
        color: str | None = None,
        material: str | None = None,
        shape: str | None = None,
        modified: bool = False,
    ) -> str:
        """round white wooden table"""
        words = [
            SHAPES.get(shape or "", ""),
            COLORS[color] if color else "",
            MATERIALS[material][0] if material in MATERIALS else "",
            noun,
        ]
        return " ".join(word for word in words if word)

    def detail(self, shape: str) -> str:
        """with two doors; empty where there is nothing to say"""
        return " " + DETAILS[shape] if shape in DETAILS else ""

    def definite(self, bare: str) -> str:
        """the chair"""
        return "the " + bare

    def indefinite(self, bare: str, category: str) -> str:
        """a chair"""
        vowel = bare[0] in "aeiouAEIOL" and not bare.startswith(("one", "uni", "use", "ute"))
        return ("an " if vowel else "a ") + bare

    def counted(self, count: int, category: str, color: str | None = None, index: int = 0) -> str:
        """four red chairs; no chair"""
        noun = self.noun(category, index) if count == 1 else self.plural(category, index)
        return f"{NUMBERS[count]} {self.adjectives(noun, color=color)}"

    def join(self, items: Sequence[str]) -> str:
        """a, b and c"""
        if len(items) < 2:
            return "".join(items)
        return ", ".join(items[:-1]) + " and " + items[-1]

    def at(self, relation: str, anchor: str) -> str:
        """on the desk"""
        return f"{RELATIONS[relation]} {anchor}"

    def between(self, first: str, second: str) -> str:
        """between the sofa and the bed"""
        return f"between {first} and {second}"

    def side_of(self, side: str, anchor: str) -> str:
        """on the left of the desk, of what stands on it"""
        return f"on the {_SIDES[side]} of {anchor}"

    def label(self, ref: Ref) -> str:
        """The noun that the reference uses."""
        return self.noun(ref.category, ref.noun)

    def bare(self, ref: Ref) -> str:
        """Everything of a reference behind "the"."""
        words = self.adjectives(
            self.label(ref), color=ref.color, material=ref.material, shape=ref.shape
        )
        before, behind = "", ""
        if ref.state is not None:
            state = STATES[ref.state]
            if state in ("on", "off", "tipped over", "upright"):
                behind += f" that is {state}"
            else:
                before = state + " "
        if ref.not_color is not None:
            behind += f" that is not {COLORS[ref.not_color]}"
        if ref.superlative is not None:
            before = ref.superlative + " " + before
        if ref.ordinal is not None and ref.relation is not None:
            side = "left" if ref.ordinal > 0 else "right"
            return f"{words} at the {side} end of {self.the(present(ref.anchor, 'anchor'))}"
        if ref.ordinal is not None:
            place = abs(ref.ordinal)
            side = "left" if ref.ordinal > 0 else "right"
            if place == 1:
                before = f"{side}most "
            else:
                before, behind = f"{ORDINALS[place - 1]} ", f" from the {side}"
        if ref.relation is not None:
            behind += " " + self._relation(ref)
        if ref.room is not None:
            behind += f" {self.in_room(ref.room)}"
        return before + words + behind

    def _relation(self, ref: Ref) -> str:
        start = "that is not " if ref.negated else ""
        anchor = self.the(present(ref.anchor, "anchor"))
        if ref.relation == "between":
            return start + self.between(anchor, self.the(present(ref.second, "second anchor")))
        if ref.level is not None:
            return f"on the {_LEVELS[ref.level]} of {anchor}"
        return start + self.at(present(ref.relation, "relation"), anchor)

    def predicate(self, ref: Ref) -> str | None:
        """What stands behind "which chair is"; None where that takes more than one part."""
        if not ref.is_simple():
            return None
        if ref.relation is not None:
            return self._relation(ref)
        if ref.superlative is not None:
            return f"the {ref.superlative}"
        return COLORS[ref.color] if ref.color else STATES[present(ref.state, "state")]

    def the(self, ref: Ref) -> str:
        """the red chair to the left of the table"""
        return "the " + self.bare(ref)

    def described(self, thing: Thing) -> str:
        """All looks of a thing, without an article."""
        return self.adjectives(
            self.noun(thing.category),
            color=None if thing.category == "puddle" else thing.color,
            material=None if thing.category in OBVIOUS else thing.material,
            shape=thing.shape,
        )

    def script(self, text: str) -> str:
        """Notes stay as they are."""
        return text

    def finish(self, text: str) -> str:
        """Capital letters at the start of every sentence."""
        return "\n".join(_capitalise(part) for part in text.split("\n"))

    def question(self, text: str) -> str:
        """A question with the mark that its first word calls for."""
        text = self.finish(text).replace(" .", ".").replace(" ?", "?")
        if text.endswith(".") and text.startswith(_ASKS):
            return text[:-1] + "?"
        return text


def _capitalise(text: str) -> str:
    text = text[:1].upper() + text[1:]
    for end in (". ", "? ", "! "):
        pieces = text.split(end)
        text = end.join([pieces[0], *(p[:1].upper() + p[1:] for p in pieces[1:])])
    return text
