"""Notifications: delivered ones, read and unread."""

from datetime import date

import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.components import layout
from focusflow.notification_kinds import KINDS

PAGE_SIZE = 50


def page() -> None:
    with layout.title_row():
        st.title("Notifications", anchor=False)
        wanted = st.segmented_control(
            "Which",
            ["Unread", "All", "Achievements"],
            default="Unread",
            required=True,
            key="which",
            bind="query-params",
            label_visibility="collapsed",
        )
    if wanted == "Achievements":
        _achievements()
        return
    notifications = layout.fetch(lambda client: _newest(client, unread=wanted == "Unread"))
    if notifications is None:
        return
    if not notifications:
        layout.empty_state(
            "All caught up." if wanted == "Unread" else "No notifications yet. Reminders and reports appear here."
        )
        return
    if any(each["read_at"] is None for each in notifications):
        st.button(
            "Mark all as read",
            icon=":material/done_all:",
            on_click=layout.on_click(Client.read_all_notifications, "All read."),
        )
    for each in notifications:
        _notification(each)


def _achievements() -> None:
    """What is earned, and of each kind what comes next."""
    found = layout.fetch(Client.achievements)
    if found is None:
        return
    earned = [each for each in found["items"] if each["earned_on"]]
    ahead = [each for each in found["items"] if not each["earned_on"]]
    following = {each["name"].rpartition("-")[0]: each for each in reversed(ahead)}
    st.caption(f"{formatting.count(found['points'], 'point')} so far. What is earned stays yours.")
    for each in following.values():
        st.progress(
            each["progress"],
            f"{each['title']}: {formatting.number(each['value'])} of {formatting.number(each['threshold'])}",
        )
    for each in sorted(earned, key=lambda one: one["earned_on"], reverse=True):
        on = formatting.long_date(date.fromisoformat(each["earned_on"]))
        st.markdown(
            f":material/trophy: **{each['title']}**  \n:small[{on}, {formatting.count(each['points'], 'point')}]"
        )


def _newest(client: Client, *, unread: bool) -> list[Json]:
    return [
        each for each, _ in zip(client.notifications(unread=unread, limit=PAGE_SIZE), range(PAGE_SIZE), strict=False)
    ]


def _notification(each: Json) -> None:
    at = layout.local(each["scheduled_at"], current_user.require_user())
    title = current_user.escape_markdown(each["title"])
    with st.container(border=True), layout.row():
        icon = f":material/{KINDS[each['type']].icon if each['type'] in KINDS else 'notifications'}:"
        body = f"  \n{current_user.escape_markdown(each['body'])}" if each["body"] else ""
        st.markdown(f"{icon} {title if each['read_at'] else f'**{title}**'}{body}  \n:small[{at:%-d %B %Y, %H:%M}]")
        if each["read_at"] is None:
            st.button(
                "Mark as read",
                key=f"read {each['id']}",
                icon=":material/done:",
                on_click=layout.on_click(lambda client: client.read_notification(each["id"]), "Read."),
            )
