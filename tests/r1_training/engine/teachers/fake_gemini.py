"""A local server that speaks Gemini's REST protocol, breaks on purpose, and counts for itself.

It runs in threads of the test, or alone: `python fake_gemini.py` prints its address.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FAULTS = (
    "stall",
    "status_429",
    "status_500",
    "status_503",
    "truncated_json",
    "cut_connection",
    "blocked_prompt",
    "blocked_answer",
    "no_candidates",
    "empty_text",
)
BILLED_FAULTS = ("truncated_json", "cut_connection", "stall")  # generated, but never delivered


@dataclass
class Received:
    """One request as the server saw it."""

    id: str
    prompt: str
    kind: str  # "ok" or one of FAULTS, or a status of `reply_with`
    input_tokens: int = 0
    output_tokens: int = 0
    delivered: bool = False


@dataclass
class Reply:
    """What a test wants the server to send, whatever it was asked."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def good_text(question: str, words: int = 20) -> str:
    """A reply that passes all filters; its conclusion has the answer in the same words."""
    answer = f"It is the brown wooden object beside the wall, as to the question: {question}"
    answer += " and so on" * max(0, (words - len(answer.split())) // 3 + 1)
    think = (
        "Step 1: the question is read again and the words that matter are found in it. "
        "Step 2: the description of the scene is searched for these words one after the other. "
        f"Conclusion: {answer}"
    )
    return f"<think>{think}</think><answer>{answer}</answer>"


def default_text(prompt: str) -> str:
    """Plays the teacher: good for most questions, bad in each way for a fixed share of them."""
    question = re.findall(r"^Question: (.*)$", prompt, re.MULTILINE)[-1]
    draw = int(hashlib.sha256(question.encode()).hexdigest(), 16) % 100
    if "Someone has reasoned" in prompt:
        conclusion = re.findall(r"Conclusion: (.*)", prompt)[-1]
        return "something else entirely" if draw < 5 else conclusion
    text = good_text(question)
    if 5 <= draw < 8:
        return text.replace("</think>", "")
    if 8 <= draw < 10:
        return "<think>Step 1: a. Next b. Finally: " + question + "</think><answer>yes</answer>"
    return text


class FakeGemini:
    """The server.

    Args:
        fault_rate: share of requests that get one of `faults`, drawn by `seed`.
        latency: seconds, uniform between the two.
        stall_seconds: how long a stalled request stays without an answer.
        reply_with: prompt -> Reply to send instead, or None.
        text: prompt -> the model's text.
        api_key: any other key gets Google's answer to a bad key.
    """

    def __init__(
        self,
        *,
        fault_rate: float = 0.0,
        faults: tuple[str, ...] = FAULTS,
        latency: tuple[float, float] = (0.0, 0.0),
        stall_seconds: float = 5.0,
        seed: int = 0,
        reply_with: Callable[[str], Reply | None] = lambda prompt: None,
        text: Callable[[str], str] = default_text,
        api_key: str = "test-key",
        input_usd_per_million: float = 1.25,
        output_usd_per_million: float = 10.0,
    ) -> None:
        self.fault_rate = fault_rate
        self.faults = faults
        self.latency = latency
        self.stall_seconds = stall_seconds
        self.reply_with = reply_with
        self.text = text
        self.api_key = api_key
        self.prices = (input_usd_per_million, output_usd_per_million)
        self.received: list[Received] = []
        self.most_at_once = 0
        self._at_once = 0
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeGemini:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def kinds(self) -> Counter[str]:
        return Counter(received.kind for received in self.received)

    def cost(self, received: list[Received] | None = None) -> float:
        received = self.received if received is None else received
        return (
            sum(r.input_tokens for r in received) * self.prices[0]
            + sum(r.output_tokens for r in received) * self.prices[1]
        ) / 1e6

    def write_log(self, path: Path) -> Path:
        """Its books, one request a line, as a gateway would log them."""
        lines = [
            {"id": r.id, "input_tokens": r.input_tokens, "output_tokens": r.output_tokens}
            for r in self.received
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    def handle(self, handler: BaseHTTPRequestHandler, path: str, body: bytes) -> None:
        if handler.headers.get("x-goog-api-key") != self.api_key:
            _send_error(
                handler,
                400,
                "INVALID_ARGUMENT",
                "API key not valid.",
                [
                    {
                        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                        "reason": "API_KEY_INVALID",
                        "domain": "googleapis.com",
                    }
                ],
            )
            return
        prompt = "".join(part["text"] for c in json.loads(body)["contents"] for part in c["parts"])
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            kind = "ok"
            if self._random.random() < self.fault_rate:
                kind = self._random.choice(self.faults)
            pause = self._random.uniform(*self.latency)
            received = Received(handler.headers.get("x-r1-request-id", ""), prompt, kind)
            self.received.append(received)
        try:
            self._closing.wait(pause)
            self._answer(handler, received)
            received.delivered = True
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client was killed
        finally:
            with self._lock:
                self._at_once -= 1

    def _answer(self, handler: BaseHTTPRequestHandler, received: Received) -> None:
        reply = self.reply_with(received.prompt)
        if reply is not None:
            received.kind = f"status_{reply.status}"
            _send(handler, reply.status, reply.body, reply.headers)
            return
        kind = received.kind
        if kind == "status_429":
            retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.2s"}
            _send_error(handler, 429, "RESOURCE_EXHAUSTED", "quota", [retry])
            return
        if kind == "status_500":
            _send_error(handler, 500, "INTERNAL", "an internal error")
            return
        if kind == "status_503":
            _send(handler, 503, b"<html>overloaded</html>", {"Content-Type": "text/html"})
            return
        body = json.dumps(self._response(received)).encode()
        if kind == "stall":
            self._closing.wait(self.stall_seconds)
            handler.close_connection = True
            return
        if kind == "truncated_json":
            _send(handler, 200, body[: len(body) // 2])
        elif kind == "cut_connection":
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[: len(body) // 2])
            handler.close_connection = True
        else:
            _send(handler, 200, body)

    def _response(self, received: Received) -> dict[str, Any]:
        """The answer; notes in `received` what it costs."""
        received.input_tokens = len(received.prompt.encode()) // 4 + 1
        usage = {"promptTokenCount": received.input_tokens}
        if received.kind == "blocked_prompt":
            usage["totalTokenCount"] = received.input_tokens
            return {"promptFeedback": {"blockReason": 1}, "usageMetadata": usage}
        if received.kind == "no_candidates":
            usage["totalTokenCount"] = received.input_tokens
            return {"usageMetadata": usage}
        text = self.text(received.prompt)
        candidate: dict[str, Any] = {"finishReason": 1, "index": 0}
        if received.kind == "blocked_answer":
            candidate["finishReason"] = 3
        elif received.kind == "empty_text":
            candidate["content"] = {"role": "model", "parts": []}
        else:
            candidate["content"] = {"role": "model", "parts": [{"text": text}]}
        visible = len(text.encode()) // 4 + 1
        hidden = 7 * visible  # reasoning that is billed and not shown; the client has no field
        received.output_tokens = visible + hidden
        usage |= {
            "candidatesTokenCount": visible,
            "thoughtsTokenCount": hidden,
            "totalTokenCount": received.input_tokens + visible + hidden,
        }
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "fake"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is part of the game."""


def _handler(fake: FakeGemini) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for head and body: no delayed-ACK pause of 40 ms
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path = self.path.split("?")[0]
            if not re.fullmatch(r"/v1beta/models/[\w.-]+:(generateContent|countTokens)", path):
                _send_error(self, 404, "NOT_FOUND", f"{path} is not found")
            elif path.endswith(":countTokens"):
                _send(self, 200, json.dumps({"totalTokens": len(body) // 4}).encode())
            else:
                fake.handle(self, path, body)
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _send(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str] | None = None
) -> None:
    handler.send_response(status)
    for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _send_error(
    handler: BaseHTTPRequestHandler,
    status: int,
    name: str,
    message: str,
    details: list[dict[str, Any]] | None = None,
) -> None:
    error = {"code": status, "message": message, "status": name, "details": details or []}
    _send(handler, status, json.dumps({"error": error}).encode())


def main() -> None:
    with FakeGemini(fault_rate=0.1, latency=(0.02, 0.2)) as fake:
        print(fake.url, flush=True)
        while True:
            time.sleep(10)
            print(dict(fake.kinds()), flush=True)


if __name__ == "__main__":
    main()
