"""A user's report as of any moment of the past: from tables that are built again, by the code that always makes reports."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from focusflow.clock import Period, local_date
from focusflow.lake.session import duckdb_session
from models.serving.registry import Registry
from pipelines.engine.point_in_time import Row, past_lake
from reports.periods.builder import ReportBuilder
from reports.periods.content import Report
from reports.periods.facts import User, gather
from reports.periods.past_details import past_user


def past_report(
    builder: ReportBuilder, user: User, period_of: Callable[[User, date], Period], as_of: datetime
) -> tuple[Report, list[Row]]:
    """The report, and the events of before that moment that were recorded after it. The period is that of the user and their day then."""
    settings = builder.settings
    with (
        duckdb_session(temp_directory=str(settings.home / "tmp")) as session,
        past_lake(builder.lake, session, settings.buckets, user.id, as_of, every=True) as past,
    ):
        past.score(Registry(settings.models_folder))
        then = past_user(past.lake, session, user)
        period = period_of(then, local_date(as_of, then.timezone))
        facts = gather(past.lake, settings.buckets, then, period, as_of)
        return replace(builder, lake=past.lake).past_report(session, facts), past.late
