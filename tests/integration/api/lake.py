"""Days of a user in the lake that the API reads."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import pyarrow as pa
from fastapi.testclient import TestClient

from focusflow.identity import bucket_of
from focusflow.lake.tables import Lake
from tests.conftest import BUCKETS
from tests.unit.reports.conftest import DAILY, day


def put(http: TestClient, user_id: str, days: Iterable[date], **numbers: Any) -> None:
    app: Any = http.app
    whose = UUID(user_id)
    rows = [{**day(each, whose, **numbers), "bucket": bucket_of(whose, BUCKETS)} for each in days]
    lake = Lake(app.state.services.settings.lake_location)
    lake.open(DAILY).append(pa.Table.from_pylist(rows, DAILY.schema), positions={})
