"""Request and response schemas of erasures."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from operational_api.http.schema_base import Input, Output


class ErasureRequest(Input):
    """The password of the account, as a confirmation. An account without one confirms by a sign-in with the provider instead."""

    password: Annotated[str, StringConstraints(max_length=128, strip_whitespace=False)] = Field(
        "", examples=["a long sentence is a good password"]
    )


class Erasure(Output):
    """An erasure of your account that you asked for."""

    requested_at: datetime
    due_at: datetime = Field(description="When it begins. Until then it can be cancelled.")


class ErasureStatus(Output):
    """An erasure, without whom it is about."""

    id: UUID
    status: Literal["waiting", "running", "purging", "done"] = Field(
        description="`purging`: everything is deleted but files that readers of the lake may still have open."
    )
    created_at: datetime
    due_at: datetime
    purge_at: datetime | None = Field(description="When those files are deleted.")
    finished_at: datetime | None


class Erasures(Output):
    """Erasures, newest first."""

    items: list[ErasureStatus]


class Certificate(Output):
    """What was erased, signed by this installation. It names the user by the hash of the id only."""

    id: UUID
    user_hash: str
    requested_at: datetime
    finished_at: datetime
    erased: dict[str, Any] = Field(description="Rows, files and log entries that were deleted or rewritten.")
    algorithm: str
    signature: str
