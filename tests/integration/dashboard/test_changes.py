"""What the server says to open pages."""

import threading
from typing import cast
from uuid import UUID

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard import app_state
from dashboard.auth.sessions import SessionStore
from dashboard.auth.sign_in import SESSION_ENDED
from dashboard.data import changes
from focusflow.identity import bucket_of, new_id
from pipelines.engine.daily import DAILY
from pipelines.engine.priorities import SCORES
from tests.integration.dashboard.conftest import days_of


@pytest.fixture
def pages(look):
    """A browser, in which a page can be opened for somebody with three days."""

    def opened(me: str, **given):
        look(days_of(me, 1, count=3), user_id=me, **given)
        return browser.websocket_connect(changes.PATH)

    with TestClient(Starlette(routes=[changes.route(cast("SessionStore", Proxy()))])) as browser:
        yield opened


class Proxy:
    """The store of the pages, which `look` replaces."""

    def __getattr__(self, name):
        return getattr(app_state.shared().store, name)


@pytest.fixture
def me():
    return str(new_id())


@pytest.fixture
def other_user(me):
    """Whose rows are in other files."""
    ids = iter(lambda: str(new_id()), None)
    return next(each for each in ids if bucket_of(UUID(each), 8) != bucket_of(UUID(me), 8))


def test_a_page_is_told_of_rows_of_its_user_and_not_of_those_in_other_files(pages, lake, me, other_user):
    daily, messages = lake.open(DAILY), []
    with pages(me) as page:
        listening = threading.Thread(target=lambda: messages.append(page.receive_text()), daemon=True)
        listening.start()
        daily.append(days_of(other_user, 2, count=3).to_arrow(), positions={})
        listening.join(5 * changes.LOOK_SECONDS)
        assert messages == []
        daily.append(days_of(me, 3, count=1).to_arrow(), positions={})
        listening.join(20)
        assert messages == ["changed"]


def test_a_page_is_told_of_the_first_table_while_others_are_still_written(pages, lake, me, monkeypatch):
    monkeypatch.setattr(changes, "MOST_LOOKS", 100)
    daily, other, is_told = lake.open(DAILY), lake.open(SCORES), threading.Event()

    def go_on_writing():
        while not is_told.wait(changes.LOOK_SECONDS / 4):
            other.append(other.columns().empty_table(), positions={})

    with pages(me) as page:
        daily.append(days_of(me, 3, count=1).to_arrow(), positions={})
        writing = threading.Thread(target=go_on_writing, daemon=True)
        writing.start()
        messages = []
        listening = threading.Thread(target=lambda: messages.append(page.receive_text()), daemon=True)
        listening.start()
        listening.join(50 * changes.LOOK_SECONDS)
        is_told.set()
        writing.join()
        assert messages == ["changed"]


def test_an_analyst_is_told_of_everybodys_rows(pages, lake, me, other_user):
    with pages(me, role="analyst") as page:
        lake.open(DAILY).append(days_of(other_user, 2, count=3).to_arrow(), positions={})
        assert page.receive_text() == "changed"


def test_a_page_is_told_again_when_scores_should_be_published(pages, lake, me):
    with pages(me) as page:
        lake.open(SCORES)
        assert [page.receive_text(), page.receive_text()] == ["changed", "changed"]


def test_a_page_whose_session_ends_is_closed(pages, me, monkeypatch):
    monkeypatch.setattr(changes, "SESSION_SECONDS", 0.05)
    with pages(me) as page:
        monkeypatch.setattr(app_state.shared().store, "find", lambda *_: None)
        with pytest.raises(WebSocketDisconnect) as closed:
            page.receive_text()
    assert closed.value.code == SESSION_ENDED


def test_nobody_is_told_without_a_session(pages, me):
    with pages(me, signed_in=False) as page, pytest.raises(WebSocketDisconnect) as closed:
        page.receive_text()
    assert closed.value.code == SESSION_ENDED


def test_one_user_opens_so_many_pages_at_most(pages, lake, me, monkeypatch):
    monkeypatch.setattr(changes, "MOST_PAGES", 1)
    with pages(me), pages(me) as page, pytest.raises(WebSocketDisconnect) as closed:
        page.receive_text()
    assert closed.value.code == changes.TOO_MANY
    with pages(me) as page:  # those that were closed do not count
        lake.open(DAILY).append(days_of(me, 3, count=1).to_arrow(), positions={})
        assert page.receive_text() == "changed"
