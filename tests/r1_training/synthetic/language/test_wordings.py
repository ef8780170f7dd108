"""Wordings: enough of them, some kept back, no slot left, no word of another language."""

from __future__ import annotations

import re
from collections import defaultdict
from random import Random

import pytest

from r1_model.plans.skills import SKILLS
from r1_model.text.tasks import classify_task, detect_language, stands_alone
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.household.colors import COLOURFUL
from r1_training.synthetic.language.context import SPEAKERS
from r1_training.synthetic.language.forms import (
    caption_forms,
    dialogue_forms,
    grounding_forms,
    planning_forms,
    qa_forms,
    reasoning_forms,
    uses_forms,
)
from r1_training.synthetic.language.forms.patterns import Forms, expand, held_out
from r1_training.synthetic.language.words import words_en, words_zh
from r1_training.synthetic.rooms.catalog import STATES
from r1_training.synthetic.rooms.palette import COLORS
from tests.r1_training.synthetic.language.rooms import samples_of

FORMS = {
    "qa": {key: qa_forms.FORMS[key] | uses_forms.FORMS[key] for key in ("en", "zh")},
    "grounding": {
        key: grounding_forms.FORMS[key] | {"use": uses_forms.FIND[key]} for key in ("en", "zh")
    },
    "object_caption": caption_forms.OBJECT,
    "dense_caption": {key: {"all": forms} for key, forms in caption_forms.DENSE.items()},
    "dialogue": dialogue_forms.FORMS,
    "reasoning": reasoning_forms.FORMS,
    "planning": planning_forms.FORMS,
}


@pytest.fixture(scope="module")
def samples():
    return [sample for _, sample in samples_of(range(300, 480), count=14)]


@pytest.mark.parametrize("task", FORMS)
@pytest.mark.parametrize("family", ["en", "zh"])
def test_at_least_200_wordings_a_task(task, family):
    wordings = {form for forms in FORMS[task][family].values() for form in forms.all}
    assert len(wordings) >= 200
    kept = {form for forms in FORMS[task][family].values() for form in forms.kept}
    assert 0.05 < len(kept) / len(wordings) < 0.18


@pytest.mark.parametrize("task", FORMS)
@pytest.mark.parametrize("family", ["en", "zh"])
def test_both_languages_ask_the_same_kinds(task, family):
    assert FORMS[task][family].keys() == FORMS[task]["en"].keys()


def test_held_out_wordings_are_never_trained(samples):
    seen = defaultdict(set)
    for seed_split in ("train", "test"):
        for _, sample in samples_of(range(480, 560), count=12, split=seed_split):
            seen[seed_split].add(sample.form)
    kept = {
        form
        for task in FORMS.values()
        for family in task.values()
        for forms in family.values()
        for form in forms.kept
    }
    assert not seen["train"] & kept
    from_both = seen["test"] - kept
    # a kind of which no wording happens to be held out uses its others
    assert len(from_both) < 0.1 * len(seen["test"])


def test_what_most_people_would_say_is_trained():
    plain = "what colour is {x}?"  # one of those that chance would keep for the test split
    assert held_out(plain)
    forms = Forms("[what colour|which colour|what hue] is {x}[?| now?| please?]")
    assert plain in forms.all and plain not in forms.kept
    assert {forms.pick(Random(seed), "train") for seed in range(99)} == set(forms.all) - forms.kept
    assert "prepare {y} for coffee." not in FORMS["planning"]["en"]["coffee"].kept


def test_expand():
    assert expand("[a|b] {x}[.|]") == ["a {x}.", "a {x}", "b {x}.", "b {x}"]
    assert len(Forms("[a|b][c|d]", "[a|b][c|d]").all) == 4


def test_patterns_with_few_wordings_are_kept_whole():
    large = Forms("[a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|w|x|y|z]{x}[.|!]")
    assert large.kept
    assert not Forms("[a|b]{x}").kept
    both = Forms("[a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|w|x|y|z]{x}[.|!]", *large.kept)
    assert not both.kept  # what one pattern trains is not unseen in another


def test_nothing_is_left_of_the_patterns(samples):
    for sample in samples:
        text = sample.question + sample.raw + "".join(a + b for a, b in sample.turns)
        assert not re.search(r"[{}\[\]|]", text), sample
        assert "  " not in text and " ." not in text, sample
        assert not re.search(r"\bNone\b(?! of)", text), sample


def test_chinese_is_all_chinese_and_of_its_script(samples):
    skills = "|".join(SKILLS)
    for sample in samples:
        english = sample.language == "en"  # a dialogue may have begun in the other language
        turns = (a + b for a, b in sample.turns if (detect_language(a) == "en") == english)
        text = sample.question + sample.raw + "".join(turns)
        if english:
            assert not re.search("[\u3400-\u9fff]", text), sample
            continue
        said = sample.question + sample.raw
        said.encode("big5" if sample.language == "zh-Hant" else "gb2312")
        words = re.sub(rf"</?(?:think|answer)>|<obj:\d+>|\b(?:{skills})\(|L型", "", text)
        assert not re.search("[A-Za-z]", words), sample


def test_english_articles_and_numbers(samples):
    for sample in samples:
        if sample.language == "en":
            text = re.sub(r"<obj:\d+>", "", sample.question + " " + sample.answer)
            article = r"\ba (?:[aeio]|un|um)\w+|\ban [bcdfghjkmnpqrstvwxyz]\w"
            assert not re.search(article, text), sample
            assert not re.search(r"\b(?:two|three|four|five) \w+ ?(?:is|chair)\b", text), sample
            assert sample.answer[0].isupper() or "<obj:" in sample.answer, sample


def test_chinese_counts_with_measure_words():
    hant, hans = SPEAKERS["zh-Hant"], SPEAKERS["zh-Hans"]
    assert hant.counted(4, "chair") == "四把椅子"
    assert hant.counted(2, "book") == "兩本書"
    assert hans.script(hans.counted(2, "book")) == "两本书"
    assert hant.indefinite("黑色的檯燈", "lamp") == "一盞黑色的檯燈"
    assert hant.counted(1, "coffee machine") == "一台咖啡機"


def test_the_task_is_recognised_from_the_question(samples):
    right = defaultdict(list)
    for sample in samples:
        question = re.sub(r"<obj:\d+>", "<obj>1, 2, 3, 4, 5, 6</obj>", sample.question)
        said = classify_task(question, has_history=bool(sample.turns))
        right[sample.task].append(said == sample.task)
        if not sample.turns:
            assert detect_language(question) == sample.language, sample
    for task, verdicts in right.items():
        assert sum(verdicts) / len(verdicts) >= 0.99, task


def test_later_turns_never_stand_alone(samples):
    """They would be asked without the turns that they refer to."""
    later = [sample for sample in samples if sample.task == "dialogue"]
    first = [sample for sample in samples if sample.task in ("qa", "grounding")]
    assert len(later) > 50 and not [s.question for s in later if stands_alone(s.question)]
    assert sum(stands_alone(sample.question) for sample in first) > 0.8 * len(first)


@pytest.mark.parametrize("category", VOCABULARY)
def test_every_category_has_names(category):
    assert words_en.NOUNS[category] and all(map(str.strip, words_en.NOUNS[category]))
    hant, measure, hans, simplified_measure = words_zh.NOUNS[category]
    assert hant and hans and len(measure) == len(simplified_measure) == 1
    "".join(hant).encode("big5")
    "".join(hans).encode("gb2312")


def test_names_are_never_shared():
    for language in ("en", "zh-Hant", "zh-Hans"):
        names = defaultdict(set)
        for category in VOCABULARY:
            for index in (0, 1):
                names[SPEAKERS[language].noun(category, index)].add(category)
        assert not [name for name, categories in names.items() if len(categories) > 1]


def test_every_colour_and_state_has_words():
    assert words_en.COLORS.keys() == words_zh.COLORS.keys() == {*COLORS, COLOURFUL}
    assert words_en.MATERIALS.keys() == words_zh.MATERIALS.keys()
    assert words_en.ROOMS.keys() == words_zh.ROOMS.keys()
    pairs = {(state, value) for state, values in STATES.items() for value in values}
    assert pairs == words_en.STATES.keys() == words_zh.STATES.keys()
