"""Reports over HTTP: those that were mailed, the one to come, and any days."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query

from focusflow.clock import Period
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.http.errors import problems
from operational_api.http.idempotency import StillAtWork, run_once
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.rendered import Rendered
from operational_api.http.route import TypedRoute
from operational_api.http.services import Shared
from operational_api.http.unit_of_work import KeyReused, RequestContext, UnitOfWork
from operational_api.reports.schemas import NewReport, Preview, ReportEntry, ReportFilter, ReportPage, Wanted
from operational_api.reports.service import QUERIES, CallerCredentials, in_format, person_of, short_transaction
from reports.delivery.composer import composer
from reports.pdf import NoPdf
from reports.periods.content import REPORT, Report
from reports.periods.facts import NotComputed
from reports.recipients import Recipients

router = APIRouter(prefix="/reports", tags=["Reports"], route_class=TypedRoute)


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


@router.get("", responses=problems(NotSignedIn, Invalid))
def list_reports(filters: Annotated[ReportFilter, Query()], uow: UnitOfWork) -> ReportPage:
    """List your reports and what became of their mails."""
    values = {"kind": filters.kind, "limit": filters.limit} | after_moment(filters.cursor, "reports")
    page = page_of(uow.tx.all(QUERIES["page"], values), filters.limit, "reports", "created_at")
    return ReportPage(items=[ReportEntry.from_row(row) for row in page.rows], next_cursor=page.next_cursor)


@router.get("/preview", responses=FORMS | problems(NotSignedIn, NotComputed, NoPdf, Invalid))
def preview_report(
    filters: Annotated[Preview, Query()], credentials: CallerCredentials, shared: Shared
) -> Rendered[Report]:
    """The next report email, as it would be sent now: of the last week or month until its email is sent, then of the running one."""
    with short_transaction(shared, credentials) as uow:
        user_id, now = uow.caller.user_id, uow.tx.now
    to = Recipients(shared.database, shared.settings.must_verify_email).by_id(user_id)
    report, email = composer(shared.reports).preview(to, filters.kind, now)
    return in_format(report, filters.format, email=email)


@router.post(
    "",
    responses=FORMS | problems(NotSignedIn, NotComputed, StillAtWork, NoPdf, KeyReused, Invalid),
)
def make_report(
    body: NewReport, filters: Annotated[Wanted, Query()], context: RequestContext, shared: Shared
) -> Rendered[Report]:
    """A report of any days. It is made for this answer, and kept with the request's Idempotency-Key alone."""

    def report() -> bytes:
        with short_transaction(shared, context.credentials) as uow:
            person, _ = person_of(uow)
        whole = shared.reports.report(shared.reports.facts(person, Period.between(body.first_day, body.last_day)))
        return orjson.dumps(whole if body.sections is None else whole.only(body.sections))

    answer = run_once(context, report)
    return in_format(REPORT.validate_json(answer.content), filters.format, answer.headers)


@router.get(
    "/{report_id:uuid}",
    responses=FORMS | problems(NotSignedIn, ReportNotFound, NotMadeYet, NoPdf, Invalid),
)
def get_report(report_id: UUID, filters: Annotated[Wanted, Query()], uow: UnitOfWork) -> Rendered[Report]:
    """One report, as it was said at the time."""
    row = uow.tx.one(QUERIES["content"], {"id": report_id})
    if row is None:
        raise ReportNotFound
    if row["content"] is None:
        raise NotMadeYet
    return in_format(REPORT.validate_python(row["content"]), filters.format)
