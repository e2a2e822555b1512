"""Everything about the caller as a ZIP. The request is a row; Dagster writes the file, and the API sends it."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse

from focusflow.database.queries import load_queries
from focusflow.errors import Conflict, NotFound, NotSignedIn
from focusflow.identity import new_id
from operational_api.http.errors import problems
from operational_api.http.route import CheckedRoute, TypedRoute
from operational_api.http.services import Shared
from operational_api.http.unit_of_work import KeyReused, UnitOfWork
from operational_api.personal_data.schemas import Export
from operational_api.security import audit
from operational_api.security.authentication import Credentials, CredentialsDependency, authenticate

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

#: Each reads all that there is of a user.
PER_DAY = 5

router = APIRouter(prefix="/me/export", tags=["Accounts"], route_class=TypedRoute)

#: A file is sent in pieces, so its route is none that renders an answer as a whole.
download_router = APIRouter(prefix="/me/export", tags=["Accounts"], route_class=CheckedRoute)


class ExportNotFound(NotFound):
    """You have no export. Request one first."""


class NothingToDownload(NotFound):
    """You have no export that is ready. It may still be being written, or its file was deleted when it expired."""


class TooManyExports(Conflict):
    """You can request five exports in 24 hours."""


@router.post("", status_code=202, responses=problems(NotSignedIn, TooManyExports, KeyReused))
def request_export(uow: UnitOfWork) -> Export:
    """Request an export of everything that is stored about you. One that is still being written is returned instead of a new one."""
    mine = {"user_id": uow.caller.user_id}
    uow.tx.serialize("exports")
    row = uow.tx.one(QUERIES["newest"], mine)
    if row is None or row["status"] != "requested":
        of_late = uow.tx.one(QUERIES["of_late"], mine | {"since": uow.tx.now - timedelta(days=1)})
        if of_late is not None and of_late["exports"] >= PER_DAY:
            raise TooManyExports
        row = uow.tx.one(QUERIES["add"], mine | {"id": new_id(), "now": uow.tx.now})
        assert row is not None
        uow.audit("export.requested", entity="export", entity_id=row["id"])
    return Export.from_row(row)


@router.get("", responses=problems(NotSignedIn, ExportNotFound))
def get_export(uow: UnitOfWork) -> Export:
    """Get the status of your newest export."""
    row = uow.tx.one(QUERIES["newest"], {"user_id": uow.caller.user_id})
    if row is None:
        raise ExportNotFound
    return Export.from_row(row)


@download_router.get(
    "/download",
    response_class=FileResponse,
    responses={
        **problems(NotSignedIn, NothingToDownload),
        200: {"description": "The ZIP.", "content": {"application/zip": {}}},
    },
)
def download_export(
    credentials: Annotated[Credentials, Depends(CredentialsDependency())], shared: Shared
) -> FileResponse:
    """Download your newest export that is ready, as a ZIP of JSON and CSV files. Its README.txt explains every file."""
    with authenticate(shared.database, credentials) as (tx, caller):
        me = caller.user_id
        row = tx.one(QUERIES["ready"], {"user_id": me, "now": tx.now})
        path = shared.settings.exports_folder / f"{row['id']}.zip" if row else None
        if row is None or path is None or not path.is_file():
            raise NothingToDownload
        audit.record(
            tx, "export.downloaded", credentials.origin, actor_id=me, user_id=me, entity="export", entity_id=row["id"]
        )
    return FileResponse(path, media_type="application/zip", filename="focusflow-export.zip")
