"""Reports over HTTP: those that were mailed, the one to come, and any days."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from pydantic import TypeAdapter
from starlette.responses import Response

from focusflow.clock import Period
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.http.errors import problems
from operational_api.http.idempotency import LongRequest, StillAtWork, once
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.services import Shared
from operational_api.http.unit_of_work import InOneTransaction, KeyReused, UnitOfWork
from operational_api.reports.schemas import NewReport, Preview, ReportFilter, ReportPage, Wanted
from operational_api.reports.service import QUERIES, WhoAsks, opened, person_of, shown
from reports.pdf import NoPdf
from reports.periods.content import Report
from reports.periods.facts import NotComputed

REPORT = TypeAdapter(Report)

router = APIRouter(prefix="/reports", tags=["Reports"], route_class=InOneTransaction)


class ReportNotFound(NotFound):
    """There is no such report."""


class NotMadeYet(Conflict):
    """This report has not been made yet, there was nothing to tell, or its text is no longer kept. Its `status` and `reason` say more."""


FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report: as data, as a page that needs nothing from elsewhere, as plain text, or to print.",
        "content": {
            "text/html": {"schema": {"type": "string"}},
            "text/plain": {"schema": {"type": "string"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.get("", response_model=ReportPage, responses=problems(NotSignedIn, Invalid))
def list_reports(wanted: Annotated[ReportFilter, Query()], work: UnitOfWork) -> Response:
    """List your reports and what became of their mails."""
    values = {"kind": wanted.kind, "limit": wanted.limit} | after_moment(wanted.cursor, "reports")
    return work.reply(page_of(work.tx.all(QUERIES["page"], values), wanted.limit, "reports", "created_at"))


@router.get("/preview", response_model=Report, responses=FORMS | problems(NotSignedIn, NotComputed, NoPdf, Invalid))
def preview_report(wanted: Annotated[Preview, Query()], who_asks: WhoAsks, shared: Shared) -> Response:
    """What the report of the running week or month would say now."""
    with opened(shared, who_asks) as work:
        person, today = person_of(work)
    period = Period.month_of(today) if wanted.kind == "monthly" else Period.week_of(today, person.week_start)
    return shown(shared.reports.report(shared.reports.facts(person, period)), wanted.format)


@router.post(
    "",
    response_model=Report,
    responses=FORMS | problems(NotSignedIn, NotComputed, StillAtWork, NoPdf, KeyReused, Invalid),
)
def make_report(body: NewReport, wanted: Annotated[Wanted, Query()], asked: LongRequest, shared: Shared) -> Response:
    """A report of any days. It is made for this answer, and kept with the request's Idempotency-Key alone."""

    def report() -> bytes:
        with opened(shared, asked.asking) as work:
            person, _ = person_of(work)
        made = shared.reports.report(shared.reports.facts(person, Period.between(body.first_day, body.last_day)))
        return orjson.dumps(made if body.sections is None else made.only(body.sections))

    made = once(asked, report)
    answer = shown(REPORT.validate_json(made.content), wanted.format)
    answer.headers.update(made.headers)
    return answer


@router.get(
    "/{report_id:uuid}",
    response_model=Report,
    responses=FORMS | problems(NotSignedIn, ReportNotFound, NotMadeYet, NoPdf, Invalid),
)
def get_report(report_id: UUID, wanted: Annotated[Wanted, Query()], work: UnitOfWork) -> Response:
    """One report, as it was said at the time."""
    row = work.tx.one(QUERIES["content"], {"id": report_id})
    if row is None:
        raise ReportNotFound
    if row["content"] is None:
        raise NotMadeYet
    return shown(REPORT.validate_python(row["content"]), wanted.format)
