"""`focusflow report`."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from focusflow.clock import Period
    from reports.facts import Facts, Person

DAY = click.DateTime(formats=["%Y-%m-%d"])
USER = click.option("--user", "email", required=True, metavar="EMAIL", help="Whose report.")
OUT = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write it there as HTML, text and JSON. Without, the text is printed.",
)


@click.group("report")
def command() -> None:
    """Make somebody's report from the numbers that are there.

    Example: focusflow report weekly --user demo@example.com --out reports
    """


@command.command("weekly")
@USER
@OUT
@click.option("--week", type=DAY, metavar="DAY", help="The week around this day. Unset, the last whole one.")
def weekly(email: str, out: Path | None, week: datetime | None) -> None:
    """The report of a week, which begins on the weekday that the person has it begin on."""
    _make(email, out, week_around(week))


@command.command("monthly")
@USER
@OUT
@click.option("--month", type=DAY, metavar="DAY", help="The month around this day. Unset, the last whole one.")
def monthly(email: str, out: Path | None, month: datetime | None) -> None:
    """The report of a month."""
    from focusflow.clock import Period

    def period(_: "Person", today: date) -> Period:
        return Period.month_of(month.date() if month else _days_before(today.replace(day=1), 1))

    _make(email, out, period)


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


def week_around(day: datetime | None) -> "Callable[[Person, date], Period]":
    """The week around a day, or the last whole one."""
    from focusflow.clock import Period

    def period(person: "Person", today: date) -> Period:
        return Period.week_of(day.date() if day else _days_before(today, 7), person.week_start)

    return period


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(day.toordinal() - days)


def _make(email: str, out: Path | None, period_of: "Callable[[Person, date], Period]") -> None:
    from reports.render import rendered
    from reports.weekly import told

    facts = facts_of(email, period_of)
    made, period = rendered(told(facts)), facts.period
    if out is None:
        click.echo(made.text)
        return
    out.mkdir(parents=True, exist_ok=True)
    for ending, content in (("html", made.html.encode()), ("txt", made.text.encode()), ("json", made.json)):
        path = out / f"report-{period.first}-{period.last}.{ending}"
        path.write_bytes(content)
        click.echo(str(path))


def facts_of(email: str, period_of: "Callable[[Person, date], Period]") -> "Facts":
    """The facts of the period that a person and their today lead to."""
    from focusflow import clock
    from focusflow.database.installation import running_database
    from focusflow.database.session import Database
    from focusflow.lake import Lake
    from focusflow.settings import load_settings
    from reports import people
    from reports.facts import gather

    settings = load_settings()
    with running_database(settings) as url, Database(url) as database:
        person = people.by_email(database, email)
    period = period_of(person, clock.local_date(clock.now(), person.timezone))
    return gather(Lake(settings.lake_location), settings.buckets, person, period)
