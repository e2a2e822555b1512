"""What `focusflow doctor` looks at: each check is one finding, with what to do where something is wrong."""

import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from cli.supervisor.lock import announced
from cli.supervisor.ports import is_free
from cli.supervisor.services import HEALTH
from focusflow import clock
from focusflow.database.clock_check import clock_skew, clock_warnings
from focusflow.database.installation import database_as_it_is, make_home
from focusflow.database.migrate import newest_revision
from focusflow.database.session import connect_once
from focusflow.errors import Problem
from focusflow.lake.tables import Lake, duckdb_connection, newest_event, show
from focusflow.settings import Settings

PYTHONS = ((3, 11), (3, 14))
FREE_BYTES = 1 << 30
SKEW_SECONDS = 2.0
LAKE_TABLES = ("raw/events", "silver/events", "gold/productivity_daily")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at and seen; the advice is empty where all is well."""

    subject: str
    seen: str
    advice: str = ""

    @property
    def is_well(self) -> bool:
        return not self.advice


def examine(settings: Settings) -> Iterator[Finding]:
    """One finding after the other. One that is wrong does not keep the others from being looked at."""
    yield _python()
    home = _home(settings)
    yield home
    if home.is_well:
        yield _disk(settings)
        yield from _database(settings)
        yield _secrets(settings)  # the database has just made its own, where there were none
    yield _lake(settings)
    for name in HEALTH:
        yield _port(settings, name)


def _python() -> Finding:
    version = sys.version_info[:2]
    seen = ".".join(map(str, sys.version_info[:3]))
    if PYTHONS[0] <= version <= PYTHONS[1]:
        return Finding("Python", seen)
    return Finding("Python", seen, "Use Python " + " to ".join(f"{major}.{minor}" for major, minor in PYTHONS) + ".")


def _home(settings: Settings) -> Finding:
    try:
        make_home(settings.home)
    except Problem as problem:
        return Finding("home", str(settings.home), str(problem))
    return Finding("home", f"{settings.home} is writable")


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.home).free
    seen = f"{free / (1 << 30):.1f} GiB free"
    return Finding("disk", seen) if free >= FREE_BYTES else Finding("disk", seen, "Free some space: 1 GiB at least.")


def _secrets(settings: Settings) -> Finding:
    folder = settings.home / "secrets"
    paths = [folder, *folder.iterdir()] if folder.exists() else []
    open_to_others = [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_to_others:
        listed = " ".join(map(str, open_to_others))
        return Finding("secrets", "others may read them", f"Run: chmod go= {listed}")
    return Finding("secrets", f"{max(len(paths) - 1, 0)} files that only you can read")


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with database_as_it_is(settings) as running, connect_once(running.url) as connection:
            server = connection.info.server_version // 10000
            row = connection.execute("select to_regclass('alembic_version') as made").fetchone()
            assert row is not None
            skew = clock_skew(connection)
            made = row["made"] and connection.execute("select version_num from alembic_version").fetchone()
    except Problem as problem:
        yield Finding("database", "cannot be used", str(problem))
        return
    yield Finding("database", f"PostgreSQL {server} answers", "" if server >= 15 else "Use PostgreSQL 15 or newer.")
    yield _schema(made["version_num"] if made else None)
    seconds = abs(skew).total_seconds()
    advice = "Set the clocks of this machine and of the database by NTP." if seconds > SKEW_SECONDS else ""
    yield Finding("clocks", f"{seconds:.1f} s between this machine and the database", advice)
    yield from _newest_event(settings, clock.now() - skew)


def _newest_event(settings: Settings, database_now: datetime) -> Iterator[Finding]:
    """Nothing where the lake is empty or cannot be read: that is another finding."""
    from deltalake.exceptions import DeltaError

    with suppress(DeltaError, OSError):
        if newest := newest_event(Lake(settings.lake_location)):
            warnings = clock_warnings(timedelta(0), database_now, newest)
            yield Finding("newest event", f"recorded {newest:%Y-%m-%d %H:%M:%S} UTC", " ".join(warnings))


def _schema(revision: str | None) -> Finding:
    newest = newest_revision()
    if revision is None:
        return Finding("schema", "is made at the first start")
    if revision == newest:
        return Finding("schema", f"{revision}, the newest")
    if revision < newest:
        return Finding("schema", f"{revision}; the next start brings it to {newest}")
    return Finding("schema", f"{revision} is newer than {newest}", "Update FocusFlow, or use another database.")


def _lake(settings: Settings) -> Finding:
    import duckdb
    from deltalake.exceptions import DeltaError

    lake = Lake(settings.lake_location)
    counts = []
    try:
        for name in LAKE_TABLES:
            if (table := lake.pinned(name)) is not None:
                with duckdb_connection() as connection:
                    show(connection, [table])
                    [(count,)] = connection.view(name.replace("/", ".")).aggregate("count(*)").fetchall()
                counts.append(f"{name} {count:,}")
    except (DeltaError, duckdb.Error, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        return Finding("lake", f"cannot be read: {reason}", f"Restore {settings.lake_location}, or set FOCUSFLOW_LAKE.")
    return Finding("lake", f"rows: {', '.join(counts)}" if counts else "holds nothing yet")


def _port(settings: Settings, name: str) -> Finding:
    port: int = getattr(settings, f"{name}_port")
    subject = f"port of {name}"
    running = announced(settings.home)
    if running and name in running.addresses:
        return Finding(subject, f"{running.addresses[name]}, in use by FocusFlow itself")
    try:
        if is_free(settings.host, port):
            return Finding(subject, f"{port} is free")
    except Problem as problem:
        return Finding(subject, f"{port}", str(problem))
    if f"{name}_port" in settings.model_fields_set:
        return Finding(subject, f"{port} is taken", f"Stop what uses it, or set FOCUSFLOW_{name.upper()}_PORT.")
    return Finding(subject, f"{port} is taken; the next free one will be used")
