"""`focusflow report`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.commands.explain import AS_OF, show_late
from cli.groups import Group
from cli.options import DAY

if TYPE_CHECKING:
    from focusflow.clock import Period
    from reports.delivery.sender import Sender
    from reports.periods.builder import ReportBuilder
    from reports.periods.content import Report
    from reports.periods.facts import Facts, User

USER = click.option("--user", "email", required=True, metavar="EMAIL", help="Whose report.")
OUT = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write HTML, text, JSON and, if available, PDF to this folder. By default the text is printed.",
)


SEND = click.option("--send", is_flag=True, help="Email it to the user, unless this period was already sent.")


@click.group("report", cls=Group)
def command() -> None:
    """Build a report of a user, or send the reports that are due.

    Example: focusflow report weekly --user demo@example.com --out reports
    """


@command.command("weekly")
@USER
@OUT
@SEND
@AS_OF
@click.option("--week", type=DAY, metavar="DAY", help="A day of the week. Defaults to the last full week.")
def weekly(email: str, out: Path | None, send: bool, as_of: datetime | None, week: datetime | None) -> None:
    """Build the report of a week. Weeks start on the user's chosen weekday."""
    _make_or_send("weekly", email, out, week_around(week), send=send, as_of=as_of)


@command.command("monthly")
@USER
@OUT
@SEND
@AS_OF
@click.option("--month", type=DAY, metavar="DAY", help="A day of the month. Defaults to the last full month.")
def monthly(email: str, out: Path | None, send: bool, as_of: datetime | None, month: datetime | None) -> None:
    """Build the report of a month."""
    from focusflow.clock import Period

    def period(_: "User", today: date) -> Period:
        return Period.month_of(month.date() if month else _days_before(today.replace(day=1), 1))

    _make_or_send("monthly", email, out, period, send=send, as_of=as_of)


@command.command("custom")
@USER
@OUT
@AS_OF
@click.option("--from", "first", type=DAY, required=True, metavar="DAY", help="Its first day.")
@click.option("--to", "last", type=DAY, required=True, metavar="DAY", help="Its last day.")
def custom(email: str, out: Path | None, as_of: datetime | None, first: datetime, last: datetime) -> None:
    """Build the report of a custom range."""
    if last < first:
        raise click.UsageError("--to needs a --from on or before it.")
    from focusflow.clock import Period

    _make(email, out, lambda _, __: Period.between(first.date(), last.date()), as_of)


@command.command("send-due")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def send_due(as_json: bool) -> None:
    """Email all reports that are due, as Dagster does every 15 minutes.

    Safe to repeat: each period is sent once. Exits with 1 if a report failed permanently or its delivery is unknown.

    Example: focusflow report send-due
    """
    import json
    from dataclasses import asdict

    with _sender() as sender:
        sender.outage.end()  # who runs it by hand has repaired the server, or wants to know whether it is
        counts = asdict(sender.run())
    click.echo(json.dumps(counts) if as_json else ", ".join(f"{count} {name}" for name, count in counts.items()))
    if counts["failed"] or counts["unknown"]:
        raise SystemExit(1)


@command.command("deliveries")
@click.option(
    "--status", type=click.Choice(["due", "sending", "sent", "failed", "unknown", "skipped"]), help="Only these."
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def deliveries(status: str | None, as_json: bool) -> None:
    """List the latest 100 due reports with their status and, if not sent, the reason.

    Example: focusflow report deliveries --status unknown
    """
    import json

    with _sender() as sender:
        rows = sender.ledger.recent(status, 100)
    if as_json:
        click.echo(json.dumps(rows, indent=2, default=str))
        return
    for row in rows:
        when = row["sent_at"] or row["updated_at"]
        click.echo(
            f"{when:%Y-%m-%d %H:%M}  {row['status']:<8} {row['kind']:<8} {row['period']:<9} {row['email']}"
            + (f": {row['reason']}" if row["reason"] else "")
        )


@command.command("resend")
@USER
@click.option("--kind", type=click.Choice(["weekly", "monthly"]), default="weekly", show_default=True)
@click.option(
    "--period", required=True, metavar="PERIOD", help="Period as shown by `deliveries`, for example 2026-W47."
)
def resend(email: str, kind: str, period: str) -> None:
    """Resend a report that failed or whose delivery is unknown. Ask the user first.

    Example: focusflow report resend --user demo@example.com --period 2026-W47
    """
    with _sender() as sender:
        row = sender.again(sender.recipients.by_email(email), kind, period)
    _say(row.status, row.reason)


def week_around(day: datetime | None) -> "Callable[[User, date], Period]":
    """The week around a day, or the last whole one."""
    from focusflow.clock import Period

    def period(user: "User", today: date) -> Period:
        return Period.week_of(day.date() if day else _days_before(today, 7), user.week_start)

    return period


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(day.toordinal() - days)


def _make_or_send(
    kind: str,
    email: str,
    out: Path | None,
    period_of: "Callable[[User, date], Period]",
    *,
    send: bool,
    as_of: datetime | None,
) -> None:
    if not send:
        _make(email, out, period_of, as_of, kind)
        return
    if out is not None or as_of is not None:
        raise click.UsageError(f"Use either {'--out' if out is not None else '--as-of'} or --send.")
    from focusflow import clock

    with _sender() as sender:
        to = sender.recipients.by_email(email)
        row = sender.send(to, kind, period_of(to.user, clock.local_date(clock.now(), to.user.timezone)))
    _say(row.status, row.reason)


def _say(status: str, reason: str | None) -> None:
    click.echo(f"{status}: {reason}" if reason else status)
    if status != "sent":
        raise SystemExit(1)


@contextmanager
def _sender() -> "Iterator[Sender]":
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.mail import mailer
    from focusflow.settings import load_settings
    from reports.delivery.sender import sender

    settings = load_settings()
    with running_database(settings) as url, Database(url, connections=settings.mail_connections + 1) as database:
        yield sender(settings, database, mailer(settings))


def _make(
    email: str,
    out: Path | None,
    period_of: "Callable[[User, date], Period]",
    as_of: datetime | None = None,
    kind: str | None = None,
) -> None:
    from reports.pdf import NoPdf, pdf
    from reports.render import render_report, report_json

    if as_of is None:
        with report_builder_for(email, period_of) as (report_builder, facts):
            report = report_builder.report(facts)
    else:
        report = _past_report(email, period_of, as_of, kind)
    rendered = render_report(report)
    if out is None:
        click.echo(rendered.text)
        return
    out.mkdir(parents=True, exist_ok=True)
    for ending, content in (
        ("html", rendered.html.encode()),
        ("txt", rendered.text.encode()),
        ("json", report_json(report)),
    ):
        path = out / f"report-{report.first}-{report.last}.{ending}"
        path.write_bytes(content)
        click.echo(str(path))
    try:
        printed = pdf(rendered.html)
    except NoPdf as problem:
        click.echo(str(problem), err=True)
        return
    path = out / f"report-{report.first}-{report.last}.pdf"
    path.write_bytes(printed)
    click.echo(str(path))


def _past_report(
    email: str, period_of: "Callable[[User, date], Period]", as_of: datetime, kind: str | None
) -> "Report":
    """The report as it was known at a moment. Events that came too late for it are named on standard error."""
    from rich.console import Console

    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.settings import load_settings
    from pipelines.engine.past_reports import past_report
    from reports.periods.builder import report_builder
    from reports.recipients import Recipients

    if as_of > clock.now():
        raise click.UsageError("--as-of must be in the past.")
    settings = load_settings()
    with running_database(settings) as url, Database(url) as database:
        user = Recipients(database, settings.must_verify_email).by_email(email).user
        report, late = past_report(report_builder(settings, database), user, period_of, as_of, kind)
    show_late(Console(stderr=True), late)
    return report


@contextmanager
def report_builder_for(
    email: str, period_of: "Callable[[User, date], Period]"
) -> "Iterator[tuple[ReportBuilder, Facts]]":
    """A report builder, and the facts of the user's period."""
    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.settings import load_settings
    from reports.periods.builder import report_builder
    from reports.recipients import Recipients

    settings = load_settings()
    with running_database(settings) as url, Database(url) as database:
        user = Recipients(database, settings.must_verify_email).by_email(email).user
        made_by = report_builder(settings, database)
        yield made_by, made_by.facts(user, period_of(user, clock.local_date(clock.now(), user.timezone)))
