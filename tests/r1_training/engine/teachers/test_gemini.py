"""The real client against a server that breaks: every fault becomes the right error, once."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from r1_training.engine.config import EngineConfig, ModelConfig, TeacherConfig
from r1_training.engine.errors import (
    BlockedError,
    EngineConfigError,
    FatalTeacherError,
    RefusedRequestError,
    RetryableTeacherError,
    TeacherError,
)
from r1_training.engine.teachers.gemini import GeminiTeacher
from r1_training.engine.teachers.prompts import reasoning_prompt
from r1_training.engine.teachers.teacher import Completion, Request, Usage
from tests.r1_training.engine.engine_fixtures import item
from tests.r1_training.engine.teachers.fake_gemini import FAULTS, FakeGemini, Reply

KEY = "test-key"


def ask(
    server: FakeGemini | str,
    monkeypatch: pytest.MonkeyPatch,
    question: str = "Where is the chair?",
    **teacher: object,
) -> Completion:
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    url = server if isinstance(server, str) else server.url
    settings = TeacherConfig(endpoint=url, timeout_seconds=0.5)
    config = EngineConfig(teacher=replace(settings, **teacher))
    it = item(question=question)
    prompt = reasoning_prompt(it, "A room with a chair.", config.filters)
    return GeminiTeacher(config).complete(Request("id-1", it, "reasoning", prompt))


@pytest.mark.parametrize("question", ["Where is the chair?", "椅子在哪裡？ 📚 \x00 \ud800 <b>&"])
def test_answer_and_what_it_cost(monkeypatch: pytest.MonkeyPatch, question: str) -> None:
    with FakeGemini() as server:
        completion = ask(server, monkeypatch, question)
        received = server.received[0]
    assert completion.text.startswith("<think>")
    # Hidden reasoning is billed as output; the client library has no field for it.
    assert completion.usage == Usage(received.input_tokens, received.output_tokens)
    assert received.id == "id-1"
    assert question.encode("utf-8", "replace").decode() in received.prompt


EXPECTED = {
    "stall": (RetryableTeacherError, "unsure", "ReadTimeout"),
    "status_429": (RetryableTeacherError, "failed", "429"),
    "status_500": (RetryableTeacherError, "failed", "500"),
    "status_503": (RetryableTeacherError, "failed", "503"),
    "truncated_json": (RetryableTeacherError, "unsure", "unreadable"),
    "cut_connection": (RetryableTeacherError, "unsure", "broken"),
    "blocked_prompt": (BlockedError, "blocked", "SAFETY"),
    "blocked_answer": (BlockedError, "blocked", "SAFETY"),
    "no_candidates": (RetryableTeacherError, "empty", "no candidates"),
    "empty_text": (RetryableTeacherError, "empty", "STOP"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    kind, outcome, words = EXPECTED[fault]
    with FakeGemini(fault_rate=1, faults=(fault,), stall_seconds=4) as server:
        with pytest.raises(kind, match=words) as caught:
            ask(server, monkeypatch)
        received = server.received[0]
        assert len(server.received) == 1, "one call is one request"
    assert caught.value.outcome == outcome
    if outcome in ("blocked", "empty"):
        assert caught.value.usage == Usage(received.input_tokens, received.output_tokens)
    else:
        assert caught.value.usage is None
    if fault == "status_429":
        assert caught.value.retry_after == pytest.approx(0.2)
    assert KEY not in str(caught.value)


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RetryableTeacherError) as caught:
        ask("http://127.0.0.1:9", monkeypatch)
    assert caught.value.outcome == "unsent"


@pytest.mark.parametrize(
    "status, body, kind, outcome",
    [
        (401, b"{}", FatalTeacherError, "failed"),
        (403, b'{"error": {"message": "no"}}', FatalTeacherError, "failed"),
        (404, b'{"error": {"message": "no such model"}}', FatalTeacherError, "failed"),
        (400, b'{"error": {"message": "too long"}}', RefusedRequestError, "failed"),
        (413, b"<html>", RefusedRequestError, "failed"),
        (408, b"", RetryableTeacherError, "failed"),
        (429, b'{"error": {"details": [{"retryDelay": "soon"}]}}', RetryableTeacherError, "failed"),
        (429, b'{"error": {"details": [3]}}', RetryableTeacherError, "unsure"),
        (500, b'[{"error": {}}]', RetryableTeacherError, "unsure"),
        (200, b"", RetryableTeacherError, "unsure"),
        (200, b"null", RetryableTeacherError, "unsure"),
        (200, b"[1, 2]", RetryableTeacherError, "unsure"),
        (200, b'{"candidates": 3}', RetryableTeacherError, "unsure"),
        (200, b"\xff\xfe", RetryableTeacherError, "unsure"),
        (200, b'{"candidates": [{"finishReason": "BRAND_NEW"}]}', RetryableTeacherError, "empty"),
        (200, b"{}", RetryableTeacherError, "empty"),
    ],
)
def test_odd_answers(
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    kind: type[TeacherError],
    outcome: str,
) -> None:
    with FakeGemini(reply_with=lambda prompt: Reply(status, body)) as server:
        with pytest.raises(TeacherError) as caught:
            ask(server, monkeypatch)
        assert len(server.received) == 1
    assert type(caught.value) is kind
    assert caught.value.outcome == outcome


def test_wrong_key_is_fatal_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeGemini(api_key="another") as server:
        with pytest.raises(FatalTeacherError, match="API key not valid") as caught:
            ask(server, monkeypatch)
        assert server.received == []
    assert KEY not in str(caught.value)
    echo = json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()
    with (
        FakeGemini(reply_with=lambda prompt: Reply(403, echo)) as server,
        pytest.raises(FatalTeacherError, match="bad key <key>") as caught,
    ):
        ask(server, monkeypatch)
    assert KEY not in str(caught.value)


def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", " ")
    with pytest.raises(EngineConfigError, match="GOOGLE_API_KEY"):
        GeminiTeacher(EngineConfig())


def test_settings_reach_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = []
    with FakeGemini() as server:
        handle = server.handle
        server.handle = lambda handler, path, body: (  # type: ignore[method-assign]
            bodies.append((path, json.loads(body))),
            handle(handler, path, body),
        )
        model = ModelConfig(name="gemini-x", temperature=0.3)
        ask(
            server,
            monkeypatch,
            reasoning=model,
            max_output_tokens=77,
            safety={"hate": "block_none"},
        )
    path, body = bodies[0]
    assert path == "/v1beta/models/gemini-x:generateContent"
    assert body["generationConfig"]["temperature"] == pytest.approx(0.3)
    assert body["generationConfig"]["maxOutputTokens"] == 77
    assert len(body["safetySettings"]) == 1
