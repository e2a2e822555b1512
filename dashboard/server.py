"""The dashboard as an ASGI app: Streamlit's pages behind our own sign-in."""

import os
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard import accounts, shared
from dashboard.sessions import SessionStore
from dashboard.signin import SignedInOnly, SignIn
from focusflow.settings import Settings

SCRIPT = Path(__file__).with_name("app.py")


def to_the_first_page(_: Request) -> Response:
    """Streamlit knows its first page by no name of its own."""
    return RedirectResponse("/", 303)


def create_app(settings: Settings) -> st.App:
    store = SessionStore(settings.api_address)
    shared.provide(settings, store)
    sign_in = SignIn(store, is_demo=os.environ.get("FOCUSFLOW_DEMO") == "1")
    return st.App(
        SCRIPT,
        routes=[Route("/today", to_the_first_page), *sign_in.routes, *accounts.routes(settings.api_address)],
        middleware=[Middleware(SignedInOnly, store=store)],
    )
