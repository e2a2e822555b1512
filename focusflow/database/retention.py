"""Deletes expired rows: idempotency records, links, sign-in attempts, uploads that nobody confirmed, old days of the outbox, and old texts."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: What is deleted, and how long after it expired. A response can be replayed for a day.
EXPIRED: Final[tuple[tuple[LiteralString, timedelta], ...]] = (
    ("delete from idempotency_keys where created_at < %(before)s", timedelta(hours=24)),
    ("delete from mail_tokens where expires_at < %(before)s", timedelta(days=7)),
    ("delete from pending_sign_ins where expires_at < %(before)s", timedelta(0)),
    ("delete from provider_sign_outs where expires_at < %(before)s", timedelta(0)),
    ("delete from attempts where last_at < %(before)s", timedelta(days=1)),
    ("delete from imports where status in ('ready', 'failed') and updated_at < %(before)s", timedelta(days=1)),
)


def delete_expired(database: Database) -> int:
    """Delete expired rows. Returns the count."""
    gone = 0
    for statement, after in EXPIRED:
        with database.transaction(Role.AUTH) as tx:
            gone += tx.run(statement, {"before": tx.now - after})
    return gone


#: Texts with a retention time: notifications, AI messages, reports.
EXPIRED_TEXTS: Final[Mapping[str, LiteralString]] = {
    "answers let go": "delete from ai_messages where created_at < %(words)s",
    "notifications let go": "delete from notifications where scheduled_at < %(words)s and status <> 'scheduled'",
    "reminders let go": "delete from told_reminders where for_date < %(words)s",
    "failed attempts let go": "delete from failed_attempts where failed_at < %(words)s",
    "webhook deliveries let go": "delete from webhook_deliveries where created_at < %(words)s and status <> 'waiting'",
    "channel deliveries let go": "delete from channel_deliveries where created_at < %(words)s and status <> 'waiting'",
    "scores shown let go": "delete from shown_scores where local_date < %(words)s",
    "texts of reports let go": "update report_deliveries set content = null where last_day < %(reports)s and content is not null and status <> 'sending'",
}


def delete_expired_texts(database: Database, words_days: int, report_days: int) -> dict[str, int]:
    """Delete old texts. The rows of the delivery log stay, so that nothing is sent twice."""
    with database.transaction(Role.REPORTING) as tx:
        words = tx.now - timedelta(days=words_days)
        reports = tx.now.date() - timedelta(days=report_days) if report_days else date.min
        return {what: tx.run(query, {"words": words, "reports": reports}) for what, query in EXPIRED_TEXTS.items()}


def drop_outbox_days(database: Database, landed: Mapping[int, int], keep_days: int) -> int:
    """Drop days of the outbox that have landed completely and are older than `keep_days`. Returns the count."""
    with database.transaction(Role.INGESTION) as tx:
        youngest = tx.now.date() - timedelta(days=keep_days)
    with database.owner() as connection:
        names = {_day(row["relname"]): row["relname"] for row in connection.execute(QUERIES["outbox_days"]).fetchall()}
        rest = [row["day"] for row in connection.execute(QUERIES["rest_days"]).fetchall()]
    old = [day for day in (*names, *rest) if day < youngest and not _left(database, landed, day)]
    return sum(_drop(database, names[day]) if day in names else _empty(database, day) for day in old)


def _day(name: str) -> date:
    return date.fromisoformat(name.removeprefix("outbox_"))


def _left(database: Database, landed: Mapping[int, int], day: date) -> int:
    with database.transaction(Role.INGESTION) as tx:
        row = tx.one(
            QUERIES["events_not_landed"], {"day": day, "buckets": list(landed), "landed": list(landed.values())}
        )
    assert row is not None
    return int(row["count"])


def _drop(database: Database, name: str) -> bool:
    """Drop a partition, which blocks writers briefly. Gives up when they hold the lock; the next run tries again."""
    try:
        with database.owner() as connection:
            connection.execute("set local lock_timeout = '2s'")
            connection.execute(sql.SQL("drop table {}").format(sql.Identifier(name)))
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _empty(database: Database, day: date) -> bool:
    with database.owner() as connection:
        connection.execute("delete from outbox_rest where recorded_on = %s", [day])
    return True
