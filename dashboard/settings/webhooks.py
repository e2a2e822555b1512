"""Webhooks: where the user's own programs are told of events. A secret is shown once."""

from itertools import islice
from urllib.parse import urlsplit

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.components import layout
from dashboard.settings import incoming_hooks
from focusflow import locales
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.webhooks import EVENT_TYPES

NEWEST = 20
STATUS = {
    "active": ("green", mark("active")),
    "paused": ("gray", mark("paused")),
    "disabled": ("red", mark("turned off after failures")),
}
DELIVERY = {"waiting": mark("waiting"), "delivered": mark("delivered"), "dead": mark("given up")}


def section() -> None:
    layout.section_header(_("Outgoing"))
    st.caption(
        _(
            "Messages to your own programs when something happens. They are signed, and sent again for three days if your program is away."
        )
    )
    _new()
    found = layout.fetch(Client.webhooks)
    if found == []:
        layout.empty_state(_("No webhooks yet. Create one above."))
    for endpoint in found or []:
        _show(endpoint)
    incoming_hooks.section()


def _new() -> None:
    with st.form("webhook", clear_on_submit=True):
        url = st.text_input(_("Address"), placeholder="https://example.com/hooks/focusflow", max_chars=2000)
        description = st.text_input(_("Name"), placeholder=_("Home automation"), max_chars=200)
        event_types = st.multiselect(_("Events"), EVENT_TYPES, placeholder=_("Choose events"))
        has_text = st.toggle(
            _("Include titles and notes"), help=_("Without them, messages contain ids, times and numbers.")
        )
        is_sent = st.form_submit_button(_("Create webhook"), type="primary")
    if not is_sent:
        return
    if not url.strip() or not event_types:
        st.warning(_("Enter an address and choose events."))
        return
    try:
        fields = {"description": description, "has_text": has_text}
        made = layout.call_api(lambda client: client.create_webhook(url, event_types, **fields))
    except Problem as problem:
        st.error(str(problem))
        return
    _secret(made["secret"])


def _secret(secret: str) -> None:
    st.success(_("This secret verifies the messages. Copy it now: it cannot be shown again."), icon=":material/key:")
    st.code(secret, language=None)


def _show(endpoint: Json) -> None:
    id_: str = endpoint["id"]
    with st.container(border=True):
        with layout.row():
            st.markdown(f"**{_name(endpoint)}** {_badge(endpoint['status'])}")
            with st.container(horizontal=True, width="content"):
                _buttons(endpoint)
        st.caption(f"{current_user.escape_markdown(endpoint['url'])} · {', '.join(endpoint['event_types'])}")
        if endpoint["problem"]:
            st.warning(current_user.escape_markdown(endpoint["problem"]), icon=":material/error:")
        if st.session_state.pop(f"rotate {id_}", False):
            _rotate(id_)
        if st.toggle(_summary(endpoint), key=f"deliveries {id_}"):
            _deliveries(endpoint)


def _name(endpoint: Json) -> str:
    return current_user.escape_markdown(endpoint["description"] or urlsplit(endpoint["url"]).hostname or "")


def _badge(status: str) -> str:
    color, text = STATUS[status]
    return f":{color}-badge[{_(text)}]"


def _summary(endpoint: Json) -> str:
    parts = (
        [ngettext("{n} message waiting", "{n} messages waiting", endpoint["waiting"])] if endpoint["waiting"] else []
    )
    parts += [ngettext("{n} message given up", "{n} messages given up", endpoint["dead"])] if endpoint["dead"] else []
    return " · ".join([_("Show messages"), *([", ".join(parts)] if parts else [])])


def _buttons(endpoint: Json) -> None:
    id_: str = endpoint["id"]
    if endpoint["status"] == "active":
        st.button(
            _("Test"),
            key=f"test {id_}",
            icon=":material/send:",
            on_click=layout.on_click(lambda client: client.test_webhook(id_), _("A test message is on its way.")),
        )
    with st.popover(_("Manage"), key=f"manage {id_}"):
        wanted, label = ("paused", _("Pause")) if endpoint["status"] == "active" else ("active", _("Turn on"))
        st.button(
            label,
            key=f"turn {id_}",
            on_click=layout.on_click(lambda client: client.change_webhook(id_, status=wanted), _("Saved.")),
        )
        if st.button(_("New secret"), key=f"new secret {id_}", help=_("The old one is valid for another 24 hours.")):
            st.session_state[f"rotate {id_}"] = True
        st.button(
            _("Delete"),
            key=f"delete {id_}",
            on_click=layout.on_click(lambda client: client.delete_webhook(id_), _("Deleted.")),
        )


def _rotate(endpoint_id: str) -> None:
    try:
        _secret(layout.call_api(lambda client: client.rotate_webhook_secret(endpoint_id)))
    except Problem as problem:
        st.error(str(problem))


def _deliveries(endpoint: Json) -> None:
    me, id_ = current_user.require_user(), endpoint["id"]
    if endpoint["dead"]:
        st.button(
            _("Send again what was given up"),
            key=f"redeliver {id_}",
            disabled=endpoint["status"] != "active",
            on_click=layout.on_click(lambda client: client.redeliver_webhooks(id_), _("They are sent again.")),
        )
    found = layout.fetch(lambda client: list(islice(client.webhook_deliveries(id_), NEWEST)))
    if not found:
        layout.empty_state(_("Nothing was sent in the last weeks."))
        return
    rows = [
        {
            _("Time"): f"{locales.day_and_time(layout.local(each['created_at'], me))}",
            _("Event"): each["type"],
            _("Status"): _(DELIVERY[each["status"]]),
            _("Attempts"): each["attempts"],
            _("Answer"): str(each["response_status"] or ""),
            _("Problem"): each["problem"] or "",
        }
        for each in found
    ]
    st.dataframe(rows, hide_index=True)
