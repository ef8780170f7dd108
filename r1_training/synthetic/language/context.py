"""What every task needs to make a sample: the facts, a random source, a language, a split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from r1_training.synthetic.language.facts import Facts, Thing
from r1_training.synthetic.language.forms.patterns import Forms
from r1_training.synthetic.language.sample import Sample, placeholders
from r1_training.synthetic.language.words.referring import Ref, needed
from r1_training.synthetic.language.words.speaker_en import English
from r1_training.synthetic.language.words.speaker_zh import Chinese

Speaker = English | Chinese
SPEAKERS: dict[str, Speaker] = {
    "en": English(),
    "zh-Hant": Chinese("zh-Hant"),
    "zh-Hans": Chinese("zh-Hans"),
}


@dataclass(frozen=True)
class Asking:
    """Everything that a question is made from.

    Attributes:
        facts: what can be seen.
        rng: of this call.
        say: words of the language.
        split: train, val or test; decides which wordings are used.
        mixed: may a dialogue change its language?
    """

    facts: Facts
    rng: Random
    say: Speaker
    split: str
    mixed: bool = False

    @property
    def family(self) -> str:
        """Key of tables of wordings: en or zh."""
        return "en" if self.say.language == "en" else "zh"

    def things(self) -> list[Thing]:
        """All visible objects."""
        return list(self.facts.things.values())

    def needed(self, *refs: Ref) -> list[int]:
        """Ids of all that must be seen to understand references."""
        return [id for ref in refs for id in needed(self.facts, ref)]

    def sample(
        self,
        task: str,
        kind: str,
        forms: Forms,
        words: Mapping[str, str],
        think: str,
        answer: str,
        objects: Iterable[int],
        key: Mapping[str, object],
        *,
        turns: tuple[tuple[str, str], ...] = (),
        extra_boxes: Mapping[int, tuple] | None = None,
        is_label: bool = False,
        reads: tuple[int, ...] = (),
        unread: tuple[int, ...] = (),
        tops: tuple[int, ...] = (),
        no_tops: tuple[int, ...] = (),
    ) -> Sample:
        """Put the parts together in a wording of the split; a label is no sentence."""
        form = forms.pick(self.rng, self.split)
        said = "".join(raw for _, raw in turns) + think + answer
        shown = [id for id in placeholders(said) if id not in (extra_boxes or {})]
        return Sample(
            task=task,
            language=self.say.language,
            kind=kind,
            turns=turns,
            question=self.say.question(form.format_map(words)),
            think=self.say.script(think),
            answer=self.say.script(answer) if is_label else self.say.finish(answer),
            objects=tuple(dict.fromkeys([*objects, *shown])),
            answer_key=key,
            extra_boxes=extra_boxes or {},
            form=form,
            reads=reads,
            unread=unread,
            tops=tops,
            no_tops=no_tops,
        )


def box(id: int) -> str:
    """The placeholder of an object's box."""
    return f"<obj:{id}>"


def named(say: Speaker, ref: Ref) -> str:
    """chair <obj:3>"""
    return f"{say.label(ref)} {box(ref.id)}"


def row(say: Speaker, things: Iterable[Thing]) -> str:
    """<obj:1>, <obj:2>"""
    return say.comma.join(box(thing.id) for thing in things)
