"""Builds reports for the caller from the current lake, with the code that also builds the emails.

Computing one takes a while and may call the text generator, so no transaction is held open for it.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

from focusflow.clock import Period, local_date
from focusflow.database.queries import load_queries
from operational_api.http.rendered import Rendered
from operational_api.http.unit_of_work import UnitOfWork
from reports.pdf import pdf
from reports.periods.content import Report
from reports.periods.facts import User
from reports.render import Email, render_report, report_json

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

#: Text of users is escaped. If an escape were missing, the policy would still block scripts and requests.
SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

#: The last whole week or month of a user on a day of theirs.
LAST_WHOLE: Mapping[str, Callable[[User, date], Period]] = {
    "weekly": lambda user, today: Period.week_of(today - timedelta(days=7), user.week_start),
    "monthly": lambda _, today: Period.month_of(today.replace(day=1) - timedelta(days=1)),
}


def report_subject(uow: UnitOfWork) -> tuple[User, date]:
    """The caller as the subject of a report, and their local date."""
    row = uow.tx.one(QUERIES["person"], {"user_id": uow.caller.user_id})
    assert row is not None
    user = User(row["id"], row["display_name"], uow.caller.timezone, row["week_start"], row["locale"])
    return user, local_date(uow.tx.now, user.timezone)


def late_header(late: int) -> dict[str, str]:
    """How many events of before a past moment were recorded after it."""
    return {"X-Late-Events": str(late)}


def in_format(
    report: Report, form: str, headers: Mapping[str, str] | None = None, email: Email | None = None
) -> Rendered[Report]:
    """A report in one of its formats. `email` is its rendered form, where there is one."""
    more = headers or {}
    if form == "json":
        return Rendered(report_json(report), headers=more)
    email = email or render_report(report)
    if form == "text":
        return Rendered(email.text.encode(), headers=more, media_type="text/plain; charset=utf-8")
    if form == "html":
        return Rendered(email.html.encode(), headers={**more, **SAFE}, media_type="text/html; charset=utf-8")
    name = f"report-{report.first}-{report.last}.pdf"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Rendered(pdf(email.html), headers={**more, **disposition}, media_type="application/pdf")
