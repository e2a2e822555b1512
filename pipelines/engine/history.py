"""Answers about the past for the API: figures with all that they are made of, scores, and reports, as of any moment."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from threading import BoundedSemaphore
from typing import Any, Final
from uuid import UUID

from focusflow.clock import Period
from focusflow.errors import Unavailable
from focusflow.lake.session import Session, duckdb_session
from models.serving.registry import Registry
from pipelines.engine.explanation import Question, explain
from pipelines.engine.past_reports import past_report
from pipelines.engine.point_in_time import past_lake
from reports.periods.builder import ReportBuilder
from reports.periods.content import Report
from reports.periods.facts import User

#: Each builds tables again, so only so many are computed at a time, and others wait no longer than that.
AT_ONCE: Final = 2
PATIENCE_SECONDS: Final = 20


class HistoryBusy(Unavailable):
    """Others are looking at the past just now. Try again in a few seconds."""


class LakeHistory:
    """The past as the lake knows it."""

    def __init__(self, builder: ReportBuilder) -> None:
        self._builder = builder
        self._turns = BoundedSemaphore(AT_ONCE)

    def explain(self, metric: str, user_id: UUID, day: date, as_of: datetime) -> Mapping[str, Any]:
        settings = self._builder.settings
        with self._session() as session:
            question = Question(metric, user_id, day, as_of)
            return explain(
                self._builder.lake, session, settings.buckets, Registry(settings.models_folder), question
            ).as_json()

    def scores(self, user_id: UUID, day: date, as_of: datetime) -> tuple[list[dict[str, Any]], int]:
        settings = self._builder.settings
        with (
            self._session() as session,
            past_lake(self._builder.lake, session, settings.buckets, user_id, as_of) as past,
        ):
            return past.priorities(day, Registry(settings.models_folder)), len(past.late)

    def report(
        self, user: User, period_of: Callable[[User, date], Period], as_of: datetime, kind: str | None = None
    ) -> tuple[Report, int]:
        with self._turn():
            found, late = past_report(self._builder, user, period_of, as_of, kind)
        return found, len(late)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with self._turn(), duckdb_session(temp_directory=str(self._builder.settings.home / "tmp")) as session:
            yield session

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=PATIENCE_SECONDS):
            raise HistoryBusy
        try:
            yield
        finally:
            self._turns.release()
