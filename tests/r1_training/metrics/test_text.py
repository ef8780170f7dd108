"""Text metrics against the field's own scripts (recorded) and against slow definitions."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_training.datasets.annotation_sample import Sample
from r1_training.metrics.errors import GroundTruthError, JavaMissingError
from r1_training.metrics.measures import text_scores as text_module
from r1_training.metrics.measures.exact_match import clean_answer, cleaned_match
from r1_training.metrics.measures.text_scores import collapse_spaces, ptb_tokenize, text_scores
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.scanqa import qa_scores
from r1_training.metrics.protocols.sqa3d import sqa3d_scores
from r1_training.metrics.protocols.threedllm import threedllm_scores
from tests.r1_training.metrics import slow_text

needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="needs Java")
REFERENCE = json.loads((Path(__file__).parent / "reference" / "text.json").read_text())
ITEMS, EXPECTED = REFERENCE["items"], REFERENCE["expected"]
REFERENCES = {key: item["references"] for key, item in ITEMS.items()}
CANDIDATES = {key: item["candidate"] for key, item in ITEMS.items()}


def samples(**details):
    return [
        Sample("scanqa", "val", "scene0011_00", key, "qa", "?", tuple(texts), details=details)
        for key, texts in REFERENCES.items()
    ]


@needs_java
def test_plain_equals_ll3da():
    candidates = {key: collapse_spaces(text) for key, text in CANDIDATES.items()}
    scores = text_scores(REFERENCES, candidates, protocol="plain")
    for name, value in EXPECTED["ll3da"].items():
        assert scores[name] == pytest.approx(100 * value, abs=1e-6), name


@needs_java
def test_ptb_and_exact_match_equal_scanqa():
    keys = list(ITEMS)
    predictions = [
        Prediction(
            key,
            (
                CANDIDATES[key],
                REFERENCES[keys[(n + 1) % len(keys)]][0],
                REFERENCES[key][-1] if n % 3 == 0 else "nothing",
            ),
        )
        for n, key in enumerate(keys)
    ]
    scores = qa_scores(samples(), predictions)
    names = {
        **{f"Bleu_{n}": f"BLEU-{n}" for n in range(1, 5)},
        **{"METEOR": "METEOR", "ROUGE_L": "ROUGE-L", "CIDEr": "CIDEr"},
        **{"Top1 (EM)": "EM@1", "Top10 (EM)": "EM@10"},
    }
    for theirs, ours in names.items():
        assert scores[ours] == pytest.approx(EXPECTED["scanqa"][theirs], abs=1e-6), ours
    assert scores["EM-R"] == pytest.approx(EXPECTED["leo"]["em_refined"], abs=1e-6)


def test_cleaning_equals_leo():
    assert len(EXPECTED["leo"]["clean"]) > 300
    for text, cleaned in EXPECTED["leo"]["clean"]:
        assert clean_answer(text) == cleaned, text


def test_matching_equals_leo():
    for candidate, reference, expected in EXPECTED["leo"]["match"]:
        assert cleaned_match(candidate, [reference]) == tuple(map(bool, expected)), candidate
    for candidate, references, expected in EXPECTED["leo"]["order"]:
        assert cleaned_match(candidate, references) == tuple(map(bool, expected))


@pytest.mark.parametrize(
    ("candidate", "reference", "expected"),
    [
        ("紅色", "藍色", (False, False)),
        ("藍色", "藍色", (True, True)),
        ("藍色的椅子。", "藍色的椅子", (False, True)),
        ("3 張", "兩張", (False, False)),
        ("TV 在左邊", "TV 在右邊", (False, False)),
        ("tv在左邊", "TV 在左邊", (False, True)),
        ("красный", "синий", (False, False)),
        ("椅子", "left", (False, True)),  # as LEO: of an English reference's number nothing changes
        ("é", "left", (False, True)),
        ("a Café", "cafe", (False, True)),  # Latin letters: as LEO, "caf" is in "cafe"
        ("!!", "left", (False, True)),  # LEO's quirk: nothing is contained in everything
    ],
)
def test_letters_that_cleaning_does_not_know_count(candidate, reference, expected):
    assert cleaned_match(candidate, [reference]) == expected


def test_sqa3d_is_scored_by_type():
    kinds = ["what", "is", "what", "other"]
    answers = ["two chairs", "yes", "left", "left"]
    said = ["2 chairs", "no", "to the left", "left"]
    rows = [
        Sample(
            "sqa3d", "test", "s", str(n), "reasoning", "?", (answer,), details={"question_type": k}
        )
        for n, (answer, k) in enumerate(zip(answers, kinds, strict=True))
    ]
    predictions = [Prediction(str(n), (text,)) for n, text in enumerate(said)]
    scores = sqa3d_scores(rows, predictions, meteor=False)
    assert scores["overall"]["EM"] == 50 and scores["overall"]["EM-R"] == 75
    assert scores["what"] == {"EM": 50.0, "EM-R": 100.0, "questions": 2.0}
    assert scores["is"]["EM-R"] == 0 and scores["other"]["EM"] == 100
    assert "how" not in scores and "CIDEr" in scores["overall"]


@needs_java
def test_sqa3d_equals_leo_overall():
    predictions = [Prediction(key, (text,)) for key, text in CANDIDATES.items()]
    overall = sqa3d_scores(samples(question_type="what"), predictions)["overall"]
    assert overall["EM"] == pytest.approx(EXPECTED["leo"]["em"], abs=1e-6)
    for name, value in EXPECTED["leo"]["text"].items():
        assert overall[name] == pytest.approx(100 * value, abs=1e-6), name


@needs_java
def test_scanqa_under_its_protocol_equals_leo():
    """LEO cleans answers before all text metrics of ScanQA too, not before exact match alone."""
    predictions = [Prediction(key, (text,)) for key, text in CANDIDATES.items()]
    scores = qa_scores(samples(), predictions, protocol="leo")
    assert scores["EM"] == pytest.approx(EXPECTED["leo"]["em"], abs=1e-6)
    assert scores["EM-R"] == pytest.approx(EXPECTED["leo"]["em_refined"], abs=1e-6)
    for name, value in EXPECTED["leo"]["text"].items():
        assert scores[name] == pytest.approx(100 * value, abs=1e-6), name
    plain = qa_scores(samples(), predictions, protocol="plain")
    assert abs(plain["METEOR"] - scores["METEOR"]) > 0.1


def test_threedllm_counts_the_last_of_repeated_rows():
    rows = [
        Sample("3dllm_eqa", "val", "s", f"s-{n}", "qa", q, (a,), details={"prompt": q})
        for n, (q, a) in enumerate([("q", "two,"), ("q", "brown,"), ("r", "left,")])
    ]
    predictions = [Prediction("s-0", ("two",)), Prediction("s-1", ("brown",)), Prediction("s-2")]
    scores = threedllm_scores(rows, predictions, meteor=False)
    # "brown," is not "brown" after LEO's cleaning, which keeps commas: the refined match counts.
    # A missing prediction matches nothing, although an empty text is in every reference.
    assert scores["EM"] == 0 and scores["EM-R"] == 50
    predictions[2] = Prediction("s-2", ("",))
    assert threedllm_scores(rows, predictions, meteor=False)["EM-R"] == 100


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "é", "椅", "red"]), max_size=9).map(" ".join)
CORPUS = st.lists(
    st.tuples(st.lists(WORDS.filter(bool), min_size=1, max_size=3), WORDS), min_size=2, max_size=6
)


@settings(max_examples=40, deadline=None)
@given(CORPUS)
def test_scores_equal_their_definitions(corpus):
    references = {str(n): refs for n, (refs, _) in enumerate(corpus)}
    candidates = {str(n): text for n, (_, text) in enumerate(corpus)}
    scores = text_scores(references, candidates, protocol="plain", meteor=False)
    assert scores["ROUGE-L"] == pytest.approx(100 * slow_text.rouge_l(references, candidates))
    assert scores["CIDEr"] == pytest.approx(100 * slow_text.cider(references, candidates), abs=1e-6)
    for order in (1, 2, 3, 4):
        expected = 100 * slow_text.bleu(references, candidates, order)
        assert scores[f"BLEU-{order}"] == pytest.approx(expected, abs=1e-6)


@needs_java
def test_the_tokenizer_keeps_texts_and_lines_together():
    # Each of these characters ends a line in Java and would shift all later texts by one.
    texts = ["", "One\u2028two", "a\x85b\x0bc\x0cd", "", "Last, not least!", "x\r\ny", "  ", ""]
    expected = ["", "one two", "a b c d", "", "last not least", "x y", "", ""]
    assert ptb_tokenize(texts) == expected


@needs_java
def test_meteor_survives_its_own_separators():
    references = {"a": ["one ||| two\nthree"], "b": ["red\u2028chair"], "c": ["x"]}
    candidates = {"a": "one ||| two\nthree", "b": "", "c": "y ||| \n"}
    scores = text_scores(references, candidates, protocol="plain")
    assert 0 < scores["METEOR"] < 100


def test_without_java_it_says_so(monkeypatch):
    monkeypatch.setattr(text_module.shutil, "which", lambda _: None)
    for options in ({"protocol": "ptb", "meteor": False}, {"protocol": "plain"}):
        with pytest.raises(JavaMissingError, match="need Java.*apt install"):
            text_scores({"a": ["x"]}, {"a": "x"}, **options)
    assert text_scores({"a": ["x"]}, {"a": "x"}, protocol="plain", meteor=False)["BLEU-1"] > 99


def test_references_are_needed():
    with pytest.raises(GroundTruthError, match="1 samples have no reference: \\['a'\\]"):
        text_scores({"a": []}, {"a": "x"}, protocol="plain", meteor=False)
    with pytest.raises(GroundTruthError, match="all samples"):
        text_scores({}, {}, protocol="plain", meteor=False)
