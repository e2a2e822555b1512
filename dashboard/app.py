"""Navigation. Who is looking comes from the session, and from nowhere else."""

import streamlit as st

from dashboard import person
from dashboard.pages import overview, today

st.set_page_config(page_title="FocusFlow", page_icon=":material/center_focus_strong:", layout="wide")

looking = person.current()
pages = [
    st.Page(today.page, title="Today", icon=":material/today:", url_path="today", default=True),
    st.Page(overview.page, title="Overview", icon=":material/insights:", url_path="overview"),
]
chosen = st.navigation(pages, position="top")
account = st.container(horizontal=True, horizontal_alignment="right")
with account.popover(person.quoted(looking.display_name), icon=":material/account_circle:", type="tertiary"):
    st.caption(f"Your days are those of {looking.timezone}.")
    st.link_button("Sign out", "/signout", icon=":material/logout:")
chosen.run()
