"""Histories of made-up users, straight in a lake."""

import polars as pl

from focusflow.contracts.registry import BY_NAME
from pipelines.engine.histories import spec


def fill(lake, tables):
    """Histories straight into the lake's tables; what they leave out is empty."""
    for name, rows in tables.items():
        table = lake.open(spec(BY_NAME[name.removesuffix("_history")]))
        missing = [pl.lit(None).alias(column) for column in table.columns().names if column not in rows.columns]
        table.append(rows.with_columns(missing).with_columns(bucket=pl.lit(0)).to_arrow(), positions={})
