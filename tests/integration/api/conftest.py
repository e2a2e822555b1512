"""The API over a real database, and people who use it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from focusflow.database.session import Database
from focusflow.identity import new_id
from focusflow.settings import load_settings
from operational_api.app import create_app
from operational_api.auth.routes import ATTEMPTS

PASSWORD = "a long sentence is a good password"


@pytest.fixture(scope="module")
def http(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = create_app(load_settings(home=tmp_path_factory.mktemp("home")), database_url)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(autouse=True)
def nobody_has_tried_yet() -> None:
    ATTEMPTS._counts.clear()


@dataclass(frozen=True)
class Person:
    """Somebody with an account, signed in."""

    http: TestClient
    id: str
    email: str
    access_token: str
    refresh_token: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(
            method, f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {self.access_token}", **named}
        )

    def task(self, title: str = "Buy milk", **fields: Any) -> dict[str, Any]:
        answer = self.call("POST", "/tasks", {"title": title, **fields})
        assert answer.status_code == 201, answer.text
        task: dict[str, Any] = answer.json()
        return task


@pytest.fixture
def somebody(http: TestClient) -> Callable[..., Person]:
    def sign_up(timezone: str = "Europe/Berlin") -> Person:
        email = f"{new_id().hex}@example.com"
        new = {"email": email, "password": PASSWORD, "display_name": "Somebody", "timezone": timezone}
        registered = http.post("/api/v1/auth/register", json=new)
        assert registered.status_code == 201, registered.text
        tokens = http.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD}).json()
        return Person(http, registered.json()["id"], email, tokens["access_token"], tokens["refresh_token"])

    return sign_up


@pytest.fixture
def me(somebody: Callable[..., Person]) -> Person:
    return somebody()


@pytest.fixture
def events(database: Database) -> Callable[[str], list[dict[str, Any]]]:
    """What a person's outbox holds, in the order in which it was written."""

    def of(user_id: str) -> list[dict[str, Any]]:
        with database.owner() as connection:
            rows = connection.execute("select value from outbox where user_id = %s order by id", [user_id]).fetchall()
        return [orjson.loads(row["value"]) for row in rows]

    return of
