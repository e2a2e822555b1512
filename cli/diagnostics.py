"""The checks of `focusflow doctor`. Each yields a finding, with advice where something is wrong."""

import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cli.supervisor.lock import read_announcement
from cli.supervisor.ports import is_free
from cli.supervisor.services import HEALTH
from focusflow import ai_models, clock
from focusflow.database.clock_check import clock_skew, clock_warnings
from focusflow.database.installation import database_as_it_is, make_home
from focusflow.database.migrate import newest_revision
from focusflow.database.queries import load_queries
from focusflow.database.session import connect_once
from focusflow.errors import Problem
from focusflow.lake.tables import RAW_EVENTS, Lake, newest_event, position_key
from focusflow.lake.verification import check
from focusflow.settings import Settings
from ingestion.landing.lander import older_than_lake

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

PYTHONS = ((3, 11), (3, 14))
FREE_BYTES = 1 << 30
SKEW_SECONDS = 2.0
LAKE_TABLES = ("raw/events", "silver/events", "gold/productivity_daily")


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; the advice is empty where all is well."""

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
    yield from _lake(settings)
    if settings.has_ai_service:
        yield _ai_model(settings)
    for name in HEALTH:
        yield _port(settings, name)


def _ai_model(settings: Settings) -> Finding:
    """Whether the service offers the configured model, and until when."""
    from openai import OpenAIError

    from reports.insights.service import offered_models

    name, known = settings.ai_model, ai_models.KNOWN.get(settings.ai_model)
    ends_on = known.ends_on if known else None
    if ends_on is not None:
        seen = f"{name} {'ends' if clock.now().date() < ends_on else 'ended'} on {ends_on:%-d %B %Y}"
        return Finding("AI model", seen, f"Set FOCUSFLOW_AI_MODEL to another model, such as {ai_models.DEFAULT}.")
    try:
        offered = offered_models(settings)
    except (OpenAIError, OSError) as error:
        return Finding(
            "AI model",
            f"the service does not answer ({type(error).__name__})",
            "Check OPENAI_BASE_URL and OPENAI_API_KEY.",
        )
    if name not in offered:
        some = ", ".join(offered[:5]) or "none"
        return Finding(
            "AI model", f"the service does not offer {name}", f"Set FOCUSFLOW_AI_MODEL to one it offers: {some}."
        )
    return Finding("AI model", name)


def _ai_answers(rows: list[dict[str, Any]]) -> Finding:
    """How many answers fell back to text by rule. A few that the checks refuse are usual; more than half are not."""
    total = sum(row["count"] for row in rows)
    unused = next((row for row in rows if not row["is_used"]), None)
    if unused is None:
        return Finding("AI answers", f"all {total} of the last 24 hours were used")
    seen = f"{unused['count']} of {total} in the last 24 hours were not used, most often: {unused['reason']}"
    is_most = unused["count"] * 2 > total
    return Finding(
        "AI answers", seen, "Choose another model by FOCUSFLOW_AI_MODEL, or check the service." if is_most else ""
    )


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
            order = _order(settings, running.url) if made else None
            answers = connection.execute(QUERIES["answers"]).fetchall() if made and settings.has_ai_service else []
    except Problem as problem:
        yield Finding("database", "cannot be used", str(problem))
        return
    yield Finding("database", f"PostgreSQL {server} answers", "" if server >= 15 else "Use PostgreSQL 15 or newer.")
    yield _schema(made["version_num"] if made else None)
    seconds = abs(skew).total_seconds()
    advice = "Set the clocks of this machine and of the database by NTP." if seconds > SKEW_SECONDS else ""
    yield Finding("clocks", f"{seconds:.1f} s between this machine and the database", advice)
    if order:
        yield order
    if answers:
        yield _ai_answers(answers)
    yield from _newest_event(settings, clock.now() - skew)


def _newest_event(settings: Settings, database_now: datetime) -> Iterator[Finding]:
    """Nothing where the lake is empty or cannot be read: that is another finding."""
    with suppress(Problem, OSError):
        if newest := newest_event(Lake.of(settings)):
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


def _lake(settings: Settings) -> Iterator[Finding]:
    """Every table is opened; a log that differs from its digests, a file that is missing, cut off or cannot be read is a finding."""
    counts = []
    try:
        lake = Lake.of(settings)
        names = lake.names()
    except Problem as problem:  # a store that does not answer
        yield Finding("lake", f"{settings.lake_location} cannot be read", str(problem))
        return
    for name in names:
        found = check(lake, name)
        if found is None:
            continue
        if not found.is_whole:
            sentence = found.sentences[0].removeprefix(f"{name}: ")
            yield Finding(f"table {name}", sentence, "Run: focusflow verify --deep --repair")
        elif name in LAKE_TABLES and (table := lake.pinned(name)):
            counts.append(f"{name} {table.rows():,}")
    yield Finding("lake", f"rows: {', '.join(counts)}" if counts else "holds nothing yet")


def _order(settings: Settings, url: str) -> Finding:
    """The log of the database goes at least as far as the lake: else its newest events were lost, and their places are given again."""
    try:
        raw = Lake.of(settings).pinned(RAW_EVENTS.name)
    except Problem as problem:
        return Finding("database and lake", "cannot be compared", str(problem))
    with connect_once(url) as connection:
        heads = {row["bucket"]: row["next"] for row in connection.execute("select bucket, next from outbox_head")}
    positions = {bucket: raw.position(position_key(bucket)) for bucket in range(settings.buckets)} if raw else {}
    sentence = older_than_lake(heads, positions)
    return Finding("database and lake", "the database is older", sentence) if sentence else Finding(
        "database and lake", "the database has all that has landed"
    )  # fmt: skip


def _port(settings: Settings, name: str) -> Finding:
    port: int = getattr(settings, f"{name}_port")
    subject = f"port of {name}"
    running = read_announcement(settings.home)
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
