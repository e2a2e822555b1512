"""Exports over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from focusflow.errors import Invalid, NotSignedIn
from operational_api.exports import records
from operational_api.exports.formats import FORMATS, Name
from operational_api.http.errors import problems
from operational_api.http.rendered import Rendered
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import UnitOfWork

router = APIRouter(prefix="/exports", tags=["Imports"], route_class=TypedRoute)

FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {
            kind: {"schema": {} if kind == "application/json" else {"type": "string", "format": "binary"}}
            for kind in (each.media_type.partition(";")[0] for each in FORMATS.values())
        },
    }
}


@router.get("", responses=FILE | problems(NotSignedIn, Invalid))
def export_records(uow: UnitOfWork, format_name: Annotated[Name, Query(alias="format")] = "json") -> Rendered[Any]:
    """Export your records as a file. `json`, `csv` and `parquet` hold tasks, goals, habits, time, appointments and days off, and can be
    imported again; the others hold what the program has: tasks, and with `icalendar` also appointments.
    """
    chosen = FORMATS[format_name]
    uow.audit("records.exported", entity="export", after={"format": format_name})
    content = chosen.write(records.read(uow.tx, uow.caller.timezone))
    disposition = {"Content-Disposition": f'attachment; filename="{chosen.file_name}"', "Cache-Control": "no-store"}
    return Rendered(content, headers=disposition, media_type=chosen.media_type)
