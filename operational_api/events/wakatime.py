"""Heartbeats of WakaTime's and Wakapi's editor plugins. The API key is one with `events:write`, sent as their plugins do: Basic, in Base64."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter

from focusflow.errors import Invalid, NotSignedIn
from operational_api.events import incoming, store
from operational_api.events.routes import Body
from operational_api.events.segment import text
from operational_api.http.errors import TooLarge, problems
from operational_api.http.rendered import Rendered
from operational_api.http.route import LenientRoute
from operational_api.http.unit_of_work import UnitOfWork

NAME = "coding.heartbeat"

#: What is kept of a heartbeat. The path of the file is not: its project and language tell enough.
KEPT = (
    "project",
    "language",
    "branch",
    "category",
    "type",
    "is_write",
    "lines",
    "editor",
    "operating_system",
    "machine",
)

EXAMPLE = {
    "entity": "app/main.py",
    "type": "file",
    "time": 1764000000.5,
    "project": "app",
    "language": "Python",
}
DESCRIBED: dict[str, Any] = {
    "responses": problems(NotSignedIn, Invalid, TooLarge),
    "openapi_extra": {"requestBody": {"content": {"application/json": {"schema": {}, "example": EXAMPLE}}}},
}

router = APIRouter(tags=["Events"], route_class=LenientRoute)

LATEST = 4_102_444_800.0  # 2100


@router.post("/users/current/heartbeats.bulk", status_code=202, **DESCRIBED)
@router.post("/users/current/heartbeats", status_code=202, include_in_schema=False)
@router.post("/users/{user}/heartbeats", status_code=202, include_in_schema=False)
@router.post("/heartbeats", status_code=202, include_in_schema=False)
@router.post("/heartbeat", status_code=202, include_in_schema=False)
def take_heartbeats(body: Body, uow: UnitOfWork) -> Rendered[Any]:
    """Accept heartbeats of editors, one or a list. The same one again counts once."""
    payload = incoming.parsed(body)
    beats = incoming.bounded(payload if isinstance(payload, list) else [payload], "The body")
    errors = store.take(uow, [_translated(beat) for beat in beats], source="wakatime")
    wrong = {each["index"]: each for each in errors}
    answers = [
        [{"error": f"{wrong[n]['field']} {wrong[n]['message']}"}, 400] if n in wrong else [{"data": _echo(beat)}, 201]
        for n, beat in enumerate(beats)
    ]
    is_one = not isinstance(payload, list)
    return Rendered(orjson.dumps(answers[0][0] if is_one else {"responses": answers}))


def _translated(beat: Any) -> Any:
    if not isinstance(beat, dict) or not isinstance(beat.get("entity"), str):
        return {"name": None}
    time: Any = beat.get("time")
    is_moment = isinstance(time, int | float) and not isinstance(time, bool) and 0 < time < LATEST
    identity = [time, beat["entity"], beat.get("type"), beat.get("category"), bool(beat.get("is_write"))]
    return {
        "name": NAME,
        "id": f"heartbeat {hashlib.sha256(orjson.dumps(identity)).hexdigest()}",
        "time": datetime.fromtimestamp(float(time), UTC) if is_moment else "no moment",
        "properties": {name: beat[name] for name in KEPT if beat.get(name) not in (None, "")},
        "platform": text(beat.get("editor"), 60),
    }


def _echo(beat: Any) -> dict[str, Any]:
    return {name: beat.get(name) for name in ("entity", "type", "time")} if isinstance(beat, dict) else {}
