"""What there is to achieve."""

import pyarrow as pa

from focusflow.lake.session import Inputs, Session
from pipelines.engine.window import Window
from reports.notifications.achievements import ACHIEVEMENTS

SCHEMA = pa.schema(
    [("achievement", pa.string()), ("metric", pa.string()), ("threshold", pa.int64()), ("points", pa.int64())]
)


def achievement_rules(_session: Session, _inputs: Inputs, _window: Window) -> pa.Table:
    """One row per achievement."""
    rows = [
        {"achievement": each.name, "metric": each.metric, "threshold": each.threshold, "points": each.points}
        for each in ACHIEVEMENTS
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)
