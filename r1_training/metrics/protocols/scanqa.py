"""Question answering (ScanQA and alike): EM@1, EM@10, refined EM, text metrics."""

from __future__ import annotations

from collections.abc import Sequence

from r1_training.datasets.annotation_sample import Sample
from r1_training.metrics.measures.exact_match import cleaned_match, exact_match
from r1_training.metrics.measures.text_scores import Protocol, collapse_spaces, text_scores
from r1_training.metrics.prediction_entries import Prediction

# Stands for the references of a prediction without answers where none holds a word.
NOTHING_SAID = "nothing"


def qa_scores(
    samples: Sequence[Sample],
    predictions: Sequence[Prediction],
    *,
    protocol: Protocol = "ptb",
    meteor: bool = True,
) -> dict[str, float]:
    """Scores in percent; `predictions[i]` answers `samples[i]`.

    `EM@1` and `EM@10` compare letter by letter, as the official ScanQA script does; `EM@10` is
    there where predictions list more than one answer. `EM-R` is LEO's refined EM; under the
    protocol `leo`, `EM` is LEO's too and the official ones are left out. Errors as in
    `text_scores`.
    """
    pairs = list(zip(samples, predictions, strict=True))
    references = {str(n): references_of(*pair) for n, pair in enumerate(pairs)}
    candidates = {
        str(n): collapse_spaces(prediction.answer) for n, (_, prediction) in enumerate(pairs)
    }
    scores = text_scores(references, candidates, protocol=protocol, meteor=meteor)
    cleaned = [answer_match(p, s.answers) for s, p in pairs]
    refined = {"EM-R": percent([match for _, match in cleaned])}
    if protocol == "leo":
        return {"EM": percent([match for match, _ in cleaned])} | refined | scores
    # An answer that is not there is no empty text, which may be a reference (OpenEQA has one).
    first = [any(exact_match(a, s.answers) for a in p.answers[:1]) for s, p in pairs]
    matches = {"EM@1": percent(first)} | refined
    if any(len(p.answers) > 1 for _, p in pairs):
        any_of_ten = [any(exact_match(a, s.answers) for a in p.answers[:10]) for s, p in pairs]
        matches["EM@10"] = percent(any_of_ten)
    return matches | scores


def references_of(sample: Sample, prediction: Prediction) -> tuple[str, ...]:
    """The reference answers; where nothing is predicted, those that hold a letter or a digit.

    ROUGE-L takes an empty text for right where a reference is empty, or is after its punctuation
    went. Nothing was said here, which is not the same.
    """
    if prediction.answers or not sample.answers:
        return sample.answers
    kept = tuple(text for text in sample.answers if any(map(str.isalnum, text)))
    return kept or (NOTHING_SAID,)


def answer_match(prediction: Prediction, references: Sequence[str]) -> tuple[bool, bool]:
    """EM and refined EM of the best answer; a missing prediction matches nothing.

    An empty text does match in the refined way, because every reference contains it: this is so
    in the field's code.
    """
    return cleaned_match(prediction.answer, references) if prediction.answers else (False, False)


def percent(hits: Sequence[bool]) -> float:
    """The share of hits in percent; NaN where there is nothing."""
    return 100 * sum(hits) / len(hits) if len(hits) else float("nan")
