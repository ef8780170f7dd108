"""`Talk`: a dialogue in the making, what it is about and how its turns are worded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from r1_training.synthetic.language.context import SPEAKERS, Asking, box
from r1_training.synthetic.language.facts import Thing
from r1_training.synthetic.language.forms.dialogue_forms import FORMS
from r1_training.synthetic.language.sample import Sample


@dataclass
class Talk:
    """A dialogue in the making.

    Attributes:
        ask: language and facts.
        focus: what "it" or "they" mean now, from left to right.
        turns: (question, raw answer) so far.
        objects: ids of what was spoken of.
        asked: kinds of questions that were asked about the focus.
    """

    ask: Asking
    focus: list[Thing]
    turns: list[tuple[str, str]]
    objects: list[int]
    asked: set[str]

    def in_another_language(self) -> Talk:
        """The same dialogue, gone on with in English after Chinese or the other way round."""
        family = "zh" if self.ask.family == "en" else "en"
        languages = [name for name in SPEAKERS if name.startswith(family)]
        return replace(self, ask=replace(self.ask, say=SPEAKERS[self.ask.rng.choice(languages)]))

    @property
    def it(self) -> Thing:
        """The one thing in focus."""
        return self.focus[0]

    def subject(self, thing: Thing) -> str:
        """the lamp <obj:3>"""
        return self.ask.say.definite(f"{self.ask.say.noun(thing.category)} {box(thing.id)}")

    def think(self, thing: Thing, value: str = "") -> str:
        """lamp <obj:3>: on"""
        say = self.ask.say
        text = f"{say.noun(thing.category)} {box(thing.id)}"
        return f"{text}{say.colon}{value}" if value else text

    def reply(
        self,
        kind: str,
        think: str,
        answer: str,
        key: Mapping[str, object],
        words: Mapping[str, str] | None = None,
        objects: tuple[int, ...] = (),
        *,
        is_label: bool = False,
    ) -> Sample:
        """A turn in a wording of the split."""
        category = self.it.category
        measure = self.ask.say.measure(category) if self.ask.family == "zh" else ""
        return self.ask.sample(
            *("dialogue", kind, FORMS[self.ask.family][kind]),
            {"cl": measure, **(words or {})},
            think,
            answer,
            [*self.objects, *objects],
            key,
            turns=tuple(self.turns),
            is_label=is_label,
        )
