"""The web server: files of the page, and /api over RobotLink."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field, FiniteFloat
from starlette.types import ASGIApp, Receive, Scope, Send

from r1_ros.plans.shelf import UnknownPlanError
from r1_ros.web.access import Access
from r1_ros.web.robot_link import RobotLink, StaleSceneError
from r1_ros.web.streams import CLIENT_ERRORS, error_data, json_lines

STATIC = Path(__file__).parent / "static"
MOST_POINTS = 500_000  # of one answer: 4.5 MB

_HEADERS = {
    # nothing from elsewhere, no script in the page's text: what a label says stays text
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

_Text = Annotated[str, Field(max_length=4000)]
_Session = Annotated[str, Field(max_length=100, pattern=r"^[\w-]*$")]


class Question(BaseModel):
    """Body of /api/ask."""

    question: _Text
    task: Annotated[str, Field(max_length=40)] = "auto"
    session: _Session = ""
    object_id: Annotated[str, Field(max_length=200)] = ""
    point: tuple[FiniteFloat, FiniteFloat, FiniteFloat] | None = None


class Goal(BaseModel):
    """Body of /api/plan."""

    goal: _Text
    session: _Session = ""


class Decision(BaseModel):
    """Body of /api/approve."""

    plan_id: Annotated[str, Field(max_length=64)]
    approve: bool
    reason: Annotated[str, Field(max_length=500)] = ""


class PlanName(BaseModel):
    """Body of /api/carry_out."""

    plan_id: Annotated[str, Field(max_length=64)]


class QuestionOnly(BaseModel):
    """Body of /api/reasons."""

    question: _Text


class Guard:
    """Holds every request against the rules, before anything else reads it."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI; only HTTP is served."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        refusal = self._access.refusal(scope["path"], headers)
        if refusal is not None:
            response = JSONResponse({"error": refusal.sentence}, refusal.status, _HEADERS)
            await response(scope, receive, send)
            return

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                keep = "no-store" if scope["path"].startswith("/api/") else "no-cache"
                headers = {**_HEADERS, "Cache-Control": keep}
                own = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
                names = {name for name, _ in own}
                rest = [pair for pair in message["headers"] if pair[0] not in names]
                message = {**message, "headers": [*rest, *own]}
            await send(message)

        await self._app(scope, receive, send_guarded)


def make_app(link: RobotLink, access: Access) -> FastAPI:
    """The application for one robot; `link` stays its caller's."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(Guard, access=access)

    @app.exception_handler(UnknownPlanError)
    @app.exception_handler(StaleSceneError)
    async def on_missing(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse(error_data(error), 404)

    async def on_robot_error(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse(error_data(error), 502)

    for kind in CLIENT_ERRORS:
        app.exception_handler(kind)(on_robot_error)

    # Plain functions run in threads of the server, so that a slow node holds nobody else up.
    @app.post("/api/ask")
    async def ask(body: Question) -> StreamingResponse:
        target = body.object_id or body.point
        call = partial(link.ask, body.question, body.task, body.session, target)
        return _stream(call, link)

    @app.post("/api/plan")
    async def plan(body: Goal) -> StreamingResponse:
        return _stream(partial(link.plan, body.goal, body.session), link)

    @app.post("/api/carry_out")
    def carry_out(body: PlanName) -> dict[str, bool]:
        link.carry_out(body.plan_id)
        return {"started": True}

    @app.post("/api/approve")
    def approve(body: Decision) -> dict[str, bool]:
        link.approve(body.plan_id, body.approve, body.reason)
        return {"decided": True}

    @app.post("/api/stop")
    def stop() -> dict[str, bool]:
        return {"stopping": link.stop()}

    @app.get("/api/state")
    def state() -> dict[str, Any]:
        return link.state()

    @app.get("/api/scene")
    def scene() -> dict[str, Any]:
        return link.scene()

    @app.get("/api/points/{revision}")
    def points(revision: str, start: int = 0, count: int = MOST_POINTS) -> Response:
        start, count = max(start, 0), min(max(count, 0), MOST_POINTS)
        content = link.points(revision, start, count)
        return Response(content, media_type="application/octet-stream")

    @app.get("/api/views/{revision}/{view_id}.jpg")
    def picture(revision: str, view_id: int) -> Response:
        return Response(link.picture(revision, view_id), media_type="image/jpeg")

    @app.post("/api/reasons")
    def reasons(body: QuestionOnly) -> list[dict[str, Any]]:
        return link.reasons(body.question)

    app.mount("/", StaticFiles(directory=STATIC, html=True))
    return app


def _stream(call: Any, link: RobotLink) -> StreamingResponse:
    return StreamingResponse(json_lines(call, link.threads), media_type="application/x-ndjson")
