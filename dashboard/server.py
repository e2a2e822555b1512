"""The dashboard as an ASGI app: Streamlit's pages behind our own sign-in."""

import os
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboard import accounts, shared
from dashboard.sessions import SessionStore
from dashboard.signin import SignedInOnly, SignIn
from focusflow.settings import Settings

SCRIPT = Path(__file__).with_name("app.py")


def create_app(settings: Settings) -> st.App:
    store = SessionStore(settings.api_address)
    shared.provide(settings, store)
    sign_in = SignIn(store, is_demo=os.environ.get("FOCUSFLOW_DEMO") == "1")
    return st.App(
        SCRIPT,
        routes=[*sign_in.routes, *accounts.routes(settings.api_address)],
        middleware=[Middleware(SignedInOnly, store=store)],
    )
