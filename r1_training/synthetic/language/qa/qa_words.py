"""What all questions with a short answer share."""

from __future__ import annotations

from r1_training.synthetic.language.context import Asking
from r1_training.synthetic.language.forms.qa_forms import ANSWERS, FORMS
from r1_training.synthetic.language.sample import Sample


def qa_sample(ask: Asking, kind: str, form: str, words, think, answer, objects, key) -> Sample:
    """A question with a wording of `FORMS`."""
    return ask.sample("qa", kind, FORMS[ask.family][form], words, think, answer, objects, key)


def tell(ask: Asking, key: str, **words: str) -> str:
    """An answer of `ANSWERS` with its slots filled."""
    return ANSWERS[ask.family][key].format_map(words)


def yes_or_no(ask: Asking, truth: bool) -> str:
    """yes, no: what stands before a sentence."""
    return ANSWERS[ask.family]["yes" if truth else "no"]


def measure(ask: Asking, category: str, index: int = 0) -> str:
    """The measure word, in Chinese."""
    return ask.say.measure(category, index) if ask.family == "zh" else ""


def within(ask: Asking, place: str) -> str:
    """A place inside of a sentence: behind in English, in front in Chinese."""
    return " " + place if ask.family == "en" and place else place
