"""A refresh that continues the traces of the events that it brings to gold."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from focusflow import tracing
from focusflow.lake.tables import RAW_EVENTS, Lake
from pipelines.engine.refresh import Refresh, Step


@dataclass(slots=True)
class Traces:
    """Which traces the commits of raw since the last refresh continue."""

    lake: Lake
    _version: int | None = field(default=None, init=False)

    def new(self) -> list[str]:
        raw = self.lake.pinned(RAW_EVENTS.name)
        if raw is None or raw.version == self._version:
            return []
        since, self._version = (raw.version - 1 if self._version is None else self._version), raw.version
        named = (each.get(tracing.COMMIT_KEY) or "" for each in raw.commit_metadata_since(since))
        return list(dict.fromkeys(each for names in named for each in names.split()))[: tracing.MOST_TRACES]


@dataclass(frozen=True, slots=True)
class TracedRefresh(Refresh):
    traces: Traces = field(kw_only=True)

    def run(self) -> Iterator[Step]:
        """A span for the refresh, with one for each table that got rows."""
        with tracing.spans("refresh", self.traces.new()) as parents:
            for step in Refresh.run(self):
                if step.rows:
                    attributes: dict[str, Any] = {"focusflow.table": step.table, f"focusflow.{step.unit}": step.rows}
                    for parent in parents:
                        tracing.past_span(step.table, parent, step.seconds, attributes)
                yield step
