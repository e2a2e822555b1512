"""Users of the API, whose events land in a lake and are refreshed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from focusflow import clock
from focusflow.database.session import Database
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import Lake
from focusflow.settings import Settings
from ingestion.landing.service import open_ingestion
from models.serving.registry import Registry
from pipelines.engine import silver
from pipelines.engine.refresh import Refresh
from pipelines.privacy.export import Exporter
from tests.conftest import BUCKETS
from tests.integration.api.conftest import ApiUser, http, me, new_user, nobody_has_tried_yet

__all__ = ["http", "me", "new_user", "nobody_has_tried_yet"]  # fixtures


@dataclass(frozen=True)
class World:
    """An installation over which the API runs."""

    http: TestClient
    database: Database

    @property
    def settings(self) -> Settings:
        app: Any = self.http.app
        settings: Settings = app.state.services.settings
        return settings

    @property
    def lake(self) -> Lake:
        return Lake.of(self.settings)

    @property
    def exporter(self) -> Exporter:
        return Exporter(self.database, self.lake, duckdb_session(), self.settings.home, BUCKETS)

    def land(self) -> int:
        return open_ingestion(self.database, self.lake, buckets=BUCKETS, rows=1_000, age_seconds=0).drain()

    def load(self) -> None:
        """Raw and silver, from what was accepted."""
        self.land()
        silver.load_incremental(self.lake, duckdb_session(), BUCKETS)

    def refresh(self) -> None:
        """All tables, from what has landed."""
        self.land()
        settings = self.settings
        models = Registry(settings.models_folder)
        work = Refresh(self.lake, duckdb_session(), self.database, BUCKETS, clock.now(), models, settings.catalog_file)
        for _ in work.run():
            pass


@pytest.fixture
def world(http: TestClient, database: Database) -> World:
    return World(http, database)


@pytest.fixture
def busy(new_user: Callable[..., ApiUser]) -> Callable[[str], ApiUser]:
    """Signs up a user who does some of everything, in words of their own."""

    def do(word: str) -> ApiUser:
        user = new_user()

        def call(path: str, body: Any, method: str = "POST") -> dict[str, Any]:
            answer = user.call(method, path, body)
            assert answer.status_code in (200, 201), answer.text
            made: dict[str, Any] = answer.json()
            return made

        user.call("PATCH", "/me", {"display_name": f"Ada {word}"})
        category = call("/categories", {"name": f"Home {word}"})["id"]
        goal = call("/goals", {"title": f"Move {word}"})["id"]
        call(f"/goals/{goal}/milestones", {"title": f"Pack {word}"})
        call(f"/goals/{goal}/progress", {"value": 10})
        task = call("/tasks", {"title": f"=Write {word}", "category_id": category, "tags": [f"tag-{word}"]})["id"]
        call("/tasks", {"title": f"Call {word}"})
        call(f"/tasks/{task}/complete", None)
        habit = call("/habits", {"title": f"Run {word}"})["id"]
        today = user.call("GET", f"/habits/{habit}").json()["start_date"]
        call(f"/habits/{habit}/logs/{today}", {"notes": f"Well {word}"}, "PUT")
        begin = clock.now() - timedelta(hours=2)
        hours = {"started_at": begin.isoformat(), "ended_at": (begin + timedelta(minutes=30)).isoformat()}
        call("/time", hours | {"note": f"Deep {word}"})
        appointment = {"start_at": f"{today}T09:00:00Z", "end_at": f"{today}T10:00:00Z"}
        call("/calendar", appointment | {"title": f"Dentist {word}", "location": f"Street {word}"})
        call("/notifications", {"title": f"Water {word}", "scheduled_at": "2030-01-01T08:00:00Z"})
        call("/keys", {"name": f"Key {word}", "scopes": ["tasks:read"]})
        return user

    return do
