"""Problems as RFC 9457 has them: a stable `type`, the sentence, and the field at fault. Nothing of the inside leaks."""

import logging
import re
from typing import Any

import orjson
import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from focusflow.database.session import unavailable
from focusflow.errors import Invalid, NotFound, Problem, StorageFull
from focusflow.storage import is_full

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One field that cannot be accepted."""

    field: str = Field(description="Where it is, like `body.due_at`.", examples=["body.due_at"])
    message: str = Field(description="What is wrong with it.", examples=["should be a valid datetime"])


class ProblemDetails(BaseModel):
    """Why a request was not carried out (RFC 9457)."""

    type: str = Field(description="Stable name of this kind of problem.", examples=["/problems/invalid"])
    title: str = Field(examples=["Invalid"])
    status: int = Field(examples=[422])
    detail: str = Field(description="A sentence for a person.", examples=["The field body.title is missing."])
    errors: list[FieldError] | None = Field(None, description="The fields at fault, if it is about fields.")
    ticket: str | None = Field(None, description="Of `/problems/code-needed`: what to send with the code.")


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that are not the good one, for its documentation."""
    statuses: dict[int, list[str]] = {}
    for kind in kinds:
        statuses.setdefault(kind.status, []).append(" ".join((kind.__doc__ or "").split()))
    return {
        status: {"model": ProblemDetails, "content": {MEDIA_TYPE: {}}, "description": " ".join(sentences)}
        for status, sentences in statuses.items()
    }


def rendered(problem: Problem) -> Response:
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(problem).__name__)
    body: dict[str, Any] = {
        "type": "/problems/" + words.lower().replace(" ", "-"),
        "title": words.capitalize(),
        "status": problem.status,
        "detail": str(problem),
    }
    headers = {"Retry-After": "2"} if problem.status == 503 else {}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    retry_after = getattr(problem, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if problem.errors:
        body["errors"] = problem.errors
    body |= problem.members
    return Response(orjson.dumps(body), problem.status, headers, MEDIA_TYPE)


class MethodNotAllowed(Problem):
    """This address does not know this method."""

    status = 405


class TooLarge(Problem):
    """The request is larger than this call accepts."""

    status = 413


class UnsupportedMedia(Problem):
    """Send JSON, with the header Content-Type: application/json."""

    status = 415


class Defect(Problem):
    """Something went wrong on our side. It is in the log, under the X-Request-ID of this answer."""


class NotJson(Invalid):
    """The body is not JSON in UTF-8."""


BY_STATUS: dict[int, type[Problem]] = {
    400: NotJson,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMedia,
}


def install(app: FastAPI) -> None:
    """Have every error of the app rendered here."""

    @app.exception_handler(Problem)
    def known(_: Request, problem: Problem) -> Response:
        return rendered(problem)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        errors = [{"field": _path(each["loc"]), "message": sentence(each["msg"])} for each in error.errors()[:50]]
        if error.body and isinstance(error.body, bytes):  # it was not taken for JSON, and so not read
            return rendered(NotJson("Send JSON, with the header Content-Type: application/json."))
        problem = Invalid.field(errors[0]["field"], errors[0]["message"])
        problem.errors = errors
        return rendered(problem)

    _install_for_storage(app)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        kind = BY_STATUS.get(error.status_code)
        problem = kind() if kind else Invalid(str(error.detail))
        if kind is None:
            problem.status = error.status_code
        answer = rendered(problem)
        if kind is MethodNotAllowed:
            answer.headers["Allow"] = ", ".join(sorted(_methods_of(app, request)))
        return answer


def _install_for_storage(app: FastAPI) -> None:
    """What the database and the disk say."""

    @app.exception_handler(psycopg.DataError)
    def unstorable(_: Request, error: psycopg.DataError) -> Response:
        log.warning("the database refused a value: %s", type(error).__name__)
        return rendered(Invalid("A value cannot be stored: it is out of the range of its field."))

    @app.exception_handler(psycopg.errors.ForeignKeyViolation)
    def pointing_nowhere(_: Request, error: psycopg.errors.ForeignKeyViolation) -> Response:
        return rendered(foreign_key_error(error))

    @app.exception_handler(psycopg.OperationalError)
    def away(_: Request, error: psycopg.OperationalError) -> Response:
        log.warning("the database is away: %s", type(error).__name__)
        return rendered(unavailable(error))

    @app.exception_handler(OSError)
    def without_room(_: Request, error: OSError) -> Response:
        if not is_full(error):
            raise error
        log.error("the disk is full: %s", error.filename)
        return rendered(StorageFull())


def foreign_key_error(error: psycopg.errors.ForeignKeyViolation, within: str = "body") -> Invalid:
    """A field names what is not there. Postgres names no values under row-level security, but its constraint's name holds the column."""
    column = re.sub(r"^.*_user_id_(\w+)_fkey$", r"\1", error.diag.constraint_name or "reference")
    return Invalid.field(f"{within}.{column}", "does not exist")


def _methods_of(app: FastAPI, request: Request) -> set[str]:
    """What an address knows: several routes may share it, and the one that was met first names its own methods only."""
    known: set[str] = set()
    for route in iter_route_contexts(app.routes):
        original = route.original_route
        if isinstance(original, APIRoute) and compile_path(route.path or "")[0].match(request.url.path):
            known |= route.methods or set()
    return known


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(each) for each in location) or "body"


#: What pydantic says of a length once a text has been checked for what it holds.
LENGTH = re.compile(r"Value should have at (least|most) (\d+) items? after validation, not (\d+)")


def sentence(message: str) -> str:
    """What is wrong with a field, to follow on its name."""
    for prefix in ("Value error, ", "Input "):
        message = message.removeprefix(prefix)
    if length := LENGTH.fullmatch(message):
        message = (
            "should not be empty" if length[3] == "0" else f"should be at {length[1]} {length[2]} long, not {length[3]}"
        )
    return message.rstrip(".").encode("utf-8", "replace").decode()
