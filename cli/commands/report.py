"""`focusflow report`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import DAY

if TYPE_CHECKING:
    from focusflow.clock import Period
    from reports.delivery.sender import Sender
    from reports.periods.builder import ReportBuilder
    from reports.periods.facts import Facts, Person

USER = click.option("--user", "email", required=True, metavar="EMAIL", help="Whose report.")
OUT = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write it there as HTML, text, JSON, and as PDF where that can be made. Without, the text is printed.",
)


SEND = click.option("--send", is_flag=True, help="Mail it to the person, unless that period's has been mailed.")


@click.group("report")
def command() -> None:
    """Make somebody's report from the numbers that are there, or mail it to whoever is due.

    Example: focusflow report weekly --user demo@example.com --out reports
    """


@command.command("weekly")
@USER
@OUT
@SEND
@click.option("--week", type=DAY, metavar="DAY", help="The week around this day. Unset, the last whole one.")
def weekly(email: str, out: Path | None, send: bool, week: datetime | None) -> None:
    """The report of a week, which begins on the weekday that the person has it begin on."""
    _make_or_send("weekly", email, out, week_around(week), send=send)


@command.command("monthly")
@USER
@OUT
@SEND
@click.option("--month", type=DAY, metavar="DAY", help="The month around this day. Unset, the last whole one.")
def monthly(email: str, out: Path | None, send: bool, month: datetime | None) -> None:
    """The report of a month."""
    from focusflow.clock import Period

    def period(_: "Person", today: date) -> Period:
        return Period.month_of(month.date() if month else _days_before(today.replace(day=1), 1))

    _make_or_send("monthly", email, out, period, send=send)


@command.command("custom")
@USER
@OUT
@click.option("--from", "first", type=DAY, required=True, metavar="DAY", help="Its first day.")
@click.option("--to", "last", type=DAY, required=True, metavar="DAY", help="Its last day.")
def custom(email: str, out: Path | None, first: datetime, last: datetime) -> None:
    """The report of any days."""
    if last < first:
        raise click.UsageError("--to needs a --from that is not after it.")
    from focusflow.clock import Period

    _make(email, out, lambda _, __: Period.between(first.date(), last.date()))


@command.command("send-due")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def send_due(as_json: bool) -> None:
    """Mail the reports of everybody whose hour has come, as Dagster does each quarter of an hour.

    Run it as often as you like: nobody gets a period's report twice. The exit code is 1 when a report failed for good or its fate is unknown.

    Example: focusflow report send-due
    """
    import json
    from dataclasses import asdict

    with _sender() as sender:
        sender.outage.end()  # who runs it by hand has mended the server, or wants to know whether it is
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
    """What became of the reports that were due, the latest 100 first, with the reason where one was not sent.

    Example: focusflow report deliveries --status unknown
    """
    import json

    with _sender() as sender:
        rows = sender.ledger.shown(status, 100)
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
@click.option("--period", required=True, metavar="PERIOD", help="As `deliveries` names it, like 2026-W47.")
def resend(email: str, kind: str, period: str) -> None:
    """Mail a report again that was given up, or of which nobody knows whether it arrived. Ask the person first.

    Example: focusflow report resend --user demo@example.com --period 2026-W47
    """
    with _sender() as sender:
        row = sender.again(sender.people.by_email(email), kind, period)
    _say(row.status, row.reason)


def week_around(day: datetime | None) -> "Callable[[Person, date], Period]":
    """The week around a day, or the last whole one."""
    from focusflow.clock import Period

    def period(user: "Person", today: date) -> Period:
        return Period.week_of(day.date() if day else _days_before(today, 7), user.week_start)

    return period


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(day.toordinal() - days)


def _make_or_send(
    kind: str, email: str, out: Path | None, period_of: "Callable[[Person, date], Period]", *, send: bool
) -> None:
    if not send:
        _make(email, out, period_of)
        return
    if out is not None:
        raise click.UsageError("--out and --send are two things: choose one.")
    from focusflow import clock

    with _sender() as sender:
        to = sender.people.by_email(email)
        row = sender.send(to, kind, period_of(to.person, clock.local_date(clock.now(), to.person.timezone)))
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


def _make(email: str, out: Path | None, period_of: "Callable[[Person, date], Period]") -> None:
    from reports.pdf import NoPdf, pdf
    from reports.render import render_report, report_json

    with making(email, period_of) as (maker, facts):
        report, period = maker.report(facts), facts.period
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
        path = out / f"report-{period.first}-{period.last}.{ending}"
        path.write_bytes(content)
        click.echo(str(path))
    try:
        printed = pdf(rendered.html)
    except NoPdf as problem:
        click.echo(str(problem), err=True)
        return
    path = out / f"report-{period.first}-{period.last}.pdf"
    path.write_bytes(printed)
    click.echo(str(path))


@contextmanager
def making(email: str, period_of: "Callable[[Person, date], Period]") -> "Iterator[tuple[ReportBuilder, Facts]]":
    """A report builder, and the facts of the user's period."""
    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.settings import load_settings
    from reports.periods.builder import maker
    from reports.recipients import Recipients

    settings = load_settings()
    with running_database(settings) as url, Database(url) as database:
        person = Recipients(database, settings.must_verify_email).by_email(email).person
        made_by = maker(settings, database)
        yield made_by, made_by.facts(person, period_of(person, clock.local_date(clock.now(), person.timezone)))
