"""Response schemas of exports."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from operational_api.http.schema_base import Output


class Export(Output):
    """An export of your data."""

    status: Literal["requested", "ready", "failed", "expired"] = Field(
        description="`requested` until the file is written. A `failed` export can be requested again."
    )
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None = Field(description="When the file is deleted.")
    bytes: int | None = Field(description="The size of the file.")
