"""What the pipeline's own server knows of tables: when each was made, and whether its rules hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import streamlit as st

from dashboard import current_user
from dashboard.app_state import shared
from focusflow.errors import Unavailable
from focusflow.lake.tables import DAILY_TABLE
from focusflow.settings import reachable_host

DRIFT, RECONCILIATION = "sees_what_it_was_trained_on", "nothing_lost_or_doubled"
REFERENCE = "agrees_with_the_reference"
LOCAL = "127.0.0.1"
CHECK_FIELDS = """status timestamp evaluation { metadataEntries { label
  ... on IntMetadataEntry { intValue } ... on FloatMetadataEntry { floatValue } ... on TextMetadataEntry { text } ... on MarkdownMetadataEntry { mdStr }
  ... on UrlMetadataEntry { url } } }"""
TABLES = (
    "{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { timestamp } assetChecksOrError { ... on AssetChecks { checks {"
    f" name description executionForLatestMaterialization {{ {CHECK_FIELDS} }} }} }} }} }} }}"
)
LAST = (
    "query($path: [String!]!, $check: String!) { assetCheckExecutions(assetKey: {path: $path}, checkName: $check, limit: 1) {"
    f" {CHECK_FIELDS} }} }}"
)


class NoPipeline(Unavailable):
    """Dagster does not answer, so the results of checks are missing. The tables are not affected."""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule of a table, when it was looked at last, and what was found; None while it was not since the table was made."""

    table: str
    rule: str
    means: str
    passed: bool | None
    at: datetime | None
    metadata: Mapping[str, Any]

    @property
    def broken(self) -> int | None:
        """How often it is broken."""
        return self.metadata.get("broken")


@dataclass(frozen=True, slots=True)
class TableStatus:
    """A table, when it was made last, and its rules."""

    table: str
    at: datetime | None
    checks: tuple[Check, ...]


def tables() -> list[TableStatus]:
    """Every table that the pipeline makes. For analysts and admins."""
    return sorted((_table_status(node) for node in _answer(TABLES)["assetNodes"]), key=lambda status: status.table)


def drift() -> Check | None:
    """Whether the model that serves still sees what it was trained on; None while nobody looked."""
    return _last("models/priority", DRIFT)


def reconciliation() -> Check | None:
    """Whether events were lost or doubled when they were counted last; None while they were not."""
    return _last("silver/events", RECONCILIATION)


def reference() -> Check | None:
    """Whether the daily table agreed with the reference when both were compared last; None while they were not."""
    return _last(DAILY_TABLE, REFERENCE)


def _last(table: str, rule: str) -> Check | None:
    metadata = _answer(LAST, path=table.split("/"), check=rule)["assetCheckExecutions"]
    return next((_check(table, rule, "", run) for run in metadata), None)


def _answer(query: str, **variables: Any) -> dict[str, Any]:
    bearer = {"Authorization": f"Bearer {current_user.require_analyst().token}"}
    body = {"query": query, "variables": variables}
    try:
        url = f"http://{shared().host}:{shared().dagster_port}/graphql"
        answer = httpx2.post(url, json=body, headers=bearer, timeout=5, trust_env=False)
        return dict(answer.raise_for_status().json()["data"])
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        raise NoPipeline from error


def address() -> str:
    """Where somebody's browser finds Dagster: as the settings say, else on the host by which they came here."""
    hostname = urlsplit(st.context.url or "").hostname or LOCAL
    return shared().dagster_url or f"http://{reachable_host(hostname)}:{shared().dagster_port}"


def _table_status(node: dict[str, Any]) -> TableStatus:
    name = "/".join(node["assetKey"]["path"])
    last = next(iter(node["assetMaterializations"]), None)
    at = datetime.fromtimestamp(int(last["timestamp"]) / 1000, UTC) if last else None
    return TableStatus(name, at, tuple(_checks(name, node["assetChecksOrError"])))


def _checks(table: str, metadata: dict[str, Any]) -> Iterator[Check]:
    """But for those that run once a night, and not whenever the table is made."""
    for each in metadata.get("checks", []):
        if each["name"] not in (RECONCILIATION, REFERENCE):
            yield _check(table, each["name"], each["description"] or "", each["executionForLatestMaterialization"])


def _check(table: str, rule: str, means: str, run: dict[str, Any] | None) -> Check:
    passed = {"SUCCEEDED": True, "FAILED": False}.get(run["status"]) if run else None
    if run is None or passed is None:
        return Check(table, rule, means, None, None, {})
    entries = (run["evaluation"] or {}).get("metadataEntries", [])
    metadata = {entry.pop("label"): _value(entry) for entry in entries}
    return Check(table, rule, means, passed, datetime.fromtimestamp(run["timestamp"], UTC), metadata)


def _value(entry: dict[str, Any]) -> Any:
    """What an entry says, whatever kind it is of. None for a kind that the query does not name."""
    return next(iter(entry.values()), None)
