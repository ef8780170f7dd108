"""Named errors of the model side. Each message is one sentence that a caller may show to people."""


class R1Error(Exception):
    """Base of all errors that r1_model raises on purpose."""


class ModelLoadError(R1Error):
    """A model folder cannot be loaded; the message names the folder and what is wrong with it."""


class EmptySceneError(R1Error, ValueError):
    """A question was asked about a scene without points."""


class InvalidQuestionError(R1Error, ValueError):
    """The question holds no text or names an unknown task."""


class QuestionTooLongError(InvalidQuestionError):
    """The question exceeds the limit; the message says both lengths."""


class ModelOutputError(R1Error):
    """The model computed something that is no number: damaged weights or a defect."""


class InvalidConfigError(R1Error, ValueError):
    """A value of a model's configuration is out of range; the message names both."""
