"""Reports over HTTP: sent reports, previews and custom ranges."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query

from focusflow.clock import Period
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.http.errors import problems
from operational_api.http.idempotency import StillAtWork, run_once
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.past import NotPast, check_past
from operational_api.http.rendered import Rendered
from operational_api.http.route import TypedRoute
from operational_api.http.services import NoHistory, Shared
from operational_api.http.unit_of_work import (
    CallerCredentials,
    KeyReused,
    RequestContext,
    UnitOfWork,
    short_transaction,
)
from operational_api.reports.schemas import NewReport, Preview, ReportEntry, ReportFilter, ReportPage, Wanted
from operational_api.reports.service import (
    LAST_WHOLE,
    QUERIES,
    in_format,
    late_header,
    report_subject,
)
from reports.delivery.composer import composer
from reports.pdf import NoPdf
from reports.periods.content import REPORT, Report
from reports.periods.facts import NotComputed
from reports.recipients import Recipients

router = APIRouter(prefix="/reports", tags=["Reports"], route_class=TypedRoute)


class ReportNotFound(NotFound):
    """No report has this id."""


class NotMadeYet(Conflict):
    """This report has no content: it is not built yet, there was nothing to report, or its text has expired. See `status` and `reason`."""


FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report as JSON, as a self-contained HTML page, as plain text or as PDF.",
        "content": {
            "text/html": {"schema": {"type": "string"}},
            "text/plain": {"schema": {"type": "string"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.get("", responses=problems(NotSignedIn, Invalid))
def list_reports(filters: Annotated[ReportFilter, Query()], uow: UnitOfWork) -> ReportPage:
    """List your reports with the delivery status of their emails."""
    values = {"kind": filters.kind, "limit": filters.limit} | after_moment(filters.cursor, "reports")
    page = page_of(uow.tx.all(QUERIES["page"], values), filters.limit, "reports", "created_at")
    return ReportPage(items=[ReportEntry.from_row(row) for row in page.rows], next_cursor=page.next_cursor)


@router.get("/preview", responses=FORMS | problems(NotSignedIn, NotComputed, NotPast, NoHistory, NoPdf, Invalid))
def preview_report(
    filters: Annotated[Preview, Query()], credentials: CallerCredentials, shared: Shared
) -> Rendered[Report]:
    """Preview the next report email as it would be sent now: the last period until its email is sent, then the current one. With `as_of`, the
    report of the last whole period as it was known then; `X-Late-Events` counts the events that came too late for it.
    """
    with short_transaction(shared, credentials) as uow:
        user_id, now = uow.caller.user_id, uow.tx.now
        user, _ = report_subject(uow)
    if filters.as_of:
        check_past(filters.as_of, now)
        report, late = shared.history.report(user, LAST_WHOLE[filters.kind], filters.as_of, filters.kind)
        return in_format(report, filters.format, late_header(late))
    to = Recipients(shared.database, shared.settings.must_verify_email).by_id(user_id)
    report, email = composer(shared.reports).preview(to, filters.kind, now)
    return in_format(report, filters.format, email=email)


@router.post(
    "",
    responses=FORMS | problems(NotSignedIn, NotComputed, NotPast, NoHistory, StillAtWork, NoPdf, KeyReused, Invalid),
)
def make_report(
    body: NewReport, filters: Annotated[Wanted, Query()], context: RequestContext, shared: Shared
) -> Rendered[Report]:
    """Build a report of a custom range, with `as_of` as it was known then. It is not stored, except under the request's Idempotency-Key."""

    def report() -> bytes:
        with short_transaction(shared, context.credentials) as uow:
            user, _ = report_subject(uow)
            now = uow.tx.now
        if body.as_of:
            check_past(body.as_of, now)
            period = Period.between(body.first_day, body.last_day)
            whole, _ = shared.history.report(user, lambda *_: period, body.as_of)
        else:
            whole = shared.reports.report(shared.reports.facts(user, Period.between(body.first_day, body.last_day)))
        return orjson.dumps(whole if body.sections is None else whole.only(body.sections))

    answer = run_once(context, report)
    return in_format(REPORT.validate_json(answer.content), filters.format, answer.headers)


@router.get(
    "/{report_id:uuid}",
    responses=FORMS | problems(NotSignedIn, ReportNotFound, NotMadeYet, NoPdf, Invalid),
)
def get_report(report_id: UUID, filters: Annotated[Wanted, Query()], uow: UnitOfWork) -> Rendered[Report]:
    """Get a report as it was built at the time."""
    row = uow.tx.one(QUERIES["content"], {"id": report_id})
    if row is None:
        raise ReportNotFound
    if row["content"] is None:
        raise NotMadeYet
    return in_format(REPORT.validate_python(row["content"]), filters.format)
