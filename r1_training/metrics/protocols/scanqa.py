"""Question answering (ScanQA and alike): EM@1, EM@10, refined EM, text metrics."""

from __future__ import annotations

from collections.abc import Sequence

from r1_training.datasets.annotation_sample import Sample
from r1_training.metrics.measures.exact_match import cleaned_match, exact_match
from r1_training.metrics.measures.text_scores import Protocol, collapse_spaces, text_scores
from r1_training.metrics.predictions import Prediction


def qa_scores(
    samples: Sequence[Sample],
    predictions: Sequence[Prediction],
    *,
    protocol: Protocol = "ptb",
    meteor: bool = True,
) -> dict[str, float]:
    """Scores in percent; `predictions[i]` answers `samples[i]`.

    `EM@1` and `EM@10` compare letter by letter, as the official ScanQA script does; `EM@10` is
    there where predictions list more than one answer. `EM-R` is LEO's refined EM. Errors as in
    `text_scores`.
    """
    pairs = list(zip(samples, predictions, strict=True))
    references = {str(n): sample.answers for n, (sample, _) in enumerate(pairs)}
    candidates = {
        str(n): collapse_spaces(prediction.answer) for n, (_, prediction) in enumerate(pairs)
    }
    scores = text_scores(references, candidates, protocol=protocol, meteor=meteor)
    first = [exact_match(p.answer, s.answers) for s, p in pairs]
    refined = [answer_match(p, s.answers)[1] for s, p in pairs]
    matches = {"EM@1": percent(first), "EM-R": percent(refined)}
    if any(len(p.answers) > 1 for _, p in pairs):
        any_of_ten = [any(exact_match(a, s.answers) for a in p.answers[:10]) for s, p in pairs]
        matches["EM@10"] = percent(any_of_ten)
    return matches | scores


def answer_match(prediction: Prediction, references: Sequence[str]) -> tuple[bool, bool]:
    """EM and refined EM of the best answer; a missing prediction matches nothing.

    An empty text does match in the refined way, because every reference contains it: this is so
    in the field's code.
    """
    return cleaned_match(prediction.answer, references) if prediction.answers else (False, False)


def percent(hits: Sequence[bool]) -> float:
    """The share of hits in percent; NaN where there is nothing."""
    return 100 * sum(hits) / len(hits) if len(hits) else float("nan")
