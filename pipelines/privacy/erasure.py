"""Erases users: everything that the platform stores of one, in steps that can be repeated.

Each step is recorded when it is done, so a run that is killed goes on with the step that it was in. The account ends first. Then nothing can
write for the user any more, and each step deletes from what the next one is made of. Files that readers of the lake may still have open, and the
logs that name what was in them, are deleted last, after `erasure_wait_hours`.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import orjson
import psycopg
import pyarrow as pa
from psycopg import sql

from focusflow.database import audit
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.erasure import ERASED_EVENT, ERASED_TYPE, erasures_locked, suppressed_users
from focusflow.errors import Conflict, NotFound
from focusflow.identity import bucket_of
from focusflow.lake.session import Scan, Session
from focusflow.lake.tables import RAW_EVENTS, CommitConflict, Lake, Pinned, position_key, quoted
from focusflow.settings import Settings
from pipelines.engine import build, catalog, deferrals, descriptions
from pipelines.engine.as_of import NEVER, last, newest_metadata
from pipelines.engine.descriptions import Table
from pipelines.engine.priorities import BATCH
from pipelines.engine.silver import QUARANTINE
from pipelines.privacy import certificates, redaction
from pipelines.privacy.erasures import Erasures
from pipelines.privacy.export import emails_to, rows_of
from pipelines.privacy.exports import file_of

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))
EVENTS = load_queries(Path(__file__).with_name("events.sql"))

#: Where Postgres keeps the most frequent values of each column.
STATISTICS = "pg_catalog.pg_statistic"

#: How often a commit is tried that others keep being quicker than.
ATTEMPTS = 50

#: In the place of the user of erased events.
NOBODY = UUID(int=0)

Result = TypeVar("Result")

log = logging.getLogger(__name__)

Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Subject:
    """The user that is erased. The email address is known until the account is deleted."""

    erasure_id: UUID
    user_id: UUID
    bucket: int
    email: str | None

    @property
    def identifiers(self) -> list[str]:
        """What tells the user apart, as it may stand in logs."""
        return [str(self.user_id), self.user_id.hex, *([self.email] if self.email else [])]


@dataclass(frozen=True, slots=True)
class Eraser:
    """Carries out erasures."""

    database: Database
    lake: Lake
    session: Session
    settings: Settings

    def are_due(self) -> bool:
        """Whether there is something to do now."""
        with self.database.transaction(Role.PRIVACY) as tx:
            return bool(tx.all(QUERIES["due"], {"now": tx.now}) or self._unknown_hashes(tx))

    def run(self) -> Counts:
        """Carry out what is due, and go on with what was interrupted. Returns how many erasures were done, and how many wait for readers of
        the lake or for a backup.
        """
        with self.database.transaction(Role.PRIVACY) as tx:
            unknown = self._unknown_hashes(tx)
        Erasures(self.database).suppress(unknown)
        with self.database.transaction(Role.PRIVACY) as tx:
            due = [row["id"] for row in tx.all(QUERIES["due"], {"now": tx.now})]
        with erasures_locked(self.database) as is_alone:
            states = [self._erase(each) if is_alone else "waiting" for each in due]
        return {
            "done": states.count("done"),
            "waiting for readers": states.count("purging"),
            "waiting for a backup": states.count("waiting"),
        }

    def _unknown_hashes(self, tx: Transaction) -> frozenset[str]:
        """Erased users of whom this database does not know that they were: it is restored from before."""
        return frozenset(certificates.suppressed_in(self.settings.erasures_folder)) - suppressed_users(tx)

    def erase(self, erasure_id: UUID) -> str:
        """Take an erasure as far as it can go now. Returns its status."""
        with erasures_locked(self.database) as is_alone:
            if not is_alone:
                raise Conflict("A backup or another erasure is under way. This one begins when that is done.")
            return self._erase(erasure_id)

    def _erase(self, erasure_id: UUID) -> str:
        row = self._row(erasure_id)
        if row["status"] == "waiting":
            self._begin(row)
            row = self._row(erasure_id)
        if row["status"] == "running":
            certificates.write_suppression(self.settings.erasures_folder, row["id"], row["user_hash"])
        for number, step in enumerate(self._steps(), start=1):
            if row["status"] == "running" and row["step"] < number:
                self._record(erasure_id, number, step(self._subject(row)))
        row = self._row(erasure_id)
        if row["status"] == "running":
            self._wait_for_readers(row)
            row = self._row(erasure_id)
        if row["status"] == "purging":
            self._purge(row)
        return str(self._row(erasure_id)["status"])

    def _steps(self) -> tuple[Callable[[Subject], Counts], ...]:
        return (
            self.anonymize_outbox,
            self.erase_events,
            self.delete_from_tables,
            self.rebuild_aggregates,
            self.delete_files,
            self.delete_account,
        )

    def _begin(self, row: Mapping[str, Any]) -> None:
        """The point of no return: the account ends, and with it everything that writes for the user."""
        user_id = row["user_id"]
        with self.database.transaction(Role.PRIVACY, user_id) as tx:
            if tx.run(QUERIES["begin"], {"id": row["id"]}) and not tx.run(
                QUERIES["end_account"], {"user_id": user_id, "now": tx.now}
            ):
                log.warning("the account of the erasure %s is not there; what else there is of it is erased", row["id"])

    def anonymize_outbox(self, subject: Subject) -> Counts:
        """Placeholders for events on their way, so that the log stays dense."""
        with self.database.transaction(Role.PRIVACY, subject.user_id) as tx:
            values = {"user_id": subject.user_id, "nobody": NOBODY, "value": ERASED_EVENT}
            events = tx.run(QUERIES["anonymize_outbox"], values)
        with self.database.transaction(Role.PRIVACY, subject.user_id) as tx:
            refused = tx.run(QUERIES["delete_refused"], {"user_id": str(subject.user_id)})
        return {"events in the outbox": events, "refused messages": refused}

    def erase_events(self, subject: Subject) -> Counts:
        """Placeholders for the events in raw, and none of them in quarantine.

        What a lander has read before the outbox was anonymized, and not committed, is refused: the first commit here is at its position.
        """
        self._commit(
            RAW_EVENTS.name, lambda raw: raw.append(raw.columns().empty_table(), positions=self._fence(raw, subject))
        )
        rows = self._commit(RAW_EVENTS.name, lambda raw: self._replace_events(raw, subject))
        quarantined = self._commit(QUARANTINE.name, lambda table: self._delete_quarantined(table, subject))
        return {"raw/events": rows or 0, "quarantine/events": quarantined or 0}

    def delete_from_tables(self, subject: Subject) -> Counts:
        """The rows of each table, after those of the tables that it is made from. A commit of a refresh that read them before is refused."""
        counts: Counts = {}
        for table in descriptions.TABLES:
            if table.is_personal:
                counts[table.full_name] = (
                    self._commit(table.full_name, lambda pinned: self._delete_rows(pinned, subject)) or 0
                )
        return counts

    def rebuild_aggregates(self, subject: Subject) -> Counts:  # noqa: ARG002 (all steps are called alike)
        """The tables about all users together, computed again without the user."""
        counts: Counts = {}
        for table in descriptions.BUILT_BY_QUERY:
            pinned = None if table.is_personal else self.lake.pinned(table.full_name)
            if pinned is not None and (as_of := last(pinned)) != NEVER:
                self._commit(table.full_name, _mark_for_rebuild)
                counts[table.full_name] = self._retried(table.full_name, partial(self._rebuild, table, as_of))
        if self.settings.catalog_file.exists():  # its views name users in quarantine
            catalog.write(self.lake, self.settings.catalog_file)
        return counts

    def _rebuild(self, table: Table, as_of: datetime) -> int:
        return build.load_incremental(self.lake, self.session, table, self.settings.buckets, as_of)

    def delete_files(self, subject: Subject) -> Counts:
        """Exports and emails that were written to files; and identifiers in logs, Data Docs and Dagster's storage."""
        deleted = emails_to(self.settings.home, subject.email) if subject.email else []
        with self.database.transaction(Role.PRIVACY, subject.user_id) as tx:
            deleted += [
                file_of(self.settings, row["id"]) for row in tx.all(QUERIES["exports"], {"user_id": subject.user_id})
            ]
        files = sum(path.exists() for path in deleted)
        for path in deleted:
            path.unlink(missing_ok=True)
        redacted = redaction.redact(self.settings.home, subject.identifiers)
        return {"files deleted": files, "files redacted": redacted}

    def delete_account(self, subject: Subject) -> Counts:
        """The account with everything that belongs to it; entries of the audit log stay without whom they are about."""
        who = {"user_id": subject.user_id}
        with self.database.transaction(Role.PRIVACY, subject.user_id) as tx:
            counts = {
                "audit entries redacted": tx.run(QUERIES["redact_audit"], who),
                "state of the refresher": tx.run(QUERIES["redact_errors"], who)
                + tx.run(QUERIES["redact_broken_rules"], who),
                "priority scores": tx.run(QUERIES["delete_scores"], who),
                "accounts": tx.run(QUERIES["delete_account"], who),
            }
            audit.record(
                tx, audit.ERASED, actor_id=None, user_id=None, ip=audit.SCHEDULE, entity="erasure", entity_id=subject.erasure_id,
                after={audit.REDACTED: counts["audit entries redacted"]},
            )  # fmt: skip
        return counts

    def _wait_for_readers(self, row: Mapping[str, Any]) -> None:
        with self.database.transaction(Role.PRIVACY) as tx:
            purge_at = tx.now + timedelta(hours=self.settings.erasure_wait_hours)
            tx.run(QUERIES["wait"], {"id": row["id"], "purge_at": purge_at})

    def _purge(self, row: Mapping[str, Any]) -> None:
        """Delete what readers could still have had open, once their time is over. It looks for what came late first."""
        with self.database.transaction(Role.PRIVACY) as tx:
            if tx.now < row["purge_at"]:
                return
        subject = self._subject(row)
        counts = dict(row["counts"])
        if row["user_id"] is not None:
            for number, step in enumerate((self.anonymize_outbox, self.erase_events, self.delete_from_tables), start=1):
                found = {name: count for name, count in step(subject).items() if count}
                if found:
                    log.warning("step %d of the erasure %s found rows that came late: %s", number, row["id"], found)
            counts |= self._purge_lake(row["user_id"])
            redaction.redact(self.settings.home, subject.identifiers)
        self._finish(row, counts)

    def _purge_lake(self, user_id: UUID) -> Counts:
        """Delete the files that no version needs, and the entries of the logs that describe them."""
        files = logs = 0
        for name in [each.full_name for each in descriptions.TABLES]:
            table = self.lake.pinned(name)
            if table is not None:
                files += table.vacuum(self.settings.erasure_wait_hours)
                logs += self._commit(name, lambda pinned: _renew_log(pinned, user_id)) or 0
        return {"files of the lake deleted": files, "log entries deleted": logs}

    def _finish(self, row: Mapping[str, Any], counts: Mapping[str, Any]) -> None:
        with self.database.transaction(Role.PRIVACY) as tx:
            tx.run(QUERIES["forget_user"], {"id": row["id"], "counts": orjson.dumps(counts).decode()})
        vacuum_full(self.database)
        with self.database.transaction(Role.PRIVACY) as tx:
            certificate = certificates.issue(self.settings.signing_key, row, counts, tx.now)
            tx.run(
                QUERIES["finish"], {"id": row["id"], "now": tx.now, "certificate": orjson.dumps(certificate).decode()}
            )
        certificates.write(self.settings.erasures_folder, certificate)

    def _replace_events(self, raw: Pinned, subject: Subject) -> int:
        """Rewrite the files that hold events of the user, one after the other."""
        offsets = self._offsets(raw, subject)
        for path in self._files_with(raw, subject, offsets) if offsets.num_rows else ():
            file = Scan(f"from {raw.scan(f'bucket = {subject.bucket}', without=raw.sizes().keys() - {path})}")
            rows = self.session.run(
                EVENTS["placeholders"],
                {"raw_rows": file, "erased_offsets": offsets},
                {"erased_type": ERASED_TYPE, "placeholder": ERASED_EVENT},
            )
            raw.exchange([path], rows.select(raw.columns().names).cast(raw.columns()), positions={})
        return int(offsets.num_rows)

    def _files_with(self, raw: Pinned, subject: Subject, offsets: pa.Table) -> list[str]:
        """The files of the bucket that hold one of the offsets, relative to the table."""
        listed = ", ".join(map(quoted, raw.files(f"bucket = {subject.bucket}")))
        inputs = {"files": Scan(f"from read_parquet([{listed}], filename = true)"), "erased_offsets": offsets}
        names = [name for (name,) in self.session.rows(EVENTS["files"], inputs)]
        return [path for path in raw.sizes() if any(name.endswith(path) for name in names)]

    def _delete_quarantined(self, table: Pinned, subject: Subject) -> int:
        offsets = self._offsets(table, subject)["log_offset"].to_pylist()
        if not offsets:
            return 0
        return table.forget(
            f"bucket = {subject.bucket} and log_offset in ({', '.join(map(str, offsets))})", positions={}
        )

    def _offsets(self, table: Pinned, subject: Subject) -> pa.Table:
        """Where in the log the events of the user are, of a table with events as they came."""
        theirs = rows_of(descriptions.table(table.name), table, subject.user_id, self.settings.buckets)
        return self.session.run(f"from {theirs} select log_offset", parameters={"user_id": str(subject.user_id)})

    def _delete_rows(self, table: Pinned, subject: Subject) -> int:
        fence = self._fence(table, subject)
        gone = table.forget(f"user_id = {quoted(str(subject.user_id))}", positions=fence)
        if not gone:  # deleting nothing commits nothing
            table.append(table.columns().empty_table(), positions=fence)
        return gone

    def _fence(self, table: Pinned, subject: Subject) -> dict[str, int]:
        """The table's own position of the user's bucket, unmoved: whoever commits that bucket from an older version is refused."""
        key = position_key(subject.bucket)
        return {key: table.position(key)}

    def _commit(self, name: str, change: Callable[[Pinned], Result]) -> Result | None:
        """Change a table, again from its newest version where another writer was quicker. None where there is no such table."""

        def changed() -> Result | None:
            table = self.lake.pinned(name)
            return None if table is None else change(table)

        return self._retried(name, changed)

    def _retried(self, name: str, work: Callable[[], Result]) -> Result:
        """Work on a table, again where another writer was quicker."""
        for _ in range(ATTEMPTS):
            with suppress(CommitConflict):
                return work()
        raise Conflict(f"Others keep writing {name}. The erasure goes on with its next run.")

    def _row(self, erasure_id: UUID) -> Mapping[str, Any]:
        with self.database.transaction(Role.PRIVACY) as tx:
            row = tx.one(QUERIES["one"], {"id": erasure_id})
        if row is None:
            raise NotFound("No erasure has this id.")
        return row

    def _subject(self, row: Mapping[str, Any]) -> Subject:
        user_id = row["user_id"] or NOBODY
        with self.database.transaction(Role.PRIVACY, user_id) as tx:
            account = tx.one(QUERIES["account"], {"user_id": user_id})
        email = account["email"] if account else None
        return Subject(row["id"], user_id, bucket_of(user_id, self.settings.buckets), email)

    def _record(self, erasure_id: UUID, step: int, counts: Counts) -> None:
        with self.database.transaction(Role.PRIVACY) as tx:
            tx.run(QUERIES["step"], {"id": erasure_id, "step": step, "counts": orjson.dumps(counts).decode()})


def _mark_for_rebuild(table: Pinned) -> None:
    """Have the next refresh compute all rows again. Until then readers see the old ones."""
    table.append(table.columns().empty_table(), positions={}, metadata={"computation": "none"})


#: What the commits of a table say and later refreshes read, without users.
METADATA = ("as_of", "computation", "model", BATCH)


def _renew_log(table: Pinned, user_id: UUID) -> int:
    """Delete the log up to now. A new commit repeats what older ones say. Returns how many entries went."""
    metadata = {name: value for name in METADATA if (value := newest_metadata(table, name))}
    if deferred := deferrals.known(table):
        metadata |= deferrals.note({user: each for user, each in deferred.items() if user != str(user_id)})
    table.append(table.columns().empty_table(), positions={}, metadata=metadata)
    return table.truncate_log()


def vacuum_full(database: Database) -> None:
    """Rewrite all tables of Postgres, so that no deleted row is left in their files; and begin a new file of the write-ahead log."""
    with database.autocommit() as connection:
        connection.execute(QUERIES["lock_timeout"])
        try:
            names = [row["name"] for row in connection.execute(QUERIES["tables"]).fetchall()]
            for name in (*names, STATISTICS):
                _vacuum(connection, name)
            with suppress(psycopg.errors.InsufficientPrivilege):  # of an external server: its operator sees to its log
                _renew_write_ahead_log(connection)
        finally:
            connection.execute(QUERIES["reset_lock_timeout"])


def _vacuum(connection: psycopg.Connection[Any], name: str) -> None:
    try:
        connection.execute(sql.SQL("vacuum (full, analyze) {}").format(sql.SQL(name)))
    except psycopg.errors.InsufficientPrivilege:
        log.info("%s is not ours to rewrite", name)
    except psycopg.errors.LockNotAvailable as error:
        raise Conflict(f"The table {name} is in use. The erasure goes on with its next run.") from error


def _renew_write_ahead_log(connection: psycopg.Connection[Any]) -> None:
    """After a checkpoint old segments are used again, with what is in them: here all are overwritten with nothing."""
    connection.execute(QUERIES["next_wal_segment"])
    connection.execute("checkpoint")
    row = connection.execute(QUERIES["wal_segments"]).fetchone()
    for _ in range(row["segments"] + 1 if row else 0):
        connection.execute(QUERIES["next_wal_segment"])
    connection.execute("checkpoint")
