"""A dialogue hears what became of the plan that came out of it."""

from __future__ import annotations

from std_msgs.msg import Header

from r1_ros.messages.answers import steps_from_messages
from r1_ros.messages.plan_text import outcome_text
from r1_ros.msg import ErrorCode, SceneAnswer
from r1_ros.reasoning.answering import Answering
from r1_ros.runtime.errors import BadMessageError
from r1_ros.runtime.request_errors import RequestError, code_name
from r1_ros.srv import ReportPlan


def report_plan(request: ReportPlan.Request, answering: Answering, header: Header) -> SceneAnswer:
    """Remember the outcome in the dialogue; what the dialogue says about it.

    Args:
        request: from plan_executor.
        answering: with the dialogues.
        header: of the newest answer: stamp and frame of the scene.

    Raises:
        RequestError: a step is malformed, or the session has planned nothing.
    """
    try:
        steps = steps_from_messages(request.steps)
    except BadMessageError as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, str(error)) from None
    session_id = request.session_id
    language = answering.sessions.language(session_id)
    reason = request.error_msg
    if not reason and request.error_code != ErrorCode.NONE:
        reason = code_name(request.error_code)
    if not (steps or reason):
        raise RequestError(ErrorCode.EMPTY_PLAN, "there is no step to report on")
    failed = request.failed_step if request.failed_step <= len(steps) else 0
    text = outcome_text(steps, failed, request.steps_done, reason, language)
    if not answering.sessions.report(session_id, text):
        raise RequestError(ErrorCode.INVALID_REQUEST, f"session {session_id!r} has planned nothing")
    boxes = [box for step in steps for box in step.boxes]
    objects = {item.id: item for item in answering.object_messages(session_id, boxes)}
    model = answering.worker.model
    return SceneAnswer(
        header=header,
        session_id=session_id,
        task="dialogue",
        language=language,
        answer=text,
        raw=text,
        objects=list(objects.values()),
        model=model.name,
        trained=model.trained,
    )
