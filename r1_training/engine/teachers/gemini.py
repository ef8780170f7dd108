"""Gemini as a teacher, through `google-generativeai` over REST.

One call is one HTTP request: the client's own retries are off, because every attempt is journaled
and counted by the engine. The API key comes from the environment variable GOOGLE_API_KEY and goes
nowhere but into the request's header.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from r1_training.engine.config import EngineConfig
from r1_training.engine.errors import (
    BlockedError,
    EngineConfigError,
    FatalTeacherError,
    RefusedRequestError,
    RetryableTeacherError,
    TeacherError,
)
from r1_training.engine.teachers.budget import estimate_tokens
from r1_training.engine.teachers.teacher import STAGES, Completion, Request, Usage

with warnings.catch_warnings():
    # These announce their end on import. The client's successor speaks the same REST protocol; the
    # version is pinned, and the warning would be the first thing that a user reads.
    warnings.simplefilter("ignore", FutureWarning)
    import google.generativeai as genai
    from google.api_core import exceptions as google_errors
    from google.generativeai.client import get_default_generative_client
    from google.protobuf.json_format import ParseError

REQUEST_ID_HEADER = "x-r1-request-id"
_CATEGORIES = {
    "harassment": "HARM_CATEGORY_HARASSMENT",
    "hate": "HARM_CATEGORY_HATE_SPEECH",
    "sexual": "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "dangerous": "HARM_CATEGORY_DANGEROUS_CONTENT",
}
_BLOCKING_REASONS = {
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
}
_FATAL_STATUS = {401, 403, 404}
_REFUSED_STATUS = {400, 413, 422}
_MESSAGE_LIMIT = 500


class GeminiTeacher:
    """See `Teacher`. The client library's configuration is global: one endpoint per process.

    Raises:
        EngineConfigError: GOOGLE_API_KEY is not set.
    """

    billed = True

    def __init__(self, config: EngineConfig) -> None:
        self._key = os.environ.get("GOOGLE_API_KEY", "").strip()
        if not self._key:
            raise EngineConfigError("the environment variable GOOGLE_API_KEY is not set")
        teacher = config.teacher
        self._timeout = teacher.timeout_seconds
        genai.configure(
            api_key=self._key,
            transport="rest",
            client_options={"api_endpoint": teacher.endpoint.rstrip("/")},
        )
        _send_each_request_once(config.limits.concurrency)
        # names of both enumerations, which the library's own types do not list as allowed
        safety: Any = {_CATEGORIES[name]: threshold for name, threshold in teacher.safety.items()}
        self._models = {
            stage: genai.GenerativeModel(
                teacher.model(stage).name,
                safety_settings=safety,
                generation_config=genai.GenerationConfig(
                    temperature=teacher.model(stage).temperature,
                    max_output_tokens=teacher.max_output_tokens,
                ),
            )
            for stage in STAGES
        }

    def complete(self, request: Request) -> Completion:
        """See `Teacher.complete`."""
        options: Any = {
            "timeout": self._timeout,
            "retry": None,
            "metadata": [(REQUEST_ID_HEADER, request.id)],
        }
        # Lone surrogates, which JSON files can bring, cannot be sent.
        prompt = request.prompt.encode("utf-8", "replace").decode()
        try:
            response = self._models[request.stage].generate_content(prompt, request_options=options)
        except google_errors.GoogleAPICallError as error:
            raise self._from_status(error) from error
        except requests.exceptions.RequestException as error:
            outcome = "unsent" if _never_connected(error) else "unsure"
            raise RetryableTeacherError(self._describe(error), outcome) from error
        except (ParseError, UnicodeDecodeError, AttributeError, TypeError) as error:
            # The last two come from the library's own reading of odd error bodies.
            message = f"unreadable answer: {self._describe(error)}"
            raise RetryableTeacherError(message, "unsure") from error
        return self._read(request, response)

    def _read(self, request: Request, response: genai.types.GenerateContentResponse) -> Completion:
        usage = _usage(response)
        if reason := response.prompt_feedback.block_reason:
            raise BlockedError(f"prompt blocked: {_name(reason)}", "blocked", usage)
        if not response.candidates:
            raise RetryableTeacherError("no candidates", "empty", usage)
        candidate = response.candidates[0]
        text = "".join(part.text for part in candidate.content.parts)
        reason = _name(candidate.finish_reason)
        if reason in _BLOCKING_REASONS:
            raise BlockedError(f"answer blocked: {reason}", "blocked", usage)
        if not text.strip():
            raise RetryableTeacherError(f"empty answer, finish reason {reason}", "empty", usage)
        if usage == Usage():  # a proxy without accounting: better too much than nothing
            usage = Usage(estimate_tokens(request.prompt), estimate_tokens(text))
        return Completion(text, usage)

    def _from_status(self, error: google_errors.GoogleAPICallError) -> TeacherError:
        message = self._describe(error)
        details = [detail for detail in error.details or () if isinstance(detail, dict)]
        bad_key = any(detail.get("reason") == "API_KEY_INVALID" for detail in details)
        if bad_key or error.code in _FATAL_STATUS or "FAILED_PRECONDITION" in message:
            return FatalTeacherError(message, "failed")
        if error.code in _REFUSED_STATUS:
            return RefusedRequestError(message, "failed")
        retry_after = max((_seconds(detail.get("retryDelay")) for detail in details), default=0.0)
        return RetryableTeacherError(message, "failed", retry_after=retry_after)

    def _describe(self, error: Exception) -> str:
        text = f"{type(error).__name__}: {error}".replace(self._key, "<key>")
        return text if len(text) <= _MESSAGE_LIMIT else text[:_MESSAGE_LIMIT] + "..."


def _send_each_request_once(concurrency: int) -> None:
    """Make the client's session never resend, with a connection for every thread.

    The library makes its session itself and offers no setting for it: it would send a request up
    to three times on status 401, behind the engine's count, and keeps ten connections.
    """
    transport: Any = get_default_generative_client().transport  # the one for REST
    session = transport._session
    session._refresh_status_codes = ()
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=concurrency, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)


def _never_connected(error: requests.exceptions.RequestException) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)  # urllib3's MaxRetryError wraps what happened
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError")


def _usage(response: genai.types.GenerateContentResponse) -> Usage:
    counts = response.usage_metadata
    # The total includes hidden reasoning, which is billed as output and has no field here.
    beyond_prompt = counts.total_token_count - counts.prompt_token_count
    return Usage(counts.prompt_token_count, max(beyond_prompt, counts.candidates_token_count))


def _name(value: object) -> str:
    return getattr(value, "name", str(value))


def _seconds(duration: object) -> float:
    """Seconds of a protobuf JSON duration such as "3.5s"; 0 for anything else."""
    try:
        return max(0.0, float(str(duration).removesuffix("s")))
    except ValueError:
        return 0.0
