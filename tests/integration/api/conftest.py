"""The API over a real database, and users who use it."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any, LiteralString

import orjson
import pytest
import uvicorn
from fastapi.testclient import TestClient
from httpx2 import Response

from focusflow.database.session import Database, Role
from focusflow.identity import new_id
from focusflow.lake.tables import Lake
from focusflow.settings import load_settings
from operational_api.app import create_app
from operational_api.auth import store
from operational_api.auth.routes import tokens_of
from operational_api.auth.schemas import Registration
from operational_api.http.services import Services
from operational_api.security import audit, passwords
from operational_api.security.authentication import Origin
from operational_api.security.tokens import Access
from pipelines.engine import publish_tables
from pipelines.engine.history import LakeHistory
from tests.conftest import BUCKETS
from tests.integration.api.published import made
from tests.integration.pipelines.conftest import World

PASSWORD = "a long sentence is a good password"


@pytest.fixture(scope="module")
def http(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = create_app(load_settings(home=tmp_path_factory.mktemp("home")), database_url, LakeHistory)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(autouse=True)
def nobody_has_tried_yet(database: Database) -> None:
    with database.owner() as connection:
        connection.execute("delete from attempts")


@dataclass(frozen=True)
class ApiUser:
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


def signed_in(http: TestClient, email: str, password: str = PASSWORD) -> ApiUser:
    tokens = http.post("/api/v1/auth/login", json={"email": email, "password": password}).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    me = http.get("/api/v1/me", headers=bearer).json()
    return ApiUser(http, me["id"], email, tokens["access_token"], tokens["refresh_token"])


@cache
def password_hash() -> str:
    """Of the password, once for all: a hash takes as long as the rest of many a test."""
    return passwords.hashed(PASSWORD)


@pytest.fixture
def new_user(http: TestClient) -> Callable[..., ApiUser]:
    """Sign users up, as registering and signing in write it down. That these do so for whoever asks over HTTP is for `test_accounts`."""
    app: Any = http.app
    shared: Services = app.state.services

    def sign_up(timezone: str = "Europe/Berlin") -> ApiUser:
        email = f"{new_id().hex}@example.com"
        new = Registration(email=email, password=PASSWORD, display_name="Somebody", timezone=timezone)
        with shared.database.transaction(Role.AUTH) as tx:
            account = store.register(tx, new, password_hash())
        assert account is not None
        me, origin = account["id"], Origin("testclient", "testclient")
        with shared.database.transaction(Role.AUTH, me) as tx:
            audit.record(tx, "sign-in", origin, actor_id=None, user_id=me)
            family, token = store.begin_family(tx, me, shared.settings.refresh_token_days, origin)
        tokens = tokens_of(shared, Access(me, account["token_epoch"], family), token, tx.now)
        return ApiUser(http, str(me), email, tokens["access_token"], tokens["refresh_token"])

    return sign_up


@pytest.fixture
def me(new_user: Callable[..., ApiUser]) -> ApiUser:
    return new_user()


@pytest.fixture
def both_at_once(database: Database) -> Callable[..., list[int]]:
    """Has two requests carried out, neither of which can write into a table before the other has looked: their statuses, in order."""

    def carry_out(table: LiteralString, *requests_of: Callable[[], Response]) -> list[int]:
        with ThreadPoolExecutor(2) as pool:
            with database.owner() as connection:
                connection.execute(f"lock table {table} in share mode")
                answers = [pool.submit(each) for each in requests_of]
                for _ in range(500):
                    found = connection.execute("select count(*) as count from pg_locks where not granted").fetchall()
                    if found[0]["count"] >= 2:
                        break
                    time.sleep(0.01)
            return sorted(each.result().status_code for each in answers)

    return carry_out


def mails_in(home: Path, to: str) -> list[EmailMessage]:
    """The mails to somebody, in the order in which they were written."""
    files = sorted((home / "mails").glob("*.eml"))
    read = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail for mail in read if mail["To"] == to]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def token_in(mail: EmailMessage) -> str:
    found = re.search(r"token=(\S+)", text_of(mail))
    assert found, "no link in the mail"
    return found[1]


@pytest.fixture
def mails(http: TestClient) -> Callable[[str], list[EmailMessage]]:
    app: Any = http.app
    return lambda to: mails_in(app.state.services.settings.home, to)


@pytest.fixture
def events(database: Database) -> Callable[[str], list[dict[str, Any]]]:
    """What a user's outbox holds, in the order in which it was written."""

    def of(user_id: str) -> list[dict[str, Any]]:
        with database.owner() as connection:
            rows = connection.execute("select value from outbox where user_id = %s order by id", [user_id]).fetchall()
        return [orjson.loads(row["value"]) for row in rows]

    return of


@pytest.fixture
def address(http: TestClient, database_url: str) -> Iterator[str]:
    """The same API under a real address, for programs that bring their own way of calling."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    inner: Any = http.app
    app = create_app(inner.state.services.settings, database_url, LakeHistory)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def nothing_published_yet(database):
    with database.owner() as connection:
        connection.execute("delete from publications")
        connection.execute("delete from published_rows")
        connection.execute("delete from published_product")


@pytest.fixture
def world(tmp_path):
    world = World(Lake(str(tmp_path / "lake")))
    yield world
    world.session.close()


@pytest.fixture
def published(world, database):
    """Makes the days and the tables named, and publishes them."""

    def publish(*user_histories, as_of, tables=()):
        made(world, *user_histories, as_of=as_of, tables=tables)
        return publish_tables.publish(world.lake, world.session, database, BUCKETS)

    return publish
