"""The route class: the unit of work by its type, the answer by the return type, the ETag by the version."""

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from focusflow.settings import load_settings
from operational_api import health, reference
from operational_api.app import create_app
from operational_api.http import unit_of_work
from operational_api.http.rendered import Rendered
from operational_api.http.route import LenientRoute, TypedRoute
from operational_api.http.schema_base import Output
from operational_api.http.unit_of_work import ContextDependency, RequestContext, UnitOfWork
from operational_api.keys.schemas import MadeKey
from operational_api.personal_data import routes as personal_data
from operational_api.reports import unsubscribe

USER = UUID(int=1)
ANSWERED = {"request_hash": None}


class Note(Output):
    """A note."""

    text: str
    version: int


class Secret(Output):
    """An answer with a secret."""

    secret: str | None

    def for_replay(self):
        return Secret(secret=None)


class Connection:
    """A transaction that keeps what it is given to run before the commit."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found, self.now = found, None
        self.recorded: list[tuple[int, str]] = []

    def run_before_commit(self, _: str, values: dict[str, Any]) -> None:
        self.recorded.append((values["status"], values["response"]))


@pytest.fixture
def served(monkeypatch):
    """A handler behind the route class, and the transaction that it runs in."""

    def serve(handler, *, found=ANSWERED, route_class=TypedRoute, **options):
        tx = Connection(found)

        @contextmanager
        def authenticate(*_):
            yield tx, SimpleNamespace(user_id=USER)

        async def read(_: ContextDependency, request: Request) -> RequestContext:
            services: Any = SimpleNamespace(database=None, serving=None)
            credentials: Any = SimpleNamespace(origin=None)
            return RequestContext(services, credentials, "a key", "a hash")

        monkeypatch.setattr(unit_of_work, "authenticate", authenticate)
        monkeypatch.setattr(ContextDependency, "__call__", read)
        router = APIRouter(route_class=route_class)
        router.post("/", **options)(handler)
        app = FastAPI()
        app.include_router(router)
        return TestClient(app), tx

    return serve


def test_a_unit_of_work_is_found_by_its_type_under_any_name(served):
    def handler(anything: UnitOfWork, text: str) -> Note:
        assert isinstance(anything, UnitOfWork)
        return Note(text=text, version=1)

    http, _ = served(handler)
    assert http.post("/?text=x").json() == {"text": "x", "version": 1}


def test_a_parameter_that_is_only_called_like_one_is_none(served):
    def handler(uow: str, work: int) -> Note:
        return Note(text=uow, version=work)

    http, _ = served(handler)
    assert http.post("/?uow=x&work=2").json() == {"text": "x", "version": 2}


def test_an_answer_has_the_status_of_its_route_the_etag_of_its_version_and_is_recorded(served):
    def handler(uow: UnitOfWork) -> Note:
        return Note(text="x", version=3)

    http, tx = served(handler, status_code=201)
    answer = http.post("/")
    assert (answer.status_code, answer.headers["etag"]) == (201, '"3"')
    assert tx.recorded == [(201, answer.text)]


def test_a_repeated_key_gets_the_recorded_answer_and_runs_nothing(served):
    def handler(uow: UnitOfWork) -> Note:
        raise AssertionError("it ran again")

    http, tx = served(
        handler,
        found={"request_hash": "a hash", "status": 201, "response": '{"text":"x","version":3}'},
        status_code=201,
    )
    answer = http.post("/")
    assert (answer.status_code, answer.json()["text"], answer.headers["etag"]) == (201, "x", '"3"')
    assert answer.headers["idempotent-replayed"] == "true"
    assert tx.recorded == []


def test_a_secret_is_answered_once_and_not_recorded(served):
    def handler(uow: UnitOfWork) -> Secret:
        return Secret(secret="hidden")

    http, tx = served(handler)
    assert http.post("/").json() == {"secret": "hidden"}
    assert tx.recorded == [(200, '{"secret":null}')]


def test_the_recorded_answer_of_a_new_api_key_holds_no_key():
    fields: dict[str, Any] = dict.fromkeys(MadeKey.model_fields)
    assert MadeKey.model_construct(**{**fields, "key": "hidden"}).for_replay().key is None


def test_nothing_is_answered_as_204_and_recorded_as_such(served):
    def handler(uow: UnitOfWork) -> None:
        return None

    http, tx = served(handler, status_code=204)
    answer = http.post("/")
    assert (answer.status_code, answer.content, "content-type" in answer.headers) == (204, b"", False)
    assert tx.recorded == [(204, "")]


def test_rendered_json_is_passed_on_and_described_by_its_schema(served):
    def handler(uow: UnitOfWork) -> Rendered[Note]:
        return Rendered(b'{"text": "from Postgres", "version": 1}')

    http, _ = served(handler)
    assert http.post("/").content == b'{"text": "from Postgres", "version": 1}'
    (described,) = http.get("/openapi.json").json()["paths"]["/"].values()
    assert described["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Note"
    }


def test_an_unknown_query_parameter_is_refused_unless_the_route_is_lenient(served):
    def handler(uow: UnitOfWork, limit: int = 1) -> Note:
        return Note(text="x", version=limit)

    assert served(handler)[0].post("/?typo=1").status_code == 422
    assert served(handler)[0].post("/?limit=2").json()["version"] == 2
    assert served(handler, route_class=LenientRoute)[0].post("/?typo=1").status_code == 200


def test_a_handler_without_a_return_type_is_refused_at_start():
    def handler(uow: UnitOfWork):
        return uow

    with pytest.raises(TypeError, match="return type"):
        TypedRoute("/", handler)


def test_every_route_of_the_api_is_typed(tmp_path):
    """Health, metrics, the reference and the unsubscribe page answer without JSON of ours or without a transaction; an export is a file."""
    app = create_app(load_settings(home=tmp_path), "postgresql://localhost/none")
    others = [
        each
        for router in (health.router, reference.router, unsubscribe.router, personal_data.download_router)
        for each in router.routes
    ]
    untyped = [
        each.path
        for each in iter_route_contexts(app.routes)
        if isinstance(each.original_route, APIRoute)
        and not isinstance(each.original_route, TypedRoute)
        and each.original_route not in others
    ]
    assert untyped == []
