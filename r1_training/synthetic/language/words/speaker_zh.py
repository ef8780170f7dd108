"""Says facts in Chinese: written in Traditional, `finish` turns the rest into Simplified."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from r1_model.text.chinese import simplified
from r1_training.common.present import present
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.facts import Thing
from r1_training.synthetic.language.words.referring import OBVIOUS, Ref
from r1_training.synthetic.language.words.words_zh import (
    ASKED_STATES,
    CATEGORY_STATES,
    COLORS,
    DETAILS,
    HYPERNYMS,
    MATERIALS,
    NOUNS,
    NUMBERS,
    ORDINALS,
    ROOMS,
    SHAPES,
    STATES,
)

_RELATIONS = {
    "on": "上",
    "in": "裡",
    "under": "下面",
    "left": "左邊",
    "right": "右邊",
    "front": "前面",
    "behind": "後面",
    "next_to": "旁邊",
    "around": "周圍",
}
_LEVELS = {1: "最上層", 2: "第二層", 3: "第三層", -1: "最下層"}
_SIDES = {"left": "左側", "right": "右側", "front": "前側", "behind": "後側"}
_SUPERLATIVES = {"largest": "最大的", "smallest": "最小的", "tallest": "最高的"}


class Chinese:
    """Words and phrases of one script; the interface is that of `English`."""

    comma, colon, semicolon, space = "、", "：", "；", ""

    def __init__(self, language: str) -> None:
        self.language = language
        self._script = 0 if language == "zh-Hant" else 1

    def noun(self, category: str, index: int = 0) -> str:
        """椅子"""
        if index == -1:
            return HYPERNYMS[VOCABULARY[category].hypernym][2 * self._script]
        traditional, _, simplified, _ = NOUNS[category]
        names = simplified if self._script else traditional
        return names[index % len(names)]

    def plural(self, category: str, index: int = 0) -> str:
        """Chinese has none."""
        return self.noun(category, index)

    def measure(self, category: str, index: int = 0) -> str:
        """The measure word: 把"""
        if index == -1:
            return HYPERNYMS[VOCABULARY[category].hypernym][2 * self._script + 1]
        _, traditional, _, simplified = NOUNS[category]
        return simplified if self._script else traditional

    def color(self, color: str) -> str:
        """灰色"""
        return COLORS[color][self._script]

    def material(self, material: str) -> str:
        """What it is made of: 木頭"""
        return MATERIALS[material][self._script][1]

    def room(self, room: str) -> str:
        """客廳"""
        return ROOMS[room][self._script]

    def in_room(self, room: str) -> str:
        """廚房裡"""
        return ROOMS[room][self._script] + "裡"

    def shape(self, shape: str) -> str:
        """圓形"""
        return SHAPES[shape]

    def number(self, count: int, category: str) -> str:
        """四把"""
        return NUMBERS[count] + self.measure(category)

    def ordinal(self, number: int) -> str:
        """二"""
        return ORDINALS[number - 1]

    def metres(self, length: float) -> str:
        """1.2公尺"""
        return f"{length:.1f}{('公尺', '米')[self._script]}"

    def centimetres(self, length: float) -> str:
        """41公分"""
        return f"{100 * length:.0f}{('公分', '厘米')[self._script]}"

    def state(self, category: str, state: tuple[str, str]) -> str:
        """What stands between 是 and 的: 開著"""
        return CATEGORY_STATES.get((category, *state)) or STATES[state]

    def asked_state(self, rng: Random, category: str, state: tuple[str, str]) -> str:
        """The same in a question, where it has more than one word."""
        return rng.choice((self.state(category, state), *ASKED_STATES.get(state, ())))

    def adjectives(
        self,
        noun: str,
        *,
        color: str | None = None,
        material: str | None = None,
        shape: str | None = None,
        modified: bool = False,
    ) -> str:
        """白色的圓形木質桌子; behind another 的: 白色圓形木質桌子"""
        rest = SHAPES.get(shape or "", "")
        if material in MATERIALS:
            rest += MATERIALS[material][self._script][0]
        head = ""
        if color:
            head = self.color(color) + ("" if modified else "的")
        return head + rest + noun

    def detail(self, shape: str) -> str:
        """，有兩扇門"""
        return "，" + DETAILS[shape] if shape in DETAILS else ""

    def definite(self, bare: str) -> str:
        """No article."""
        return bare

    def indefinite(self, bare: str, category: str) -> str:
        """一把椅子"""
        return "一" + self.measure(category) + bare

    def counted(self, count: int, category: str, color: str | None = None, index: int = 0) -> str:
        """四把紅色的椅子"""
        return (
            NUMBERS[count]
            + self.measure(category, index)
            + self.adjectives(self.noun(category, index), color=color)
        )

    def join(self, items: Sequence[str]) -> str:
        """甲、乙和丙"""
        if len(items) < 2:
            return "".join(items)
        return "、".join(items[:-1]) + "和" + items[-1]

    def at(self, relation: str, anchor: str) -> str:
        """書桌上"""
        if relation in ("nearest", "farthest"):
            return f"離{anchor}最{'近' if relation == 'nearest' else '遠'}"
        return anchor + _RELATIONS[relation]

    def between(self, first: str, second: str) -> str:
        """沙發和床之間"""
        return f"{first}和{second}之間"

    def side_of(self, side: str, anchor: str) -> str:
        """書桌左側"""
        return f"{anchor}的{_SIDES[side]}"

    def label(self, ref: Ref) -> str:
        """The noun that the reference uses."""
        return self.noun(ref.category, ref.noun)

    def bare(self, ref: Ref) -> str:
        """書桌上的紅色馬克杯"""
        before = ""
        if ref.ordinal is not None and ref.relation is not None:
            side = "左" if ref.ordinal > 0 else "右"
            return f"{self.the(present(ref.anchor, 'anchor'))}{side}端的{self.label(ref)}"
        if ref.relation is not None:
            before += self._relation(ref) + "的"
        if ref.room is not None:
            before += self.in_room(ref.room) + "的"
        if ref.state is not None:
            before += self.state(ref.category, ref.state) + "的"
        if ref.not_color is not None:
            before += f"不是{self.color(ref.not_color)}的"
        if ref.superlative is not None:
            before += _SUPERLATIVES[ref.superlative]
        if ref.ordinal is not None:
            place, side = abs(ref.ordinal), "左" if ref.ordinal > 0 else "右"
            measure = self.measure(ref.category, ref.noun)
            if place == 1:
                before += f"最{side}邊的"
            else:
                before += f"從{side}邊數來第{ORDINALS[place - 1]}{measure}"
        return before + self.adjectives(
            self.label(ref),
            color=ref.color,
            material=ref.material,
            shape=ref.shape,
            modified=bool(before),
        )

    def _relation(self, ref: Ref) -> str:
        anchor = self.the(present(ref.anchor, "anchor"))
        if ref.relation == "between":
            place = self.between(anchor, self.the(present(ref.second, "second anchor")))
        elif ref.level is not None:
            place = anchor + _LEVELS[ref.level]
        else:
            place = self.at(present(ref.relation, "relation"), anchor)
        return ("不在" if ref.negated else "") + place

    def predicate(self, ref: Ref) -> str | None:
        """在窗戶旁邊, 是白色的; None where that takes more than one part."""
        if not ref.is_simple():
            return None
        if ref.relation is not None:
            place = self._relation(ref)
            return place if ref.relation in ("nearest", "farthest") else f"在{place}"
        if ref.superlative is not None:
            return _SUPERLATIVES[ref.superlative].removesuffix("的")
        if ref.color:
            told = self.color(ref.color)
        else:
            told = self.state(ref.category, present(ref.state, "state"))
        return f"是{told}的"

    def the(self, ref: Ref) -> str:
        """餐桌左邊的紅色椅子"""
        return self.bare(ref)

    def described(self, thing: Thing) -> str:
        """All looks of a thing."""
        return self.adjectives(
            self.noun(thing.category),
            color=None if thing.category == "puddle" else thing.color,
            material=None if thing.category in OBVIOUS else thing.material,
            shape=thing.shape,
        )

    def script(self, text: str) -> str:
        """In the script of the language."""
        return simplified(text) if self._script else text

    finish = question = script
