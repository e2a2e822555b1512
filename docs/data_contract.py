"""The data contract of the tables that analysts read, in the Open Data Contract Standard, from the descriptions of the tables."""

from collections.abc import Iterator
from math import isfinite
from typing import Any

import yaml

from focusflow import __version__
from pipelines.engine.catalog import TABLES
from pipelines.engine.descriptions import Column, Table, table

LOGICAL_TYPES = {
    "VARCHAR": "string", "DATE": "date", "TIMESTAMPTZ": "timestamp", "BIGINT": "integer", "INTEGER": "integer", "SMALLINT": "integer",
    "DOUBLE": "number", "BOOLEAN": "boolean",
}  # fmt: skip


def data_contract() -> str:
    """The contract as YAML."""
    document = {
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": "focusflow-lake",
        "name": "FocusFlow lake",
        "version": __version__,
        "status": "active",
        "description": {
            "purpose": "Activity and productivity of users, for analysts.",
            "usage": "Open catalog.duckdb under the home with DuckDB, or the Delta tables themselves.",
            "limitations": "No personal text: titles, notes, names and addresses are in no table. Columns are added within a major version, not removed.",
        },
        "schema": [_table(table(name)) for name in TABLES],
    }
    head = "# Rendered from the table.toml files under pipelines/tables: `make docs` writes it.\n"
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=160)


def _table(described: Table) -> dict[str, Any]:
    rules = [
        {
            "type": "sql",
            "name": name,
            "query": _rows_where(described, condition),
            "mustBe": 0,
        }
        for name, condition in described.row_rules.items()
    ]
    return {
        "name": described.sql_name,
        "physicalName": described.full_name,
        "logicalType": "object",
        "physicalType": "table",
        "description": described.description,
        "tags": [described.group],
        "properties": [_column(described, column) for column in described.columns],
        **({"quality": rules} if rules else {}),
    }


def _column(described: Table, column: Column) -> dict[str, Any]:
    base, _, is_list = column.type.partition("[")
    logical = "array" if is_list else LOGICAL_TYPES.get(base, "object")
    found: dict[str, Any] = {
        "name": column.name,
        "logicalType": logical,
        "physicalType": column.type,
        "description": column.description,
        "required": bool(column.tests.get("not_null")),
    }
    if logical == "array":
        found["items"] = {"logicalType": LOGICAL_TYPES.get(base, "object"), "physicalType": base}
    if column.name in described.grain:
        found |= {"primaryKey": True, "primaryKeyPosition": described.grain.index(column.name) + 1}
    if column.name in described.partition_by:
        found |= {"partitioned": True, "partitionKeyPosition": described.partition_by.index(column.name) + 1}
    if column.name == "user_id":
        found["classification"] = "pseudonymous"
    if target := column.tests.get("references"):
        found["relationships"] = [{"type": "foreignKey", "to": target}]
    if quality := list(_quality(described, column)):
        found["quality"] = quality
    return found


def _quality(described: Table, column: Column) -> Iterator[dict[str, Any]]:
    if values := column.tests.get("accepted_values"):
        arguments = {"validValues": values}
        yield {"type": "library", "metric": "invalidValues", "arguments": arguments, "mustBe": 0}
    if bounds := column.tests.get("range"):
        limits = [f"{column.name} {sign} {bound}" for sign, bound in zip("<>", bounds, strict=True) if isfinite(bound)]
        yield {"type": "sql", "query": _rows_where(described, " or ".join(limits)), "mustBe": 0}


def _rows_where(described: Table, condition: str) -> str:
    return f"select count(*) from {described.sql_name} where {condition}"  # noqa: S608 (written out for a reader, and not run)
