"""Questions about things that are in no room: the answer says that they are not to be seen."""

from __future__ import annotations

import zlib

from r1_training.synthetic.household.words import ABSENT, ENGLISH
from r1_training.synthetic.language.context import Asking
from r1_training.synthetic.language.forms.grounding_forms import FORMS as GROUNDING
from r1_training.synthetic.language.forms.planning_forms import FORMS as PLANNING
from r1_training.synthetic.language.qa.qa_words import qa_sample, within, yes_or_no
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import in_the_room
from r1_training.synthetic.language.words.words_absent import UNKNOWN

UNSEEN = {"en": "I cannot see {ax} here.", "zh": "這裡沒有看到{x}。"}
_CANNOT = {"en": "I cannot do that: I cannot see {ax} here.", "zh": "我做不到，這裡沒有看到{x}。"}
# any of these says that it is not there
_DECLINES = {
    "en": ("cannot see", "there is no", "there are no"),
    "zh": ("沒有看到", "裡沒有"),
}
TEST_WORDS_ONE_IN = 5
_IN_ROOMS_OF_MESHES = {noun for nouns in ENGLISH.values() for noun in nouns} | {
    *("guitar", "helmet", "calendar", "comb", "broom", "projector", "statue", "blender", "doll"),
    *("jacket", "sock", "shoe", "key", "notebook", "pencil", "soap dispenser", "bucket", "cat"),
    *("router", "charger", "egg", "robot", "globe"),
}


class _Name:
    """One name in the language of a question; test asks about words that training never says."""

    def __init__(self, ask: Asking) -> None:
        rows = UNKNOWN
        if ask.facts.room.meshes is not None:  # these rooms hold more, some of it without a name
            rows = (*(row for row in UNKNOWN if row[0] not in _IN_ROOMS_OF_MESHES), *ABSENT)
        held = [zlib.crc32(row[0].encode()) % TEST_WORDS_ONE_IN == 0 for row in rows]
        pool = [row for row, kept in zip(rows, held, strict=True) if kept == (ask.split == "test")]
        english, hant, hans, measures = ask.rng.choice(pool)
        if ask.family == "en":
            article = "an" if english[0] in "aeiou" else "a"
            self.x, self.xs, self.ax, self.cl = english, f"{english}s", f"{article} {english}", ""
        else:
            script = ask.say.language == "zh-Hans"
            self.x = self.xs = (hant, hans)[script]
            self.cl = measures[script]
            self.ax = f"一{self.cl}{self.x}"

    def say(self, text: str) -> str:
        return text.format(x=self.x, ax=self.ax)


def _think(ask: Asking, name: _Name) -> str:
    return f"no {name.x}" if ask.family == "en" else f"沒有{name.x}"


def qa(ask: Asking) -> Sample:
    """Is there a cat? Where is it? How many are there?"""
    name = _Name(ask)
    place = in_the_room(ask) if ask.rng.random() < 0.5 else ""
    words = {"x": ask.say.definite(name.x), "xs": name.xs, "ax": name.ax, "cl": name.cl}
    words["at"] = within(ask, place)
    form = ask.rng.choice(("existence", "location", "count"))
    if form == "existence":
        words["x"] = name.x
    answer = name.say(UNSEEN[ask.family])
    declines = tuple(map(ask.say.script, _DECLINES[ask.family]))
    key: dict[str, object] = {"type": "reason", "value": "unseen", "must": (), "any": declines}
    if form == "existence":
        answer = yes_or_no(ask, False) + answer
        key = {"type": "yes_no", "value": False}
    return qa_sample(ask, "unknown", form, words, _think(ask, name), answer, [], key)


def grounding(ask: Asking) -> Sample:
    """Find the cat."""
    name = _Name(ask)
    words = {"x": ask.say.definite(name.x), "that": name.x}
    return ask.sample(
        *("grounding", "unknown", GROUNDING[ask.family]["one"], words, _think(ask, name)),
        *(name.say(UNSEEN[ask.family]), [], {"type": "grounding", "value": ()}),
    )


def planning(ask: Asking) -> Sample:
    """Bring the cat."""
    name = _Name(ask)
    form = ask.rng.choice(("fetch", "go"))
    words = {"x": ask.say.definite(name.x)}
    return ask.sample(
        *("planning", "impossible", PLANNING[ask.family][form], words, _think(ask, name)),
        *(name.say(_CANNOT[ask.family]), [], {"type": "plan", "goal": (), "steps": ()}),
    )
