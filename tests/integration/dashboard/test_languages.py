"""The pages in the language of the account, and those before the sign-in in that of the browser."""

from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from dashboard import app_state, current_user
from dashboard.auth import accounts
from dashboard.auth.sign_in import SignIn
from dashboard.auth.spoken_language import SpokenLanguage
from focusflow import locales
from focusflow.identity import new_id
from tests.integration.dashboard.conftest import PAGE_SECONDS, Api, SignedIn, days_of, session_of

TODAY_PAGE = {
    "de": ("Erledigt", "2 Tage überfällig", "Plan des Tages", "üblich am"),
    "fr": ("Terminées", "2 jours de retard", "Plan du jour", "habituel le"),
    "es": ("Completadas", "2 días de retraso", "Plan del día", "habitual en"),
}
SIGN_IN = {
    "de-AT,de;q=0.9": ("de", "Anmelden", "Konto erstellen"),
    "fr": ("fr", "Se connecter", "Créer un compte"),
    "es-MX": ("es", "Iniciar sesión", "Crear cuenta"),
    "nl": ("en", "Sign in", "Create account"),
}


@pytest.fixture
def speaking():
    locales.find_by(current_user.page_locale)
    yield
    locales.find_by(lambda: None)


@pytest.mark.parametrize("language", TODAY_PAGE)
def test_a_page_speaks_the_language_of_the_account(look, api, speaking, language):
    me = str(new_id())
    look(days_of(me, 5), user_id=me)
    vars(app_state.shared().store)["session"] = replace(session_of(me), locale=language)

    def script():
        from dashboard import current_user
        from dashboard.views import today

        current_user.begin_page()
        today.page()

    page = AppTest.from_function(script, default_timeout=PAGE_SECONDS).run()
    assert not page.exception, page.exception
    shown = [each.value for kind in (page.markdown, page.caption, page.header) for each in kind]
    said = " ".join([*shown, *(each.label for each in page.metric)])
    for text in TODAY_PAGE[language]:
        assert text in said
    for english in ("overdue", "usual on", "Plan of the day", "Habits done", "No open tasks"):
        assert english not in said


@pytest.mark.parametrize("accepted", SIGN_IN)
def test_the_sign_in_speaks_the_language_of_the_browser(accepted):
    store: Any = SignedIn(None, Api())
    middleware = [Middleware(SpokenLanguage, default="en")]
    routes = [*SignIn(store, is_demo=True).routes, *accounts.routes(store)]
    language, button, register = SIGN_IN[accepted]
    with TestClient(Starlette(routes=routes, middleware=middleware)) as browser:
        page = browser.get("/signin", headers={"Accept-Language": accepted}).text
        assert f'<html lang="{language}">' in page
        assert f"<button>{button}</button>" in page
        assert register in page
        assert register in browser.get("/register", headers={"Accept-Language": accepted}).text
