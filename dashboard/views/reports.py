"""Reports: the one to come, those that were sent, and one of any days."""

import base64

import streamlit as st

from dashboard import parts, person
from focusflow.client import Client, Json

SHOWN = 50
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
    span = parts.head("Reports", person.today_of(person.current()))
    which = st.segmented_control(
        "Which",
        ["This week", "This month", "These days", "Archive"],
        default="This week",
        required=True,
        key="report",
        bind="query-params",
        label_visibility="collapsed",
    )
    if which == "Archive":
        _archive()
    elif which == "These days":
        _report(parts.asked(lambda client: client.report_page((span.first, span.last))), f"{span.first}-{span.last}")
    else:
        kind = "monthly" if which == "This month" else "weekly"
        st.caption("As it would be sent now. What is still to come is not in it.")
        _report(parts.asked(lambda client: client.report_page(kind)), kind)


def _report(html: bytes | None, name: str) -> None:
    """In a frame of an origin of its own: nothing in it can reach this page."""
    if html is None:
        return
    st.iframe(
        "data:text/html;charset=utf-8;base64," + base64.b64encode(html).decode(),
        height=HEIGHT,
        alt="The report",
    )
    st.download_button(
        "HTML", html, f"focusflow-{name}.html", "text/html", icon=":material/download:", on_click="ignore"
    )


def _archive() -> None:
    found = parts.asked(_newest)
    if found == []:
        parts.nothing(
            "No report was due yet. The weekly one comes on the day and hour that you choose in the settings."
        )
    for each in found or []:
        _entry(each)


def _newest(client: Client) -> list[Json]:
    return [each for each, _ in zip(client.reports(limit=SHOWN), range(SHOWN), strict=False)]


def _entry(each: Json) -> None:
    me = person.current()
    sent = f" on {parts.local(each['sent_at'], me):%-d %B, %H:%M}" if each["sent_at"] else ""
    reason = f": {person.quoted(each['reason'])}" if each["reason"] else ""
    with st.expander(
        f"{each['kind'].capitalize()}, {each['period']} · {STATES.get(each['status'], each['status'])}{sent}",
        on_change="rerun",
        key=f"report {each['id']}",
    ) as opened:
        if not opened.open:
            return  # what is not looked at is not loaded
        if each["is_made"]:
            _report(parts.asked(lambda client: client.report_page(each["id"])), each["period"])
        else:
            st.caption(f"There is nothing to read{reason}.")
