"""Pages over a lake with a year of made-up days, for somebody who is signed in."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

import polars as pl
import pytest

from dashboard import app_state
from dashboard.api_client import Client
from dashboard.auth.sessions import COOKIE, Session
from focusflow import clock
from focusflow.errors import NotFound, Unavailable
from focusflow.identity import bucket_of, new_id
from focusflow.lake.tables import Lake
from focusflow.settings import load_settings
from pipelines.engine.daily import DAILY

TODAY = clock.local_date(clock.now(), "UTC")

#: A page is not waited for longer. The first one of a process loads Streamlit, under a moved clock on a busy machine.
PAGE_SECONDS = 100


#: What is the same in all tests.
ANSWERS: dict[str, dict[str, Any]] = {
    "preferences": {"calm_mode": False, "weekly_report": True, "weekly_report_day": 0, "weekly_report_hour": 8},
    "habits/day": {"items": []},
    "calendar": {"items": []},
    "ai/daily-plan": {"plan": None},
    "time/running": {"running": None},
    "notifications": {"items": [], "next_cursor": None},
}


class Api(Client):
    """What the pages ask of the API."""

    def __init__(self) -> None:
        self.open = [task(n, f"Task {n}") for n in range(1, 8)]
        self.completed: list[str] = []
        self.answers = dict(ANSWERS)
        self.is_down = False

    def __enter__(self) -> Self:
        if self.is_down:
            raise Unavailable("The API under http://api does not answer.")
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _call(
        self, method: str, path: str, *, json: Any = None, params: Any = None, content: Any = None
    ) -> dict[str, Any]:
        match method, path.removeprefix("/api/v1/").split("/"):
            case "GET", ["scores"]:
                counts = {"open": len(self.open) + 1, "overdue": 2, "blocked": 1, "not_begun": 0}
                return counts | {"items": self.open[: params["limit"]]}
            case "GET", _ if path.removeprefix("/api/v1/") in self.answers:
                return self.answers[path.removeprefix("/api/v1/")]
            case "GET", ["tasks", task_id] if not task_id.startswith("task-"):
                raise NotFound
            case "GET", ["tasks", task_id]:
                return {"id": task_id, "status": "pending", "start_at": None}
            case "POST", ["tasks", task_id, "complete"]:
                self.completed.append(task_id)
                return {}
            case "POST", ["tasks", task_id, "reopen"]:
                self.completed.remove(task_id)
                return {}
            case "POST", ["notifications", _id, "read"]:
                self.answers["notifications"] = {"items": [], "next_cursor": None}
                return {}
        raise AssertionError(f"nobody asks {method} {path} here")


def task(rank: int, title: str) -> dict[str, Any]:
    reasons = [
        {"code": "due", "text": "2 days overdue", "points": 40.0},
        {"code": "open", "text": "it is on your list", "points": 50.0 - rank},
    ]
    return {
        "task_id": f"task-{rank}",
        "title": title,
        "score": 90.0 - rank,
        "rank": rank,
        "reasons": reasons,
        "due_at": None,
        "due_date": (TODAY - timedelta(days=2)).isoformat(),
        "model_version": "urgency-1",
        "as_of": datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
    }


class SignedIn:
    """A store in which one user is signed in, whatever the cookie says."""

    cookie = COOKIE

    def __init__(self, session: Session | None, api: Api) -> None:
        self.session, self.api = session, api

    def find(self, _: str | None, within: float = 0) -> Session | None:
        return self.session

    def seen(self, _: Session) -> None:
        pass

    def client(self, _: Session) -> Api:
        return self.api


def session_of(user_id: str, role: str = "user") -> Session:
    return Session("token", user_id, "Ada *star*", "UTC", role, 0)


def days_of(user_id: str, completed: int, count: int = 365, until: date = TODAY) -> pl.DataFrame:
    """Days on which the same number of tasks was completed."""
    days = pl.date_range(until - timedelta(days=count - 1), until, "1d", eager=True)
    zeros = {name: pl.lit(None).cast(pl.Schema(DAILY.schema)[name]) for name in DAILY.schema.names}
    return pl.DataFrame({"local_date": days}).with_columns(
        **zeros
        | {
            "local_date": pl.col("local_date"),
            "user_id": pl.lit(user_id),
            "month": pl.col("local_date").dt.strftime("%Y-%m"),
            "bucket": pl.lit(bucket_of(UUID(user_id), 8)).cast(pl.Int16),
            "tasks_completed": pl.lit(completed, pl.Int64),
            "tasks_completed_with_due": pl.lit(4, pl.Int64),
            "tasks_completed_on_time": pl.lit(3, pl.Int64),
            "tasks_overdue": pl.lit(2, pl.Int64),
            "tasks_open": pl.lit(9, pl.Int64),
            "habits_scheduled": pl.lit(0, pl.Int64),
            "habits_completed": pl.lit(0, pl.Int64),
            "focus_minutes": pl.lit(90.0),
            "productivity_score": pl.lit(61.0),
            "score_throughput": pl.lit(0.5),
        }
    )


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """A page is run as `__main__`; what is left of it would keep later tests from starting processes."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def look(lake: Lake, api: Api, tmp_path: Any) -> Iterator[Callable[..., str]]:
    """Sign somebody in over a lake that has these days; returns whose id it is."""

    def prepare(
        *frames: pl.DataFrame, user_id: str | None = None, signed_in: bool = True, role: str = "user", **given: Any
    ) -> str:
        user_id = user_id or str(new_id())
        for frame in frames:
            lake.open(DAILY).append(frame.to_arrow(), positions={})
        settings = load_settings(home=tmp_path, lake_url=lake.location, **given)
        app_state.provide(settings, SignedIn(session_of(user_id, role) if signed_in else None, api))  # type: ignore[arg-type]  # a fake
        return user_id

    yield prepare
    app_state._provided.clear()
