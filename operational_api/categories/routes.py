"""Categories over HTTP."""

from pathlib import Path
from uuid import UUID

import psycopg
from fastapi import APIRouter
from starlette.responses import Response

from focusflow.database.queries import load_queries
from focusflow.database.tables import categories
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.categories.schemas import Categories, Category, CategoryChange, NewCategory
from operational_api.entities import Entity, filled
from operational_api.http.errors import problems
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, KeyReused, Stale, UnitOfWork, check_match

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
AT_MOST = 200

router = APIRouter(prefix="/categories", tags=["Categories"], route_class=InOneTransaction)


class CategoryNotFound(NotFound):
    """There is no such category."""


class NameTaken(Conflict):
    """You have a category of this name already."""


class CategoryInUse(Conflict):
    """Tasks or goals are in this category. Move them first."""


class TooManyCategories(Conflict):
    """An account has at most 200 categories."""


ENTITY = Entity(categories, Category, CategoryNotFound)


@router.get("", response_model=Categories, responses=problems(NotSignedIn))
def list_categories(work: UnitOfWork) -> Response:
    """List your categories."""
    return work.reply({"items": [ENTITY.shown(row) for row in work.tx.all(QUERIES["all"])]})


@router.post(
    "",
    status_code=201,
    response_model=Category,
    responses=problems(NotSignedIn, NameTaken, TooManyCategories, KeyReused, Invalid),
)
def create_category(body: NewCategory, work: UnitOfWork) -> Response:
    """Add a category. Its name is yours once, however it is written."""
    work.tx.serialize("categories")
    found = work.tx.one(QUERIES["count"])
    if found is not None and found["count"] >= AT_MOST:
        raise TooManyCategories
    try:
        row = ENTITY.add(work, body.model_dump())
    except psycopg.errors.UniqueViolation as error:
        raise NameTaken from error
    return work.reply(ENTITY.shown(row), 201, version=row["version"])


@router.get("/{category_id:uuid}", response_model=Category, responses=problems(NotSignedIn, CategoryNotFound, Invalid))
def get_category(category_id: UUID, work: UnitOfWork) -> Response:
    """One category."""
    row = ENTITY.one(work.tx, category_id)
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.patch(
    "/{category_id:uuid}",
    response_model=Category,
    responses=problems(NotSignedIn, CategoryNotFound, NameTaken, Stale, Invalid),
)
def change_category(category_id: UUID, body: CategoryChange, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Change a category."""
    before = ENTITY.locked(work.tx, category_id)
    check_match(if_match, before["version"])
    try:
        row = ENTITY.save(work, before, filled(body.model_dump(exclude_unset=True), "name"))
    except psycopg.errors.UniqueViolation as error:
        raise NameTaken from error
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.delete(
    "/{category_id:uuid}",
    status_code=204,
    responses=problems(NotSignedIn, CategoryNotFound, CategoryInUse, Stale, Invalid),
)
def delete_category(category_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a category that nothing is in."""
    row = ENTITY.locked(work.tx, category_id)
    check_match(if_match, row["version"])
    used = work.tx.one(QUERIES["in_use"], {"id": category_id})
    if used is not None and used["found"]:
        raise CategoryInUse
    work.tx.run(QUERIES["leave_deleted"], {"id": category_id})
    ENTITY.remove(work, row)
