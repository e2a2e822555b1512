"""Reports made for the person who asks, from the lake as it is now. What the sender mails is made by the same code.

Making one takes a while, and a service may have to find words: no transaction is held open for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from focusflow.clock import local_date
from focusflow.database.queries import load_queries
from operational_api.http.services import Services
from operational_api.http.unit_of_work import Work
from operational_api.security.authentication import Asking, Door, admitted
from reports.pdf import pdf
from reports.periods.content import Report
from reports.periods.facts import Person
from reports.render import render_report, report_json

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

#: What was written by people is escaped; should it ever not be, it still can do nothing.
SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

#: Who asks, of a route that opens its own short transactions.
WhoAsks = Annotated[Asking, Depends(Door())]


@contextmanager
def opened(shared: Services, asking: Asking) -> Iterator[Work]:
    """A short transaction of a long request."""
    with admitted(shared.database, asking) as (tx, caller):
        yield Work(tx, caller, asking.origin, shared.serving)


def person_of(work: Work) -> tuple[Person, date]:
    """The caller as a report knows them, and their today."""
    row = work.tx.one(QUERIES["person"], {"user_id": work.caller.user_id})
    assert row is not None
    person = Person(row["id"], row["display_name"], work.caller.timezone, row["week_start"], row["locale"])
    return person, local_date(work.tx.now, person.timezone)


def shown(report: Report, form: str) -> Response:
    """A report in one of its forms."""
    if form == "json":
        return Response(report_json(report), media_type="application/json")
    email = render_report(report)
    if form == "text":
        return PlainTextResponse(email.text)
    if form == "html":
        return HTMLResponse(email.html, headers=SAFE)
    name = f"report-{report.first}-{report.last}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(pdf(email.html), media_type="application/pdf", headers=headers)
