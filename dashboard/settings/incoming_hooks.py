"""Incoming hooks: addresses at which other programs leave tasks and appointments. An address is shown once."""

import json
from typing import Any

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.components import layout
from focusflow import locales
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

TARGETS = {"task": mark("a task"), "event": mark("an appointment")}
MAPPING = "title = $.issue.title\nid = $.issue.number"
SAMPLE = '{"issue": {"title": "Fix it", "number": 7}}'


def section() -> None:
    layout.section_header(_("Incoming"))
    st.caption(_("Other programs post JSON to a secret address, and it becomes a task or an appointment."))
    _new()
    for hook in layout.fetch(Client.incoming_hooks) or []:
        _show(hook)


def _new() -> None:
    with st.expander(_("Create an address"), icon=":material/add:"), st.form("incoming hook", border=False):
        name = st.text_input(_("Name"), placeholder=_("Issues of the team"), max_chars=100, key="name of hook")
        target = st.selectbox(_("A message becomes"), list(TARGETS), format_func=lambda name: _(TARGETS[name]))
        written = st.text_area(
            _("Fields"),
            MAPPING,
            help=_(
                "One per line: a field, =, and a JSONPath or a fixed text. With `id`, the same thing is taken once."
            ),
        )
        sample = st.text_area(_("Example of a message"), SAMPLE)
        with st.container(horizontal=True):
            is_tried = st.form_submit_button(_("Preview"))
            is_sent = st.form_submit_button(_("Create address"), type="primary")
    if is_tried:
        _preview(target, _mapping(written), sample)
    if is_sent:
        _make(name, target, _mapping(written))


def _mapping(written: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in written.splitlines() if line.strip())
    return {name.strip(): source.strip() for name, _sign, source in pairs}


def _preview(target: str, mapping: dict[str, str], sample: str) -> None:
    try:
        body: Any = json.loads(sample)
    except ValueError:
        st.warning(_("The example is not JSON."))
        return
    try:
        found = layout.call_api(lambda client: client.preview_incoming_hook(target, mapping, body))
    except Problem as problem:
        st.error(str(problem))
        return
    for each in found["errors"]:
        st.warning(current_user.escape_markdown(f"{each['field']}: {each['message']}"))
    if not found["errors"]:
        st.json(found["fields"] | ({"id": found["id"]} if found["id"] else {}))


def _make(name: str, target: str, mapping: dict[str, str]) -> None:
    if not name.strip() or not mapping:
        st.warning(_("Enter a name and fields."))
        return
    try:
        made = layout.call_api(lambda client: client.create_incoming_hook(name, target, mapping))
    except Problem as problem:
        st.error(str(problem))
        return
    st.success(_("Post messages to this address. Copy it now: it cannot be shown again."), icon=":material/link:")
    st.code(made["url"], language=None)


def _show(hook: Json) -> None:
    me = current_user.require_user()
    with st.container(border=True), layout.row():
        used = hook["last_used_at"]
        when = _("last used {moment}", moment=locales.day_and_time(layout.local(used, me))) if used else _("never used")
        name = current_user.escape_markdown(hook["name"])
        fields = ", ".join(f"`{field} = {source}`" for field, source in hook["mapping"].items())
        st.markdown(f"**{name}** · {_(TARGETS[hook['target']])} · {when}  \n:small[{fields}]")
        if hook["problem"]:
            st.warning(current_user.escape_markdown(hook["problem"]), icon=":material/error:")
        with st.popover(_("Delete"), key=f"delete hook {hook['id']}"):
            st.markdown(_("The address stops working at once. What it created stays."))
            st.button(
                _("Delete address"),
                key=f"delete {hook['id']}",
                type="primary",
                on_click=layout.on_click(lambda client: client.delete_incoming_hook(hook["id"]), _("Deleted.")),
            )
