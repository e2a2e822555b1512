"""A user's report as of any moment of the past: from tables that are built again, by the code that always makes reports."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from focusflow.clock import Period, local_date
from focusflow.lake.session import duckdb_session
from models.serving.registry import Registry
from pipelines.engine.point_in_time import Row, past_lake
from reports.delivery.composer import Composer
from reports.delivery.delivery_log import DeliveryLog
from reports.periods.builder import ReportBuilder
from reports.periods.content import Report
from reports.periods.facts import Facts, User, gather
from reports.periods.past_details import past_user


def past_report(
    builder: ReportBuilder,
    user: User,
    period_of: Callable[[User, date], Period],
    as_of: datetime,
    kind: str | None = None,
) -> tuple[Report, list[Row]]:
    """The report, and the events of before that moment that were recorded after it. The period is that of the user and their day then. A report of
    a `kind` that is mailed also has what it corrects of the one that had been mailed before.
    """
    settings = builder.settings
    with (
        duckdb_session(temp_directory=str(settings.home / "tmp")) as session,
        past_lake(builder.lake, session, settings.buckets, user.id, as_of, every=True) as past,
    ):
        past.score(Registry(settings.models_folder))
        then = past_user(past.lake, session, user)
        past_builder = replace(builder, lake=past.lake)

        def facts(whom: User, period: Period) -> Facts:
            return gather(past.lake, settings.buckets, whom, period, as_of)

        def report(known: Facts) -> Report:
            return past_builder.past_report(session, known)

        known = facts(then, period_of(then, local_date(as_of, then.timezone)))
        if kind is None:
            return report(known), past.late
        log = DeliveryLog(builder.database, settings.mail_from)
        return Composer(settings, log, facts, report, as_of).report(known, kind), past.late
