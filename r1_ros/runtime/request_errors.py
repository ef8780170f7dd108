"""Why a request was not served: an error code of ErrorCode.msg and a sentence."""

from __future__ import annotations

from r1_model.errors import EmptySceneError, InvalidQuestionError, QuestionTooLongError
from r1_ros.msg import ErrorCode

_CODES = {
    EmptySceneError: ErrorCode.EMPTY_SCENE,
    QuestionTooLongError: ErrorCode.QUESTION_TOO_LONG,
    InvalidQuestionError: ErrorCode.INVALID_REQUEST,
    MemoryError: ErrorCode.OUT_OF_MEMORY,
}
_NAMES = {
    value: name
    for name in dir(ErrorCode)
    if name.isupper() and isinstance(value := getattr(ErrorCode, name), int)
}


class RequestError(Exception):
    """A request that cannot be served.

    Attributes:
        code: one of the constants of ErrorCode.msg.
    """

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def code_name(code: int) -> str:
    """`BUSY` for 101; the number as text for a code that ErrorCode.msg does not know."""
    return _NAMES.get(code, str(code))


def error_code_of(error: BaseException) -> int:
    """The code that a caller gets for an error; INTERNAL for a defect."""
    if isinstance(error, RequestError):
        return error.code
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return code
    # torch's own error; this module must not import torch
    if type(error).__name__ == "OutOfMemoryError":
        return ErrorCode.OUT_OF_MEMORY
    return ErrorCode.INTERNAL
