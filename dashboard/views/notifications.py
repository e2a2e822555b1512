"""Notifications: what one was told, and what has been read."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.components import layout

SHOWN = 50
ICONS = {
    "task_reminder": "alarm",
    "goal_reminder": "flag",
    "daily_plan": "today",
    "achievement": "trophy",
    "report": "summarize",
}


def page() -> None:
    with layout.row():
        st.title("Notifications", anchor=False)
        wanted = st.segmented_control(
            "Which",
            ["Unread", "All"],
            default="Unread",
            required=True,
            key="which",
            bind="query-params",
            label_visibility="collapsed",
        )
    found = layout.asked(lambda client: _newest(client, unread=wanted == "Unread"))
    if found is None:
        return
    if not found:
        layout.nothing(
            "You have read everything." if wanted == "Unread" else "Nothing yet. Reminders and reports are told here."
        )
        return
    if any(each["read_at"] is None for each in found):
        st.button(
            "Mark all as read",
            icon=":material/done_all:",
            on_click=layout.doing(Client.read_all_notifications, "All read."),
        )
    for each in found:
        _shown(each)


def _newest(client: Client, *, unread: bool) -> list[Json]:
    return [each for each, _ in zip(client.notifications(unread=unread, limit=SHOWN), range(SHOWN), strict=False)]


def _shown(each: Json) -> None:
    at = layout.local(each["scheduled_at"], current_user.current())
    title = current_user.quoted(each["title"])
    with st.container(border=True), layout.row():
        icon = f":material/{ICONS.get(each['type'], 'notifications')}:"
        body = f"  \n{current_user.quoted(each['body'])}" if each["body"] else ""
        st.markdown(f"{icon} {title if each['read_at'] else f'**{title}**'}{body}  \n:small[{at:%-d %B %Y, %H:%M}]")
        if each["read_at"] is None:
            st.button(
                "Mark as read",
                key=f"read {each['id']}",
                icon=":material/done:",
                on_click=layout.doing(lambda client: client.read_notification(each["id"]), "Read."),
            )
