"""Navigation. Who is looking comes from the session, and from nowhere else."""

import logging
from pathlib import Path

import streamlit as st

from dashboard import current_user
from dashboard.components import command_bar, layout
from dashboard.data import lake
from dashboard.settings import two_factor
from dashboard.views import (
    app_users,
    audit,
    data_health,
    goals,
    habits,
    insights,
    model,
    notifications,
    overview,
    product,
    reports,
    settings,
    tasks,
    time,
    today,
)
from focusflow import locales
from focusflow.errors import Problem
from focusflow.i18n import gettext as _

LOG = logging.getLogger(__name__)

st.set_page_config(page_title="FocusFlow", page_icon=Path(__file__).with_name("icon.png"), layout="wide")

user = current_user.begin_page()
current_user.watch_session()
if user.lacks_second_factor:
    only = st.Page(two_factor.required_page, title=_("Settings"), url_path="settings", default=True)
    st.navigation([only], position="hidden").run()
    st.stop()
pages = [
    st.Page(today.page, title=_("Today"), icon=":material/today:", url_path="today", default=True),
    st.Page(overview.page, title=_("Overview"), icon=":material/insights:", url_path="overview"),
    st.Page(tasks.page, title=_("Tasks"), icon=":material/checklist:", url_path="tasks"),
    st.Page(goals.page, title=_("Goals"), icon=":material/flag:", url_path="goals"),
    st.Page(habits.page, title=_("Habits"), icon=":material/repeat:", url_path="habits"),
    st.Page(time.page, title=_("Time"), icon=":material/schedule:", url_path="time"),
    st.Page(insights.page, title=_("Insights"), icon=":material/lightbulb:", url_path="insights"),
    st.Page(reports.page, title=_("Reports"), icon=":material/summarize:", url_path="reports"),
]
inbox = st.Page(
    notifications.page,
    title=_("Notifications"),
    icon=":material/notifications:",
    url_path="notifications",
    visibility="hidden",
)
apps = st.Page(app_users.page, title=_("App users"), icon=":material/group:", url_path="app-users", visibility="hidden")
own = st.Page(settings.page, title=_("Settings"), icon=":material/settings:", url_path="settings", visibility="hidden")
for_analysts = [
    st.Page(product.page, title=_("Product"), icon=":material/group:", url_path="product"),
    st.Page(model.page, title=_("Model"), icon=":material/model_training:", url_path="model"),
    st.Page(data_health.page, title=_("Data health"), icon=":material/monitor_heart:", url_path="data-health"),
]
if user.is_analyst:
    pages += for_analysts
if user.role == "admin":
    pages.append(st.Page(audit.page, title=_("Audit log"), icon=":material/policy:", url_path="audit"))
chosen = st.navigation([*pages, inbox, apps, own], position="top")
st.set_page_config(page_title=f"{chosen.title} · FocusFlow")
with st.container(key="account").popover(
    current_user.escape_markdown(user.display_name), icon=":material/account_circle:", type="tertiary"
):
    st.caption(_("Time zone: {timezone}", timezone=user.timezone))
    st.page_link(inbox)
    st.page_link(apps)
    st.page_link(own)
    st.link_button(_("Sign out"), "/signout", icon=":material/logout:")
if user.erasure_due_at:
    due_at = layout.local(user.erasure_due_at, user)
    st.warning(
        _(
            "Your account will be erased on {moment}. You can cancel on Settings, Your data.",
            moment=locales.day_and_time(due_at),
        ),
        icon=":material/warning:",
    )
st.session_state[lake.VERSIONS_READ] = {}
if chosen.url_path not in command_bar.WITH_LINE:
    command_bar.keys()
layout.show_message()
try:
    layout.quarantine_notice()
    chosen.run()
except Problem as problem:
    st.error(_(str(problem)), icon=":material/error:")
except Exception:
    LOG.exception("The page %s could not be made", chosen.title)
    st.error(_("Something went wrong. The error is in the log. Reload the page in a moment."), icon=":material/error:")
