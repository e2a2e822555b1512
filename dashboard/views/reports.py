"""Reports: the next one, sent ones, and custom ranges."""

import base64
from datetime import date, datetime

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.app_state import shared
from dashboard.components import layout, past_moment, period_picker
from focusflow import locales
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

PAGE_SIZE = 50
WHEN = mark("Choose whether and when it is sent in the [settings](/settings?section=Notifications).")
HEIGHT = 1100
WHICH = (mark("Next weekly"), mark("Next monthly"), mark("Custom range"), mark("Archive"))
KINDS = {"weekly": mark("Weekly"), "monthly": mark("Monthly")}
STATES = {
    "due": mark("to be sent"),
    "sending": mark("being sent"),
    "sent": mark("sent"),
    "failed": mark("not sent"),
    "unknown": mark("perhaps sent"),
    "skipped": mark("left out"),
}


def page() -> None:
    with layout.title_row():
        st.title(_("Reports"), anchor=False)
        which = layout.choice_in_address(_("Which"), WHICH, "report")
    if which == "Custom range":
        span = period_picker.chosen(current_user.local_today(current_user.require_user()))
        moment = past_moment.as_of("report")
        _report((span.first, span.last), f"{span.first}-{span.last}", moment)
        return
    period_picker.keep()
    if which == "Archive":
        _archive()
    else:
        kind = "monthly" if which == "Next monthly" else "weekly"
        moment = past_moment.as_of("report")
        shown = (
            _("The last whole period, with its corrections, as it was known then.")
            if moment
            else _("Preview of the next email.")
        )
        st.markdown(f":small[{shown} {_(WHEN)}]")
        _report(kind, kind, moment)


def _report(report: str | tuple[date, date], name: str, as_of: datetime | None = None) -> None:
    """Show a report in a sandboxed frame that cannot reach this page. Files are built on demand."""
    page = layout.fetch(lambda client: client.report_page(report, as_of=as_of))
    if page is None:
        return
    st.iframe(
        f"data:text/html;charset=utf-8;base64,{base64.b64encode(page).decode()}", height=HEIGHT, alt=_("The report")
    )
    me, store = current_user.require_user(), shared().store

    def pdf() -> bytes:
        with store.client(me) as client:
            return client.report_page(report, "pdf", as_of)

    with st.container(horizontal=True):
        for label, content, kind in (("PDF", pdf, "application/pdf"), ("HTML", page, "text/html")):
            st.download_button(
                label,
                content,
                f"focusflow-{name}.{label.lower()}",
                kind,
                key=f"{label} {name}",
                icon=":material/download:",
                on_click="ignore",
            )


def _archive() -> None:
    reports = layout.fetch(_newest)
    if reports == []:
        layout.empty_state(f"{_('No reports yet.')} {_(WHEN)}")
    for each in reports or []:
        _entry(each)


def _newest(client: Client) -> list[Json]:
    return [each for each, _number in zip(client.reports(limit=PAGE_SIZE), range(PAGE_SIZE), strict=False)]


def _entry(each: Json) -> None:
    me = current_user.require_user()
    sent = f", {locales.day_and_time(layout.local(each['sent_at'], me))}" if each["sent_at"] else ""
    reason = f": {current_user.escape_markdown(each['reason'])}" if each["reason"] else ""
    with st.expander(
        f"{_(KINDS.get(each['kind']) or each['kind'])}, {each['period']} · {_(STATES.get(each['status']) or each['status'])}{sent}",
        on_change="rerun",
        key=f"report {each['id']}",
    ) as opened:
        if not opened.open:
            return  # reports are loaded when opened
        if each["is_made"]:
            _report(each["id"], each["period"])
        else:
            st.caption(f"{_('No content')}{reason}.")
