"""Reports by mail as an asset: `reports` decides who is due and sends; here its counts become metadata and checks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import dagster as dg

from focusflow.database.session import Database
from focusflow.lake.tables import DAILY_TABLE
from focusflow.mail import mailer
from pipelines.orchestration.assets.tables import OWNERS, key_of
from pipelines.orchestration.resources import Installation
from reports.delivery.sender import Counts, Sender, sender
from reports.notifications.achievement_evaluator import AchievementEvaluator
from reports.notifications.delivery import reminders
from reports.notifications.habit_scheduler import HabitReminderScheduler
from reports.notifications.plan_scheduler import plans
from reports.notifications.reminder_scheduler import ReminderScheduler
from reports.notifications.tip_scheduler import TipScheduler
from reports.periods.facts import ROLLUPS

KEY = dg.AssetKey(["reports", "deliveries"])

FAILURES = dg.AssetCheckSpec(
    "failed_or_unknown", asset=KEY, description="A report was given up, or nobody knows whether it arrived."
)
SILENCE = dg.AssetCheckSpec(
    "due_and_none_sent",
    asset=KEY,
    description="Reports were due, and not one of them went out: the mail server or the numbers are away.",
)


@contextmanager
def opened(installation: Installation) -> Iterator[Sender]:
    """The sender of an installation."""
    settings = installation.settings
    with installation.database(connections=settings.mail_connections + 1) as database:
        yield sender(settings, database, mailer(settings))


@dg.asset(
    key=KEY,
    deps=[key_of(name) for name in (DAILY_TABLE, *ROLLUPS.values())],
    check_specs=[FAILURES, SILENCE],
    description="The weekly and monthly reports of everybody whose hour has come, mailed: at most one a person and period.",
    group_name="reports",
    kinds={"postgres"},
    owners=OWNERS,
    pool="reports_deliveries",
)
def deliveries(installation: Installation) -> Iterator[dg.MaterializeResult[None]]:
    with opened(installation) as ready:
        counts = ready.run()
    yield dg.MaterializeResult(metadata=asdict(counts), check_results=list(judged(counts)))


@dg.asset(
    key=["reports", "reminders"],
    description="Plans of the days that begin, what is due or falls behind, habits at their time, tips, and reminders whose moment has come: seen in the app from then on, and mailed to who chose so.",
    group_name="reports",
    kinds={"postgres"},
    owners=OWNERS,
    pool="reports_reminders",
)
def reminded(installation: Installation) -> dg.MaterializeResult[None]:
    """Plans and notes that cannot be made at all fail the run, but only after the reminders have gone out."""
    settings, counts = installation.settings, dict[str, int]()
    with installation.database(connections=settings.mail_connections + 1) as database:
        try:
            counts["planned"] = plans(settings, database).run()
        finally:
            try:
                for name, scheduler in schedulers(database).items():
                    counts[name] = scheduler.run()
            finally:
                counts |= asdict(reminders(settings, database, mailer(settings)).run())
    return dg.MaterializeResult(metadata=counts)


def schedulers(database: Database) -> dict[str, ReminderScheduler | HabitReminderScheduler | TipScheduler]:
    """What schedules notifications by rule, under the name of its count."""
    return {
        "noticed": ReminderScheduler(database),
        "habits": HabitReminderScheduler(database),
        "tips": TipScheduler(database),
    }


@dg.asset(
    key=["reports", "achievements"],
    deps=[key_of("gold/achievements")],
    description="What people reached since it was last looked, told in the app; by mail to who chose so, as reminders are.",
    group_name="reports",
    kinds={"postgres"},
    owners=OWNERS,
    pool="reports_achievements",
)
def achieved(installation: Installation) -> dg.MaterializeResult[None]:
    with installation.database() as database:
        return dg.MaterializeResult(metadata={"told": AchievementEvaluator(database).run()})


def judged(counts: Counts) -> Iterator[dg.AssetCheckResult]:
    """What an operator has to look at."""
    yield dg.AssetCheckResult(
        check_name=FAILURES.name,
        passed=not (counts.failed or counts.unknown),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"failed": counts.failed, "unknown": counts.unknown, "see": "focusflow report deliveries"},
    )
    yield dg.AssetCheckResult(
        check_name=SILENCE.name,
        passed=counts.sent > 0 or counts.due == counts.skipped + counts.put_off,
        metadata={"due": counts.due, "sent": counts.sent, "later": counts.later, "put_off": counts.put_off},
    )


report_assets = [deliveries, reminded, achieved]
