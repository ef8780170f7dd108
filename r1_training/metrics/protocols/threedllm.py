"""3D-LLM tasks (dialogue, planning, description, EQA) as LL3DA scores them: text metrics, `plain`.

The numbers of 3D-R1's table 5 (dialogue, planning) are of this kind. EQA adds exact match after
cleaning, because its answers are single words.
"""

from __future__ import annotations

from collections.abc import Sequence

from r1_training.datasets.annotation_sample import Sample
from r1_training.metrics.measures.text_scores import Protocol, collapse_spaces, text_scores
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.scanqa import answer_match, percent, references_of


def threedllm_scores(
    samples: Sequence[Sample],
    predictions: Sequence[Prediction],
    *,
    protocol: Protocol = "plain",
    meteor: bool = True,
) -> dict[str, float]:
    """Scores in percent; `predictions[i]` answers `samples[i]`.

    LL3DA keys texts by scene and question, so of rows that repeat both only the last counts:
    both the references and the prediction of the last one. Errors as in `text_scores`.
    """
    references, candidates, matches = {}, {}, {}
    for sample, prediction in zip(samples, predictions, strict=True):
        key = f"{sample.scene_id}-{sample.details['prompt']}"
        references[key] = references_of(sample, prediction)
        candidates[key] = collapse_spaces(prediction.answer)
        matches[key] = answer_match(prediction, sample.answers)
    scores = text_scores(references, candidates, protocol=protocol, meteor=meteor)
    if any(sample.dataset != "3dllm_eqa" for sample in samples):
        return scores
    return {
        "EM": percent([em for em, _ in matches.values()]),
        "EM-R": percent([refined for _, refined in matches.values()]),
        **scores,
    }
