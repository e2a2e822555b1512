"""Categories over HTTP."""

from pathlib import Path
from uuid import UUID

import psycopg
from fastapi import APIRouter

from focusflow.database.queries import load_queries
from focusflow.database.tables import categories
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.categories.schemas import Categories, Category, CategoryChange, NewCategory
from operational_api.entities import Entity, require_non_null
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
AT_MOST = 200

router = APIRouter(prefix="/categories", tags=["Categories"], route_class=TypedRoute)


class CategoryNotFound(NotFound):
    """No category has this id."""


class NameTaken(Conflict):
    """You have a category of this name already."""


class CategoryInUse(Conflict):
    """This category contains tasks or goals. Move them first."""


class TooManyCategories(Conflict):
    """An account has at most 200 categories."""


ENTITY = Entity(categories, Category, CategoryNotFound)


@router.get("", responses=problems(NotSignedIn))
def list_categories(uow: UnitOfWork) -> Categories:
    """List your categories."""
    return Categories(items=ENTITY.to_responses(uow.tx.all(QUERIES["all"])))


@router.post(
    "",
    status_code=201,
    responses=problems(NotSignedIn, NameTaken, TooManyCategories, KeyReused, Invalid),
)
def create_category(body: NewCategory, uow: UnitOfWork) -> Category:
    """Create a category. Names are unique per user, ignoring case."""
    uow.tx.serialize("categories")
    found = uow.tx.one(QUERIES["count"])
    if found is not None and found["count"] >= AT_MOST:
        raise TooManyCategories
    try:
        row = ENTITY.add(uow, body.model_dump())
    except psycopg.errors.UniqueViolation as error:
        raise NameTaken from error
    return ENTITY.to_response(row)


@router.get("/{category_id:uuid}", responses=problems(NotSignedIn, CategoryNotFound, Invalid))
def get_category(category_id: UUID, uow: UnitOfWork) -> Category:
    """One category."""
    row = ENTITY.one(uow.tx, category_id)
    return ENTITY.to_response(row)


@router.patch(
    "/{category_id:uuid}",
    responses=problems(NotSignedIn, CategoryNotFound, NameTaken, Stale, Invalid),
)
def change_category(category_id: UUID, body: CategoryChange, uow: UnitOfWork, if_match: IfMatch = None) -> Category:
    """Update a category."""
    before = ENTITY.locked(uow.tx, category_id)
    check_match(if_match, before["version"])
    try:
        row = ENTITY.save(uow, before, require_non_null(body.model_dump(exclude_unset=True), "name"))
    except psycopg.errors.UniqueViolation as error:
        raise NameTaken from error
    return ENTITY.to_response(row)


@router.delete(
    "/{category_id:uuid}",
    status_code=204,
    responses=problems(NotSignedIn, CategoryNotFound, CategoryInUse, Stale, Invalid),
)
def delete_category(category_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete an empty category."""
    row = ENTITY.locked(uow.tx, category_id)
    check_match(if_match, row["version"])
    used = uow.tx.one(QUERIES["in_use"], {"id": category_id})
    if used is not None and used["found"]:
        raise CategoryInUse
    uow.tx.run(QUERIES["leave_deleted"], {"id": category_id})
    ENTITY.remove(uow, row)
