"""SQA3D: exact match and refined exact match, overall and by question type; text metrics."""

from __future__ import annotations

from collections.abc import Sequence

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.sqa3d import QUESTION_TYPES
from r1_training.metrics.measures.exact_match import clean_answer
from r1_training.metrics.measures.text_scores import Protocol, text_scores
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.scanqa import answer_match, percent, references_of


def sqa3d_scores(
    samples: Sequence[Sample],
    predictions: Sequence[Prediction],
    *,
    protocol: Protocol = "plain",
    meteor: bool = True,
) -> dict[str, dict[str, float]]:
    """Scores in percent by group: `overall` and the question types that occur.

    All compare answers cleaned as LEO does it (`exact_match.clean_answer`), whose SQA3D numbers
    are those that papers compare with. `predictions[i]` answers `samples[i]`. Errors as in
    `text_scores`.
    """
    pairs = list(zip(samples, predictions, strict=True))
    matches = [answer_match(p, s.answers) for s, p in pairs]
    kinds = [sample.details["question_type"] for sample, _ in pairs]
    references = {
        str(n): [clean_answer(text) for text in references_of(*pair)]
        for n, pair in enumerate(pairs)
    }
    candidates = {str(n): clean_answer(p.answer) for n, (_, p) in enumerate(pairs)}
    text = text_scores(references, candidates, protocol=protocol, meteor=meteor)
    groups = {"overall": _match_scores(matches) | text}
    for kind in (*QUESTION_TYPES, "other"):
        chosen = [match for match, of in zip(matches, kinds, strict=True) if of == kind]
        if chosen:
            groups[kind] = _match_scores(chosen) | {"questions": float(len(chosen))}
    return groups


def _match_scores(matches: Sequence[tuple[bool, bool]]) -> dict[str, float]:
    return {"EM": percent([em for em, _ in matches]), "EM-R": percent([r for _, r in matches])}
