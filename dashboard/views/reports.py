"""Reports: the next one, sent ones, and custom ranges."""

import base64
from datetime import date, datetime

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.app_state import shared
from dashboard.components import layout, past_moment, period_picker

PAGE_SIZE = 50
WHEN = "Choose whether and when it is sent in the [settings](/settings?section=Notifications)."
HEIGHT = 1100
STATES = {
    "due": "to be sent",
    "sending": "being sent",
    "sent": "sent",
    "failed": "not sent",
    "unknown": "perhaps sent",
    "skipped": "left out",
}


def page() -> None:
    with layout.title_row():
        st.title("Reports", anchor=False)
        which = st.segmented_control(
            "Which",
            ["Next weekly", "Next monthly", "Custom range", "Archive"],
            default="Next weekly",
            required=True,
            key="report",
            bind="query-params",
            label_visibility="collapsed",
        )
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
            "The last whole period, with its corrections, as it was known then."
            if moment
            else "Preview of the next email."
        )
        st.markdown(f":small[{shown} {WHEN}]")
        _report(kind, kind, moment)


def _report(report: str | tuple[date, date], name: str, as_of: datetime | None = None) -> None:
    """Show a report in a sandboxed frame that cannot reach this page. Files are built on demand."""
    page = layout.fetch(lambda client: client.report_page(report, as_of=as_of))
    if page is None:
        return
    st.iframe(f"data:text/html;charset=utf-8;base64,{base64.b64encode(page).decode()}", height=HEIGHT, alt="The report")
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
        layout.empty_state(f"No reports yet. {WHEN}")
    for each in reports or []:
        _entry(each)


def _newest(client: Client) -> list[Json]:
    return [each for each, _ in zip(client.reports(limit=PAGE_SIZE), range(PAGE_SIZE), strict=False)]


def _entry(each: Json) -> None:
    me = current_user.require_user()
    sent = f" on {layout.local(each['sent_at'], me):%-d %B, %H:%M}" if each["sent_at"] else ""
    reason = f": {current_user.escape_markdown(each['reason'])}" if each["reason"] else ""
    with st.expander(
        f"{each['kind'].capitalize()}, {each['period']} · {STATES.get(each['status'], each['status'])}{sent}",
        on_change="rerun",
        key=f"report {each['id']}",
    ) as opened:
        if not opened.open:
            return  # reports are loaded when opened
        if each["is_made"]:
            _report(each["id"], each["period"])
        else:
            st.caption(f"No content{reason}.")
