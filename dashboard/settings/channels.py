"""Notification channels: services such as ntfy, Telegram or Slack. The tokens in an address are not shown again."""

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.components import layout
from focusflow import locales
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.notification_kinds import KINDS

SHOWN = 10
STATUS = {
    "active": ("green", mark("active")),
    "paused": ("gray", mark("paused")),
    "disabled": ("red", mark("turned off after failures")),
}
DELIVERY = {"waiting": mark("waiting"), "delivered": mark("delivered"), "dead": mark("given up")}
EXAMPLES = """
| {service} | {address} |
|---|---|
| ntfy | `ntfys://ntfy.example.com/topic` |
| Gotify | `gotifys://gotify.example.com/token` |
| Telegram | `tgram://bot-token/chat-id` |
| Slack, Discord | {webhook} |
| Matrix | `matrixs://user:password@matrix.example.com/#room` |
| Pushover | `pover://user-key@token` |
| SMS by Twilio | `twilio://sid:token@from/to` |
| {server} | `jsons://example.com/path` |
"""


def section() -> None:
    layout.section_header(_("Channels"), _("A kind that is turned off above is not sent to channels either."))
    st.caption(_("Notifications on your phone or in a chat. Nothing is sent in quiet hours."))
    _new()
    for channel in layout.fetch(Client.channels) or []:
        _show(channel)


def _new() -> None:
    with st.expander(_("Add a channel"), icon=":material/add:"), st.form("channel", clear_on_submit=True, border=False):
        name = st.text_input(_("Name"), placeholder=_("Phone"), max_chars=100)
        address = st.text_input(_("Address"), placeholder="ntfys://ntfy.example.com/topic", max_chars=2000)
        kinds = st.multiselect(
            _("Send"),
            list(KINDS),
            default=["report"],
            format_func=lambda kind: _(KINDS[kind].label),
            key="kinds of channel",
        )
        is_sent = st.form_submit_button(_("Add channel"), type="primary")
        texts = {"service": _("service"), "address": _("address"), "server": _("your own server")}
        st.markdown(EXAMPLES.format(webhook=_("the address of an incoming webhook"), **texts))
    if not is_sent:
        return
    if not name.strip() or not address.strip() or not kinds:
        st.warning(_("Enter a name and an address, and choose what is sent."))
        return
    layout.perform(
        lambda client: client.create_channel(name, address, kinds),
        _("Added. Send a test message to see that it works."),
    )


def _show(channel: Json) -> None:
    id_: str = channel["id"]
    with st.container(border=True):
        with layout.row():
            name = current_user.escape_markdown(channel["name"])
            st.markdown(f"**{name}** · {channel['service']} {_badge(channel['status'])}")
            with st.container(horizontal=True, width="content"):
                _buttons(channel)
        kinds = ", ".join(_(KINDS[kind].label) for kind in channel["kinds"] if kind in KINDS)
        st.caption(f"{current_user.escape_markdown(channel['masked_address'])} · {kinds}")
        if channel["problem"]:
            st.warning(current_user.escape_markdown(channel["problem"]), icon=":material/error:")
        if st.toggle(_("Show messages"), key=f"messages {id_}"):
            _deliveries(id_)


def _badge(status: str) -> str:
    color, text = STATUS[status]
    return f":{color}-badge[{_(text)}]"


def _buttons(channel: Json) -> None:
    id_: str = channel["id"]
    if channel["status"] == "active":
        st.button(
            _("Test"),
            key=f"test {id_}",
            icon=":material/send:",
            on_click=layout.on_click(lambda client: client.test_channel(id_), _("A test message is on its way.")),
        )
    with st.popover(_("Manage"), key=f"manage {id_}"):
        wanted, label = ("paused", _("Pause")) if channel["status"] == "active" else ("active", _("Turn on"))
        st.button(
            label,
            key=f"turn {id_}",
            on_click=layout.on_click(lambda client: client.change_channel(id_, status=wanted), _("Saved.")),
        )
        st.button(
            _("Delete"),
            key=f"delete {id_}",
            on_click=layout.on_click(lambda client: client.delete_channel(id_), _("Deleted.")),
        )


def _deliveries(channel_id: str) -> None:
    me = current_user.require_user()
    found = layout.fetch(lambda client: client.channel_deliveries(channel_id))
    if not found:
        layout.empty_state(_("Nothing was sent in the last weeks."))
        return
    rows = [
        {
            _("Time"): f"{locales.day_and_time(layout.local(each['created_at'], me))}",
            _("Notification"): _(KINDS[each["kind"]].label) if each["kind"] in KINDS else each["kind"],
            _("Status"): _(DELIVERY[each["status"]]),
            _("Problem"): each["problem"] or "",
        }
        for each in found[:SHOWN]
    ]
    st.dataframe(rows, hide_index=True)
