"""The figures of the platform in the format of Prometheus: what `/metrics` answers, and what `focusflow status` reads.

The API counts its own requests. All else is read when it is asked for, from the database and from the logs of the lake.
"""

import platform
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from focusflow import __version__, backlog, clock
from focusflow.database.lease import Lease, is_held
from focusflow.database.migrate import newest_revision
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.lake.session import Scan, duckdb_session
from focusflow.lake.tables import QUARANTINED_USERS, RAW_EVENTS, Lake, position_key
from focusflow.mail import mailer
from focusflow.settings import Settings
from reports.delivery.sender import sender

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))
GOLD = "gold/productivity_daily"

REGISTRY = CollectorRegistry()
REQUESTS = Counter("focusflow_requests", "Requests answered", ["method", "route", "status"], registry=REGISTRY)
#: The goal, 200 ms, is one of them: how many responses kept it is then counted, not estimated.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10)
SECONDS = Histogram(
    "focusflow_request_seconds", "Time until the answer", ["method", "route"], registry=REGISTRY, buckets=BOUNDS
)
BUILD = Gauge(
    "focusflow_build_info", "The version that runs; always 1", ["version", "schema", "python"], registry=REGISTRY
)
CONNECTIONS = Gauge(
    "focusflow_database_connections",
    "Database connections of the API: open, idle, and callers that wait for one",
    ["state"],
    registry=REGISTRY,
)
USERS = Gauge("focusflow_users", "Accounts", registry=REGISTRY)
OPEN_TASKS = Gauge("focusflow_open_tasks", "Open tasks of all users", registry=REGISTRY)
WAITING = Gauge("focusflow_outbox_waiting", "Events committed and without a place in the log", registry=REGISTRY)
EVENTS = Gauge("focusflow_events", "Events that have come so far, since the beginning", ["stage"], registry=REGISTRY)
BACKLOG_EVENTS = Gauge("focusflow_backlog_events", "Events that wait for a stage", ["stage"], registry=REGISTRY)
BACKLOG_AGE = Gauge(
    "focusflow_backlog_age_seconds", "How long the oldest event has waited for a stage", ["stage"], registry=REGISTRY
)
COMMITS = Gauge("focusflow_lake_commits", "Commits of a table of the lake", ["table"], registry=REGISTRY)
AGE = Gauge("focusflow_lake_age_seconds", "Time since a table of the lake was written", ["table"], registry=REGISTRY)
QUARANTINED = Gauge("focusflow_quarantined_users", "Users whose rows are held back by a rule", registry=REGISTRY)
REPORTS = Gauge("focusflow_reports", "Reports by what became of them", ["status"], registry=REGISTRY)
LATE = Gauge("focusflow_reports_late", "Reports that have been due for more than two hours", registry=REGISTRY)
OVERLOOKED = Gauge(
    "focusflow_reports_overlooked",
    "Reports that nothing has planned two hours after they were due; counted every five minutes",
    registry=REGISTRY,
)
FAILED_ATTEMPTS = Gauge(
    "focusflow_failed_attempts",
    "What could not be made for a user and is tried again later, or was given up",
    registry=REGISTRY,
)
MAIL_OUTAGE = Gauge(
    "focusflow_mail_outage_seconds", "Since when the mail server takes no emails; 0 if it does", registry=REGISTRY
)
ERASURES = Gauge(
    "focusflow_erasures_unfinished",
    "Erasures of users that wait, are under way, or wait for readers of the lake",
    registry=REGISTRY,
)
ERASURE_DEADLINE = Gauge(
    "focusflow_erasure_deadline_timestamp_seconds",
    "When the next erasure begins or its last files are deleted; 0 if none waits",
    registry=REGISTRY,
)
ANSWERS = Gauge(
    "focusflow_ai_answers",
    "Answers of the AI service in the last 24 hours: written is shown, rejected and failed fell back to text by rule",
    ["status"],
    registry=REGISTRY,
)
TOKENS = Gauge("focusflow_ai_tokens", "Tokens of the AI service in the last 24 hours", registry=REGISTRY)
DOLLARS = Gauge("focusflow_ai_cost_dollars", "Cost of the AI service in the last 24 hours, in US dollars", registry=REGISTRY)  # fmt: skip

CALENDARS = Gauge(
    "focusflow_calendar_connections",
    "Connected calendars by how their last synchronization went",
    ["status"],
    registry=REGISTRY,
)
CALENDARS_OVERDUE = Gauge(
    "focusflow_calendar_sync_overdue_seconds",
    "How long the synchronization that waits the longest has been due; 0 if none waits",
    registry=REGISTRY,
)
CALENDAR_SECONDS = Gauge(
    "focusflow_calendar_sync_seconds", "Duration of the slowest of the last synchronizations", registry=REGISTRY
)

REFRESHER_AGE = Gauge(
    "focusflow_refresher_age_seconds",
    "Time since the resident refresher refreshed; 0 before its first",
    registry=REGISTRY,
)
REFRESHER_SECONDS = Gauge("focusflow_refresher_seconds", "Duration of its last refresh", registry=REGISTRY)
REFRESHER_REFRESHES = Gauge("focusflow_refresher_refreshes", "Its refreshes so far", registry=REGISTRY)
REFRESHER_CONFLICTS = Gauge(
    "focusflow_refresher_conflicts", "How often another refresh was quicker, and it tried again", registry=REGISTRY
)
REFRESHER_FAILURES = Gauge("focusflow_refresher_failures", "Its failures in a row; 0 if all is well", registry=REGISTRY)
REFRESHER_ACTIVE = Gauge("focusflow_refresher_active", "Whether a resident refresher is alive", registry=REGISTRY)

#: To count the overlooked reports, each user's schedule is computed.
OVERLOOKED_SECONDS = 300

_lock = threading.Lock()  # two at once would clear each other's labels
_overlooked_counted_at: dict[str, float] = {}


def collect(settings: Settings, database: Database | None) -> bytes:
    """All figures of now. Without a database, those of the lake."""
    lake = Lake.of(settings)
    with _lock:
        BUILD.clear()
        BUILD.labels(__version__, newest_revision(), platform.python_version()).set(1)
        _export_lake(lake, settings.buckets)
        if database:
            _export_database(settings, database)
            _export_backlog(settings, database, lake)
        return generate_latest(REGISTRY)


def _export_database(settings: Settings, database: Database) -> None:
    for state, count in database.connections().items():
        CONNECTIONS.labels(state).set(count)
    with database.transaction(Role.INGESTION) as tx:
        waiting, passed = tx.one(QUERIES["outbox"]), tx.one(QUERIES["passed"])
        calendars = tx.one(QUERIES["calendars"])
    assert waiting is not None
    assert passed is not None
    assert calendars is not None
    for status in ("ok", "failing", "paused"):
        CALENDARS.labels(status).set(calendars[status])
    CALENDARS_OVERDUE.set(calendars["overdue_seconds"])
    CALENDAR_SECONDS.set(calendars["seconds"])
    WAITING.set(waiting["waiting"])
    for stage, count in passed.items():
        EVENTS.labels(stage).set(count)
    with database.transaction(Role.REPORTING) as tx:
        sizes, outage = tx.one(QUERIES["sizes"]), tx.one(QUERIES["mail_outage"])
        failed, refresher = tx.one(QUERIES["failed_attempts"]), tx.one(QUERIES["refresher"])
        REFRESHER_ACTIVE.set(is_held(tx.connection, Lease.REFRESHER))
        reports, answers = tx.all(QUERIES["reports"]), tx.all(QUERIES["ai"])
    with database.transaction(Role.AUTH) as tx:
        erasures = tx.one(QUERIES["erasures"])
    assert erasures is not None
    ERASURES.set(erasures["count"])
    ERASURE_DEADLINE.set(erasures["next_at"])
    assert sizes is not None
    assert outage is not None
    assert failed is not None
    _export_refresher(refresher or {})
    USERS.set(sizes["users"])
    OPEN_TASKS.set(sizes["open_tasks"])
    FAILED_ATTEMPTS.set(failed["count"])
    MAIL_OUTAGE.set(outage["seconds"])
    REPORTS.clear()
    ANSWERS.clear()
    REPORTS.labels("due").set(0)  # a label that comes and goes cannot be alerted on
    REPORTS.labels("failed").set(0)
    REPORTS.labels("unknown").set(0)
    for row in reports:
        REPORTS.labels(row["status"]).set(row["count"])
    for row in answers:
        ANSWERS.labels(row["status"]).set(row["count"])
    LATE.set(sum(row["late"] for row in reports))
    TOKENS.set(sum(row["tokens"] for row in answers))
    DOLLARS.set(sum(row["dollars"] for row in answers))
    _count_overlooked(settings, database)


def _export_refresher(state: Mapping[str, Any]) -> None:
    """Zeros before its first refresh."""
    for gauge, name in (
        (REFRESHER_AGE, "age_seconds"),
        (REFRESHER_SECONDS, "seconds"),
        (REFRESHER_REFRESHES, "refreshes"),
        (REFRESHER_CONFLICTS, "conflicts"),
        (REFRESHER_FAILURES, "failures"),
    ):
        gauge.set(state.get(name) or 0)


def _count_overlooked(settings: Settings, database: Database) -> None:
    now, home = time.monotonic(), str(settings.home)
    if now - _overlooked_counted_at.get(home, -OVERLOOKED_SECONDS) >= OVERLOOKED_SECONDS:
        OVERLOOKED.set(sender(settings, database, mailer(settings)).overlooked())
        _overlooked_counted_at[home] = now


def _export_backlog(settings: Settings, database: Database, lake: Lake) -> None:
    has_kafka = settings.kafka_bootstrap_servers is not None
    waiting = backlog.measure(database, lake, has_kafka=has_kafka, alert_seconds=settings.backlog_alert_seconds)
    by_stage = {each.stage: each for each in waiting}
    for stage in backlog.STAGES:
        each = by_stage.get(stage)
        BACKLOG_EVENTS.labels(stage).set(each.events if each else 0)
        BACKLOG_AGE.labels(stage).set(each.age.total_seconds() if each else 0)


def _export_lake(lake: Lake, buckets: int) -> None:
    """How far it has come. A table that nobody wrote to yet says nothing."""
    COMMITS.clear()
    AGE.clear()
    for stage, name in (
        ("landed", RAW_EVENTS.name),
        ("refreshed", "silver/events"),
        ("quarantined", "quarantine/events"),
        (None, GOLD),
    ):
        table = lake.pinned(name)
        if table is None:
            continue
        COMMITS.labels(name).set(table.version)
        AGE.labels(name).set((clock.now() - table.made_at).total_seconds())
        if stage:
            came = sum(table.position(position_key(bucket)) for bucket in range(buckets))
            EVENTS.labels(stage).set(table.rows() if stage == "quarantined" else came)
    held_back = lake.pinned(QUARANTINED_USERS)
    count = 0
    if held_back and held_back.rows():
        (count,) = duckdb_session().row("select count(distinct user_id) from users", {"users": Scan.of(held_back)})
    QUARANTINED.set(count)
