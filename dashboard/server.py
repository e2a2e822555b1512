"""The dashboard as an ASGI app: Streamlit's pages behind our own sign-in."""

import gc
import os
import pkgutil
from importlib import import_module
from pathlib import Path

import pandas as pd  # noqa: F401 (Streamlit comes to need it in the middle of a page, and other pages then find half of it)
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard import app_state, current_user, installable, views
from dashboard.auth import accounts
from dashboard.auth.calendar_access import CalendarAccess
from dashboard.auth.headers import SecurityHeaders
from dashboard.auth.own_pages import OwnPagesOnly
from dashboard.auth.sessions import SessionStore
from dashboard.auth.sign_in import SignedInOnly, SignIn
from dashboard.auth.single_sign_on import SingleSignOn
from dashboard.auth.spoken_language import SpokenLanguage
from dashboard.data import changes
from focusflow import clock, locales
from focusflow.own_address import OwnAddress
from focusflow.security_txt import PATH as SECURITY_TXT
from focusflow.security_txt import security_txt
from focusflow.settings import Settings

SCRIPT = Path(__file__).with_name("app.py")


def to_the_first_page(_: Request) -> Response:
    """Streamlit knows its first page by no name of its own."""
    return RedirectResponse("/", 303)


def security_contact(settings: Settings) -> Route:
    def answer(_: Request) -> Response:
        text = security_txt(settings, clock.now())
        return PlainTextResponse(text or "This installation names no contact.\n", 200 if text else 404)

    return Route(SECURITY_TXT, answer)


def create_app(settings: Settings) -> st.App:
    is_demo = os.environ.get("FOCUSFLOW_DEMO") == "1"
    is_https = settings.dashboard_address.startswith("https:")
    store = SessionStore(settings.api_address, lambda: settings.signing_key, is_https=is_https)
    app_state.provide(settings, store, is_demo=is_demo)
    locales.find_by(current_user.page_locale)
    provider = settings.oidc_name if settings.oidc_issuer else None
    sign_in = SignIn(store, is_demo=is_demo, is_https=is_https, provider=provider)
    single_sign_on = SingleSignOn(store, sign_in).routes if provider else []
    names = [view.name for view in pkgutil.iter_modules(views.__path__)]
    for name in names:
        import_module(f"{views.__name__}.{name}")
    page_paths = ["/", *(f"/{name.replace('_', '-')}" for name in names if name != "today")]
    gc.freeze()  # what was imported lives as long as the process: no page has to look through it for garbage
    return st.App(
        SCRIPT,
        routes=[
            Route("/today", to_the_first_page),
            security_contact(settings),
            *sign_in.routes,
            *single_sign_on,
            *CalendarAccess(store).routes,
            *accounts.routes(store),
            *installable.routes(page_paths),
            changes.route(store),
        ],
        middleware=[
            Middleware(SpokenLanguage, default=settings.locale),
            Middleware(SecurityHeaders, is_https=is_https, strict_transport=settings.strict_transport),
            Middleware(OwnPagesOnly, address=OwnAddress.of(settings.dashboard_url, settings.host)),
            Middleware(installable.PackedFiles),
            Middleware(SignedInOnly, store=store),
        ],
    )
