"""Events of lineage by OpenLineage: which table was built when, of which tables and columns. They are off unless FOCUSFLOW_OPENLINEAGE_URL is
set; the extra `openlineage` brings what sends them.

They are made of what Dagster's event log stores, so they tell of runs and of what the resident refresher built alike. The package
dagster-openlineage leaves out the latter, which has no run, and names no inputs. Events have names of tables and columns, never a row.
"""

import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import dagster as dg
from dagster._core.events.log import EventLogEntry

from focusflow import __version__
from focusflow.errors import SetupProblem
from focusflow.settings import Settings
from pipelines.engine import descriptions, lineage
from pipelines.engine.descriptions import Table

log = logging.getLogger(__name__)

#: So many events wait for a receiver that is slow; later ones are dropped.
MOST_WAITING = 10_000
SECONDS_TO_ANSWER, SECONDS_TO_END = 5, 5

#: Named in each event as what made it.
PRODUCER = f"urn:focusflow:{__version__}"


@dataclass(frozen=True, slots=True)
class _Build:
    """A table that was built, or could not be."""

    table: str
    run_id: str  # of Dagster; empty for the refresher's
    ended_at: float
    seconds: float = 0
    rows: int | None = None
    version: int | None = None
    has_failed: bool = False


class _Sender:
    """Sends from a thread of its own: a receiver that is away holds up no build."""

    def __init__(self, client: Any, namespace: str) -> None:
        self._client, self._namespace = client, namespace
        self._waiting: queue.Queue[_Build | None] = queue.Queue(MOST_WAITING)
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="lineage events", daemon=True)
        self._thread.start()

    def put(self, build: _Build) -> None:
        try:
            self._waiting.put_nowait(build)
        except queue.Full:
            self._warn("Too many wait.")

    def close(self) -> None:
        """What waits is sent, if that takes a moment only."""
        try:
            self._waiting.put(None, timeout=SECONDS_TO_END)
        except queue.Full:
            return
        self._thread.join(timeout=SECONDS_TO_END)

    def _run(self) -> None:
        while (build := self._waiting.get()) is not None:
            try:
                for event in run_events(build, self._namespace):
                    self._client.emit(event)
            except Exception as error:  # noqa: BLE001 (requests' and the receiver's; the table is built all the same)
                self._warn(str(error))
            else:
                self._is_failing = False

    def _warn(self, reason: str) -> None:
        """Once, until one is taken again."""
        if not self._is_failing:
            log.warning("Events of lineage cannot be sent and are dropped for the moment: %s", reason)
        self._is_failing = True


_sender: _Sender | None = None


@contextmanager
def lineage_events(settings: Settings) -> Iterator[None]:
    """Send what this process stores in Dagster's event log until the end of the block."""
    global _sender  # noqa: PLW0603 (Dagster opens its storage itself, and hands it nothing)
    if not settings.openlineage_url:
        yield
        return
    try:
        from openlineage.client import OpenLineageClient
        from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport
    except ImportError as error:
        raise SetupProblem(
            "FOCUSFLOW_OPENLINEAGE_URL needs the extra `openlineage`: pip install 'focusflow[openlineage]'."
        ) from error
    key = settings.openlineage_api_key
    config = HttpConfig(url=settings.openlineage_url, timeout=SECONDS_TO_ANSWER)
    if key:
        config.auth = ApiKeyTokenProvider({"apiKey": key.get_secret_value()})
    _sender = _Sender(OpenLineageClient(transport=HttpTransport(config)), settings.openlineage_namespace)
    try:
        yield
    finally:
        _sender.close()
        _sender = None


def send(entry: EventLogEntry) -> None:
    """Send what an entry of the event log says of a table."""
    if _sender is not None and (build := _build_of(entry)):
        _sender.put(build)


def _build_of(entry: EventLogEntry) -> _Build | None:
    event = entry.dagster_event
    if event is None:
        return None
    if event.event_type is dg.DagsterEventType.STEP_FAILURE:  # which step of the run it is names the table
        table = str(event.step_key).replace("__", "/")
        is_known = table in descriptions.by_name()
        return _Build(table, entry.run_id, entry.timestamp, has_failed=True) if is_known else None
    if event.event_type is not dg.DagsterEventType.ASSET_MATERIALIZATION or event.asset_key is None:
        return None
    table = "/".join(event.asset_key.path)
    if table not in descriptions.by_name():
        return None
    metadata = event.step_materialization_data.materialization.metadata
    found: dict[str, Any] = {name: value.value for name, value in metadata.items()}
    return _Build(
        table,
        entry.run_id,
        entry.timestamp,
        seconds=found.get("seconds", 0),
        rows=found.get("dagster/row_count"),
        version=found.get("lake_version"),
    )


def run_events(build: _Build, namespace: str) -> Iterator[Any]:
    """The start of a build and its end. The same build has the same id, so that a receiver knows one that is sent twice."""
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import job_type_job, parent_run

    table = descriptions.table(build.table)
    parent: dict[str, Any] = {}
    if build.run_id:
        parent["parent"] = parent_run.ParentRunFacet(
            parent_run.Run(build.run_id), parent_run.Job(namespace, "dagster run"), producer=PRODUCER
        )
    kind = job_type_job.JobTypeJobFacet("BATCH", "FOCUSFLOW", "TABLE", producer=PRODUCER)
    run_id = uuid5(NAMESPACE_URL, f"{namespace}/{build.table}/{build.run_id}/{build.ended_at}")
    run = Run(runId=str(run_id), facets=parent)
    job = Job(namespace=namespace, name=table.sql_name, facets={"jobType": kind})
    inputs, outputs = _inputs(table, namespace), [_output(table, build, namespace)]
    begun_at = _written(build.ended_at - build.seconds)
    details: dict[str, Any] = {"run": run, "job": job, "inputs": inputs, "producer": PRODUCER}
    yield RunEvent(eventTime=begun_at, eventType=RunState.START, outputs=[], **details)
    state = RunState.FAIL if build.has_failed else RunState.COMPLETE
    yield RunEvent(eventTime=_written(build.ended_at), eventType=state, outputs=outputs, **details)


def _inputs(table: Table, namespace: str) -> list[Any]:
    from openlineage.client.event_v2 import InputDataset

    return [InputDataset(namespace=namespace, name=descriptions.table(name).sql_name) for name in table.reads]


def _output(table: Table, build: _Build, namespace: str) -> Any:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import (
        dataset_version_dataset,
        documentation_dataset,
        output_statistics_output_dataset,
        schema_dataset,
    )

    fields = [schema_dataset.SchemaDatasetFacetFields(each.name, each.type, each.description) for each in table.columns]
    facets: dict[str, Any] = {
        "schema": schema_dataset.SchemaDatasetFacet(fields, producer=PRODUCER),
        "documentation": documentation_dataset.DocumentationDatasetFacet(table.description, producer=PRODUCER),
        "columnLineage": _column_lineage(table, namespace),
    }
    if build.version is not None:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(str(build.version), producer=PRODUCER)
    counted: dict[str, Any] = {}
    if build.rows is not None:
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=build.rows, producer=PRODUCER
        )
        counted["outputStatistics"] = statistics
    return OutputDataset(namespace=namespace, name=table.sql_name, facets=facets, outputFacets=counted)


def _column_lineage(table: Table, namespace: str) -> Any:
    """What a column is made of is direct; what filters and joins its rows is indirect."""
    from openlineage.client.facet_v2 import column_lineage_dataset as facet

    def of(sources: list[list[str]], kind: str, subtype: str | None = None) -> list[Any]:
        how = [facet.Transformation(kind, subtype)]
        return [facet.InputField(namespace, descriptions.table(name).sql_name, column, how) for name, column in sources]

    made, conditions = lineage.known().get(table.full_name, {}), lineage.conditions().get(table.full_name, {})
    fields = {}
    for column in (each.name for each in table.columns):
        found = of(made.get(column, []), "DIRECT")
        for name, subtype in (("filters", "FILTER"), ("joins", "JOIN")):
            found += of(conditions.get(column, {}).get(name, []), "INDIRECT", subtype)
        if found:
            fields[column] = facet.Fields(found)
    return facet.ColumnLineageDatasetFacet(fields, producer=PRODUCER)


def _written(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat()
