"""What the pipeline's own server knows of tables: when each was made, and whether its rules hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from dashboard import person
from dashboard.shared import shared
from focusflow.problems import Unavailable

QUERY = """{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { timestamp } assetChecksOrError { ... on AssetChecks { checks {
  name executionForLatestMaterialization { status evaluation { metadataEntries { label ... on IntMetadataEntry { intValue } } } } } } } } }"""


class NoPipeline(Unavailable):
    """Dagster does not answer, so nothing can be said of checks. The tables stand as they are."""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule of a table, and how often it is broken; None while it was not checked since the table was made."""

    table: str
    rule: str
    passed: bool | None
    broken: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """A table, when it was made last, and its rules."""

    table: str
    at: datetime | None
    checks: tuple[Check, ...]


def tables() -> list[Made]:
    """Every table that the pipeline makes. For analysts and admins."""
    person.analyst()
    try:
        answer = httpx2.post(f"{shared().dagster}/graphql", json={"query": QUERY}, timeout=5, trust_env=False)
        nodes = answer.raise_for_status().json()["data"]["assetNodes"]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        raise NoPipeline from error
    return sorted((_made(node) for node in nodes), key=lambda made: made.table)


def _made(node: dict[str, Any]) -> Made:
    name = "/".join(node["assetKey"]["path"])
    last = next(iter(node["assetMaterializations"]), None)
    at = datetime.fromtimestamp(int(last["timestamp"]) / 1000, UTC) if last else None
    return Made(name, at, tuple(_checks(name, node["assetChecksOrError"])))


def _checks(table: str, found: dict[str, Any]) -> Iterator[Check]:
    for each in found.get("checks", []):
        run = each["executionForLatestMaterialization"]
        known = run is not None and run["status"] in ("SUCCEEDED", "FAILED")
        evaluation = (run or {}).get("evaluation") or {"metadataEntries": []}
        broken = next(
            (entry.get("intValue") for entry in evaluation["metadataEntries"] if entry["label"] == "broken"), None
        )
        yield Check(table, each["name"], run["status"] == "SUCCEEDED" if known else None, broken)
