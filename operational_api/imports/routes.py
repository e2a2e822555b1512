"""Imports over HTTP: upload, preview, confirm, undo.

What reading and writing a file takes is done by `ingestion.importers`, in a process of its own: here an import only waits for it.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from psycopg.types.json import Jsonb

from focusflow.database.queries import load_queries
from focusflow.database.rows import insert_row, update_row
from focusflow.database.tables import imports
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from focusflow.identity import new_id
from operational_api.entities import Entity
from operational_api.http.errors import problems
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import KeyReused, UnitOfWork
from operational_api.imports.schemas import (
    Import,
    ImportEntry,
    ImportFilter,
    ImportPage,
    NewImport,
    PreviewChange,
)

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

#: An archive of so much holds years. `focusflow import` takes any size.
UPLOAD_BYTES = 32 * 1024 * 1024

#: A statement writes so much in well under a second.
PART_BYTES = 4 * 1024 * 1024

#: Imports of a user that are neither done nor undone.
UNFINISHED = 5

router = APIRouter(prefix="/imports", tags=["Imports"], route_class=TypedRoute)


class ImportNotFound(NotFound):
    """No import has this id."""


class TooManyImports(Conflict):
    """Too many of your imports are unfinished. Confirm or delete one first."""


class ImportNotReady(Conflict):
    """This import has no preview to confirm. Wait for it, or upload the file again."""


class ImportRunning(Conflict):
    """This import is being written. Undo it when it is done."""


ENTITY = Entity(imports, Import, ImportNotFound)


async def content(request: Request) -> bytes:
    return await request.body()


BINARY = {"schema": {"type": "string", "format": "binary"}, "example": "title,due\nPay rent,2026-12-01\n"}
UPLOADED = {"requestBody": {"required": True, "content": {"application/octet-stream": BINARY}}}


@router.post(
    "", status_code=202, responses=problems(NotSignedIn, TooManyImports, KeyReused, Invalid), openapi_extra=UPLOADED
)
def upload_import(
    about: Annotated[NewImport, Query()], uow: UnitOfWork, uploaded: Annotated[bytes, Depends(content)]
) -> Import:
    """Upload a file of another program, as the body of the request. It is read, and its preview says what it would bring.

    Nothing is imported before you confirm the preview. A preview that is not confirmed within a day is deleted with its file.
    """
    if not uploaded:
        raise Invalid.field("body", "the file is empty")
    uow.tx.serialize("uploads")
    found = uow.tx.one(QUERIES["unfinished"])
    if found is not None and found["count"] >= UNFINISHED:
        raise TooManyImports
    import_id, me = new_id(), uow.caller.user_id
    row = insert_row(
        uow.tx,
        imports,
        {
            "id": import_id,
            "file_name": about.file_name,
            "format": about.format,
            "file_hash": hashlib.sha256(uploaded).hexdigest(),
            "status": "previewing",
            "queued_at": uow.tx.now,
        },
    )
    for part, start in enumerate(range(0, len(uploaded), PART_BYTES)):
        piece = uploaded[start : start + PART_BYTES]
        uow.tx.run(QUERIES["add_file"], {"id": import_id, "part": part, "user_id": me, "content": piece})
    return ENTITY.to_response(row)


@router.get("", responses=problems(NotSignedIn, Invalid))
def list_imports(filters: Annotated[ImportFilter, Query()], uow: UnitOfWork) -> ImportPage:
    """List imports."""
    values = {"limit": filters.limit} | after_moment(filters.cursor, "imports")
    page = page_of(uow.tx.all(QUERIES["page"], values), filters.limit, "imports", "created_at")
    return ImportPage(items=[ImportEntry.from_row(row) for row in page.rows], next_cursor=page.next_cursor)


@router.get("/{import_id:uuid}", responses=problems(NotSignedIn, ImportNotFound, Invalid))
def get_import(import_id: UUID, uow: UnitOfWork) -> Import:
    """Get an import: its preview, its progress or its result."""
    return ENTITY.to_response(ENTITY.one(uow.tx, import_id))


@router.post(
    "/{import_id:uuid}/preview",
    status_code=202,
    responses=problems(NotSignedIn, ImportNotFound, ImportNotReady, KeyReused, Invalid),
)
def preview_import(import_id: UUID, body: PreviewChange, uow: UnitOfWork) -> Import:
    """Read the file again as another format, or with other columns."""
    row = ENTITY.locked(uow.tx, import_id)
    if row["status"] not in {"ready", "failed"}:
        raise ImportNotReady
    columns = None if body.columns is None else Jsonb({"chosen": body.columns})
    return _queue(uow, row, "previewing", {"format": body.format, "columns": columns})


@router.post(
    "/{import_id:uuid}/confirm",
    status_code=202,
    responses=problems(NotSignedIn, ImportNotFound, ImportNotReady, KeyReused, Invalid),
)
def confirm_import(import_id: UUID, uow: UnitOfWork) -> Import:
    """Import what the preview says. It is imported whole or not at all, and can be undone."""
    row = ENTITY.locked(uow.tx, import_id)
    if row["status"] != "ready":
        raise ImportNotReady
    return _queue(uow, row, "importing")


@router.delete(
    "/{import_id:uuid}",
    status_code=202,
    responses=problems(NotSignedIn, ImportNotFound, ImportRunning, Invalid),
)
def undo_import(import_id: UUID, uow: UnitOfWork) -> Import:
    """Undo an import: all that it brought is removed, also what you have changed since. A preview is deleted with its file."""
    row = ENTITY.locked(uow.tx, import_id)
    match row["status"]:
        case "importing":
            raise ImportRunning
        case "done":
            uow.audit("import.undone", entity="import", entity_id=import_id)
            return _queue(uow, row, "undoing")
        case "undoing" | "undone":
            return ENTITY.to_response(row)
    uow.tx.run(QUERIES["discard"], {"id": import_id})
    return ENTITY.to_response({**row, "status": "undone", "undone_at": uow.tx.now})


def _queue(uow: UnitOfWork, row: Any, status: str, changes: dict[str, Any] | None = None) -> Import:
    waiting = {"status": status, "queued_at": uow.tx.now, "claimed_at": None, "attempts": 0, "problem": None}
    saved = update_row(
        uow.tx, imports, row["id"], waiting | {"progress_done": 0, "progress_total": 0} | (changes or {})
    )
    assert saved is not None
    return ENTITY.to_response(saved)
