"""`focusflow status`."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from datetime import datetime

    from focusflow.backlog import Backlog
    from focusflow.last_runs import LastRun
    from focusflow.settings import Settings

#: The names of the counts, and the metrics that they are read from.
COUNTS = {
    "people": "focusflow_users",
    "open_tasks": "focusflow_open_tasks",
    "events": 'focusflow_events{stage="accepted"}',
    "failed_attempts": "focusflow_failed_attempts",
    "reports_late": "focusflow_reports_late",
    "reports_unknown": 'focusflow_reports{status="unknown"}',
    "reports_overlooked": "focusflow_reports_overlooked",
}
ANSWER_SECONDS = 3
RECENT_DAYS = 7


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(as_json: bool) -> None:
    """Show whether FocusFlow runs, where, how fresh its data is, how much there is, and what to do next.

    Example: focusflow status --json
    """
    from cli.supervisor.lock import read_announcement
    from focusflow import last_runs
    from focusflow.settings import load_settings

    settings = load_settings()
    running = read_announcement(settings.home)
    addresses = running.addresses if running else {}
    asked = _ask_api(addresses["api"]) if "api" in addresses else None
    has_database = running is not None or settings.database_url is not None
    figures = _parsed(asked or _measured(settings, has_database=has_database))
    facts: dict[str, Any] = {
        "home": str(settings.home),
        "running": running is not None,
        "pid": running.pid if running else None,
        "addresses": addresses,
        "versions": _versions(figures, is_running=asked is not None),
        "last_landed": _last_commit(figures, "raw/events"),
        "last_gold": _last_commit(figures, "gold/productivity_daily"),
        "last_verify": last_runs.read(settings.home, "verify"),
        "last_backup": last_runs.read(settings.home, "backup"),
        "quarantined_users": _quarantined(settings) if figures.get("focusflow_quarantined_users") else [],
        "ai_answers_not_used": _unused_answers(figures) if has_database else None,
        "counts": {name: int(figures.get(metric, 0)) for name, metric in COUNTS.items()} if has_database else None,
        "mail_outage": _mail_outage(settings)
        if has_database and figures.get("focusflow_mail_outage_seconds")
        else None,
        "erasures": _erasures(figures),
        "refresher": _refresher(settings, figures) if has_database else None,
        "backlog": _backlog(figures, settings.backlog_alert_seconds) if has_database else None,
    }
    facts["next"] = _next(facts, does_api_answer=asked is not None or "api" not in addresses)
    if as_json:
        _print_json(facts)
    else:
        _show(facts)


def _ask_api(address: str) -> str | None:
    """The figures of the API that runs, which has at hand what takes this process seconds to import. Without proxies: it is ours."""
    from http.client import HTTPConnection, HTTPException
    from urllib.parse import urlsplit

    connection = HTTPConnection(urlsplit(address).netloc, timeout=ANSWER_SECONDS)
    try:
        with suppress(OSError, HTTPException):
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == 200 else None
        return None
    finally:
        connection.close()


def _measured(settings: "Settings", *, has_database: bool) -> str:
    """The same figures, collected here. A database that nobody runs is not started for a look."""
    from focusflow.database.installation import database_as_it_is
    from focusflow.database.migrate import require_schema
    from focusflow.database.session import Database
    from operational_api.metrics import collect

    if not has_database:
        return collect(settings, None).decode()
    with database_as_it_is(settings) as running:
        require_schema(running.url)
        with Database(running.url, connections=1) as database:
            return collect(settings, database).decode()


def _parsed(text: str) -> dict[str, float]:
    """The values by name and labels."""
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def _versions(figures: Mapping[str, float], *, is_running: bool) -> dict[str, str | None]:
    import re

    from focusflow import __version__

    line = next((name for name in figures if name.startswith("focusflow_build_info{")), "")
    labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
    return {
        "installed": __version__,
        "running": labels.get("version") if is_running else None,
        "schema": labels.get("schema"),
        "python": labels.get("python"),
    }


def _last_commit(figures: Mapping[str, float], table: str) -> "datetime | None":
    from datetime import timedelta

    from focusflow.clock import now

    if not figures.get(
        f'focusflow_lake_commits{{table="{table}"}}'
    ):  # its first version is its making; it holds nothing yet
        return None
    return now() - timedelta(seconds=figures[f'focusflow_lake_age_seconds{{table="{table}"}}'])


def _quarantined(settings: "Settings") -> list[str]:
    from focusflow.lake.session import duckdb_session
    from focusflow.lake.tables import Lake
    from pipelines.engine.user_quarantine import quarantined

    return quarantined(Lake.of(settings), duckdb_session())


def _mail_outage(settings: "Settings") -> dict[str, Any] | None:
    """Since when the mail server takes no email, when it is asked again, and what it said. What it said is in no metric."""
    return _row(settings, "mail_outage_details")


def _row(settings: "Settings", query: str) -> dict[str, Any] | None:
    from focusflow.database.installation import database_as_it_is
    from focusflow.database.session import Database, Role
    from operational_api.metrics import QUERIES

    with (
        database_as_it_is(settings) as running,
        Database(running.url, connections=1) as database,
        database.transaction(Role.REPORTING) as tx,
    ):
        return tx.one(QUERIES[query])


def _refresher(settings: "Settings", figures: Mapping[str, float]) -> dict[str, Any]:
    """Whether one is alive, its last refresh, and why it fails, which is in no metric."""
    refreshes, failures = (int(figures.get(f"focusflow_refresher_{name}", 0)) for name in ("refreshes", "failures"))
    return {
        "active": bool(figures.get("focusflow_refresher_active")),
        "age_seconds": figures["focusflow_refresher_age_seconds"] if refreshes else None,
        "seconds": figures["focusflow_refresher_seconds"] if refreshes else None,
        "failures": failures,
        "error": (_row(settings, "refresher") or {}).get("error") if failures else None,
    }


def _erasures(figures: Mapping[str, float]) -> dict[str, Any] | None:
    """How many erasures of users are not finished, and when the next one continues."""
    from datetime import UTC, datetime

    if not (count := int(figures.get("focusflow_erasures_unfinished", 0))):
        return None
    next_at = figures.get("focusflow_erasure_deadline_timestamp_seconds")
    return {"unfinished": count, "next_at": datetime.fromtimestamp(next_at, UTC) if next_at else None}


def _unused_answers(figures: Mapping[str, float]) -> int:
    answers = {name: value for name, value in figures.items() if name.startswith("focusflow_ai_answers{")}
    return int(sum(value for name, value in answers.items() if 'status="written"' not in name))


def _backlog(figures: Mapping[str, float], alert_seconds: float) -> "list[Backlog]":
    from datetime import timedelta

    from focusflow.backlog import STAGES, Backlog
    from focusflow.clock import now

    found = []
    for stage in STAGES:
        events = int(figures.get(f'focusflow_backlog_events{{stage="{stage}"}}', 0))
        age = timedelta(seconds=figures.get(f'focusflow_backlog_age_seconds{{stage="{stage}"}}', 0))
        if events:
            found.append(Backlog(stage, events, now() - age, age, age.total_seconds() > alert_seconds))
    return found


def _next(facts: Mapping[str, Any], *, does_api_answer: bool) -> list[str]:
    """What an operator should do, the most urgent first. Nothing where all is well."""
    if facts["counts"] is None:
        return ["Run `focusflow up`."]
    counts, versions, verify = facts["counts"], facts["versions"], facts["last_verify"]
    is_outdated = versions["running"] and versions["running"] != versions["installed"]
    has_failed = verify is not None and not verify.is_well
    steps = {
        "The API does not answer: look at logs/api.log.": not does_api_answer,
        f"Restart FocusFlow: version {versions['running']} runs, {versions['installed']} is installed.": is_outdated,
        "The numbers of some users are held back: see Data health.": facts["quarantined_users"],
        "Nothing sends reports: start Dagster, or run `focusflow report send-due`.": counts["reports_overlooked"],
        "Some reports may not have arrived: run `focusflow report deliveries --status unknown`.": counts[
            "reports_unknown"
        ],
        "The last check failed: run `focusflow verify --deep`.": has_failed,
        "Check the data: run `focusflow verify`.": counts["events"] and not has_failed and not _is_recent(verify),
        "Back up your data: run `focusflow backup FOLDER`.": counts["people"] and not _is_recent(facts["last_backup"]),
        f"Create an account at {facts['addresses'].get('dashboard', 'the dashboard')}.": not counts["people"],
    }
    late = [each.sentence for each in facts["backlog"] or [] if each.is_late]
    return late + [step for step, is_due in steps.items() if is_due]


def _is_recent(run: "LastRun | None") -> bool:
    from datetime import timedelta

    from focusflow.clock import now

    return run is not None and run.is_well and now() - run.at < timedelta(days=RECENT_DAYS)


def _print_json(facts: dict[str, Any]) -> None:
    import json
    from dataclasses import asdict

    runs = {name: run and asdict(run) for name, run in facts.items() if name in ("last_verify", "last_backup")}
    backlog = facts["backlog"] and [each.as_json() | {"sentence": each.sentence} for each in facts["backlog"]]
    click.echo(json.dumps(facts | runs | {"backlog": backlog}, indent=2, default=lambda moment: moment.isoformat()))


def _show(facts: Mapping[str, Any]) -> None:
    versions = facts["versions"]
    running = click.style("yes", fg="green") + f", process {facts['pid']}" if facts["running"] else "no"
    rows = [("home", facts["home"]), ("running", running), *facts["addresses"].items()]
    rows.append(("version", f"{versions['installed']}, schema {versions['schema']}, Python {versions['python']}"))
    rows += [("last landed", _ago(facts["last_landed"])), ("last gold", _ago(facts["last_gold"]))]
    rows += [("last verify", _run(facts["last_verify"])), ("last backup", _run(facts["last_backup"]))]
    if facts["quarantined_users"]:
        users = click.style(", ".join(facts["quarantined_users"]), fg="red")
        rows.append(("quarantined users", f"{users}; see Data health"))
    rows += [(name.replace("_", " "), f"{count:,}") for name, count in (facts["counts"] or {}).items()]
    if unused := facts["ai_answers_not_used"]:
        rows.append(("AI answers not used", f"{unused:,} in 24 hours; see focusflow doctor"))
    if outage := facts["mail_outage"]:
        said = f"paused since {outage['began_at']:%Y-%m-%d %H:%M} UTC, tried again at {outage['next_attempt_at']:%H:%M}: {outage['reason']}"
        rows.append(("emails", click.style(said, fg="red")))
    if erasures := facts["erasures"]:
        when = f", the next continues at {erasures['next_at']:%Y-%m-%d %H:%M} UTC" if erasures["next_at"] else ""
        rows.append(("erasures", f"{erasures['unfinished']:,} unfinished{when}"))
    if refresher := facts["refresher"]:
        rows.append(("refresher", _refresher_in_words(refresher)))
    for each in facts["backlog"] or []:
        waiting = f"{each.events:,} waiting since {each.since:%Y-%m-%d %H:%M:%S} UTC"
        rows.append((each.stage, click.style(waiting, fg="red" if each.is_late else None)))
    rows += [("next", step) for step in facts["next"] or ["nothing to do"]]
    width = max(len(name) for name, _ in rows) + 2
    for name, value in rows:
        click.echo(f"{name:<{width}}{value}")


def _refresher_in_words(state: Mapping[str, Any]) -> str:
    if state["failures"]:
        return click.style(f"failed {state['failures']} times in a row: {state['error']}", fg="red")
    if state["age_seconds"] is None:
        return "no refresh yet"
    alive = "active" if state["active"] else "not active"
    return f"{alive}, last refresh {state['age_seconds']:,.0f} s ago in {state['seconds']:.1f} s"


def _run(run: "LastRun | None") -> str:
    if run is None:
        return "none yet"
    return click.style(f"{run.sentence} {_ago(run.at)}", fg=None if run.is_well else "red")


def _ago(moment: "datetime | None") -> str:
    from focusflow.clock import now

    if moment is None:
        return "never"
    seconds = max(int((now() - moment).total_seconds()), 0)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago, {moment:%Y-%m-%d %H:%M} UTC"
    return f"{seconds} seconds ago"
