"""Named errors of evaluation."""

from __future__ import annotations


class EvaluationError(Exception):
    """Base of all errors that evaluation raises on purpose."""


class JavaMissingError(EvaluationError):
    """METEOR and the PTB tokenizer are Java programs, and there is no Java."""


class TextProgramError(EvaluationError, RuntimeError):
    """METEOR's or the tokenizer's Java program failed; the message shows the longest text."""


class PredictionError(EvaluationError, ValueError):
    """A prediction file is broken; the message names file and entry."""


class MissingPredictionsError(EvaluationError):
    """Samples without a prediction; the message counts them and names the first ones."""


class GroundTruthError(EvaluationError, ValueError):
    """What is needed to score is not in the annotation; the message says what."""


class EvaluationInputError(EvaluationError, ValueError):
    """An evaluation was asked for with missing or unknown inputs."""
