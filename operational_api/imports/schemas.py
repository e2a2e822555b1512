"""Request and response schemas of imports."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from focusflow.import_formats import FORMATS
from operational_api.http.pagination import Cursor
from operational_api.http.schema_base import WRITABLE, Input, Output, Whole


def _known(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"there is no such format; there are: {', '.join(FORMATS)}")
    return name


FileName = Annotated[str, StringConstraints(min_length=1, max_length=200), WRITABLE]
FormatName = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(FORMATS)})]
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=500), WRITABLE]

Status = Literal["previewing", "ready", "importing", "done", "undoing", "undone", "failed"]


class NewImport(Input):
    """What is known of an upload besides its content."""

    file_name: FileName = Field(examples=["todoist.zip"])
    format: FormatName | None = Field(
        None, description="The name of its format. Omitted, the file is recognized.", examples=["todoist"]
    )


class PreviewChange(Input):
    """How to read the file instead."""

    format: FormatName | None = Field(None, description="The name of its format. Omitted, the file is recognized.")
    columns: Annotated[dict[ColumnName, ColumnName | None], Field(max_length=50)] | None = Field(
        None,
        description="For a CSV file: the column of each field. A field that is not named keeps its guess; null leaves it out.",
        examples=[{"due": "Deadline"}],
    )


class Finding(Output):
    """A record that was skipped, or imported without one of its values."""

    place: str = Field(description="The line, and the file where an archive holds several.", examples=["line 12"])
    outcome: Literal["skipped", "changed"]
    reason: str


class Columns(Output):
    """What the columns of a CSV file are taken for."""

    mapping: dict[str, str] = Field(description="The column of each field.")
    header: list[str] = Field(description="The columns of the file.")
    fields: list[str] = Field(description="The fields that there are.")


class Progress(Output):
    """How many records are written."""

    done: int
    total: int


class ImportEntry(Output):
    """An import: what it brings, and how far it is."""

    id: UUID
    file_name: str
    format: str | None = Field(description="The format; null while the file is not recognized yet.")
    status: Status = Field(
        description="`previewing`: the file is read. `ready`: the counts say what it would bring; confirm it. `importing`, then `done`."
        " `undoing`, then `undone`. `failed`: `problem` says why, and nothing was imported."
    )
    problem: str | None = Field(description="Why it failed, or could not be undone.")
    progress: Progress
    imported: dict[str, int] = Field(description="New records by noun.", examples=[{"task": 120, "category": 4}])
    known: dict[str, int] = Field(description="Records that an earlier import brought. They are left as they are.")
    skipped: int = Field(description="Records that are left out.")
    changed: int = Field(description="Records that are imported without one of their values.")
    created_at: datetime
    updated_at: datetime
    undone_at: datetime | None
    version: int

    @classmethod
    def from_row(cls, row: Any) -> Self:
        return cls.model_validate(_fields(row))


class Import(ImportEntry):
    """An import with its findings."""

    findings: list[Finding] = Field(description="What is skipped or changed, and why. The first 1000 of them.")
    columns: Columns | None = Field(description="For a CSV file.")

    @classmethod
    def from_row(cls, row: Any) -> Self:
        columns = row["columns"] if row["columns"] and "mapping" in row["columns"] else None
        shown = columns and {name: columns[name] for name in Columns.model_fields}
        return cls.model_validate(_fields(row) | {"findings": row["findings"], "columns": shown})


def _fields(row: Any) -> dict[str, Any]:
    counts: dict[str, Any] = {"imported": {}, "known": {}, "skipped": 0, "changed": 0} | row["counts"]
    names = ("id", "file_name", "format", "status", "problem", "created_at", "updated_at", "undone_at", "version")
    progress = {"done": row["progress_done"], "total": row["progress_total"]}
    named: dict[str, Any] = {name: row[name] for name in names}
    return {**named, **counts, "progress": progress}


class ImportFilter(Input):
    """A page of a list of imports."""

    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Cursor | None = None


class ImportPage(Output):
    """A page of imports, newest first."""

    items: list[ImportEntry]
    next_cursor: str | None
