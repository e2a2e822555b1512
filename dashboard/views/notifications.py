"""Notifications: delivered ones, read and unread."""

from datetime import date

import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.components import layout
from focusflow import locales
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.notification_kinds import KINDS

PAGE_SIZE = 50


def page() -> None:
    with layout.title_row():
        st.title(_("Notifications"), anchor=False)
        wanted = layout.choice_in_address(_("Which"), (mark("Unread"), mark("All"), mark("Achievements")), "which")
    if wanted == "Achievements":
        _achievements()
        return
    notifications = layout.fetch(lambda client: _newest(client, unread=wanted == "Unread"))
    if notifications is None:
        return
    if not notifications:
        layout.empty_state(
            _("All caught up.") if wanted == "Unread" else _("No notifications yet. Reminders and reports appear here.")
        )
        return
    if any(each["read_at"] is None for each in notifications):
        st.button(
            _("Mark all as read"),
            icon=":material/done_all:",
            on_click=layout.on_click(Client.read_all_notifications, _("All read.")),
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
    points = ngettext("{n} point so far.", "{n} points so far.", found["points"])
    st.caption(f"{points} {_('What is earned stays yours.')}")
    for each in following.values():
        st.progress(
            each["progress"],
            f"{each['title']}: {_('{part} of {whole}', part=locales.count(each['value']), whole=locales.count(each['threshold']))}",
        )
    for each in sorted(earned, key=lambda one: one["earned_on"], reverse=True):
        on = formatting.long_date(date.fromisoformat(each["earned_on"]))
        points = ngettext("{n} point", "{n} points", each["points"])
        st.markdown(f":material/trophy: **{each['title']}**  \n:small[{on}, {points}]")


def _newest(client: Client, *, unread: bool) -> list[Json]:
    return [
        each
        for each, _number in zip(client.notifications(unread=unread, limit=PAGE_SIZE), range(PAGE_SIZE), strict=False)
    ]


def _notification(each: Json) -> None:
    at = layout.local(each["scheduled_at"], current_user.require_user())
    title = current_user.escape_markdown(each["title"])
    with st.container(border=True), layout.row():
        icon = f":material/{KINDS[each['type']].icon if each['type'] in KINDS else 'notifications'}:"
        body = f"  \n{current_user.escape_markdown(each['body'])}" if each["body"] else ""
        st.markdown(f"{icon} {title if each['read_at'] else f'**{title}**'}{body}  \n:small[{locales.moment(at)}]")
        if each["read_at"] is None:
            st.button(
                _("Mark as read"),
                key=f"read {each['id']}",
                icon=":material/done:",
                on_click=layout.on_click(lambda client: client.read_notification(each["id"]), _("Read.")),
            )
