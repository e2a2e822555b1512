"""Two-way synchronization with Google and Microsoft where requests fail, answers are lost, and both sides edit at random."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from focusflow.calendar_providers import push_secret
from focusflow.outbound import OutboundClient
from tests.conftest import add_user
from tests.integration.ingestion.caldav_account import START
from tests.integration.ingestion.calendar_providers import Google, Outlook, ProviderDouble, running
from tests.integration.ingestion.calendar_server import KEY, events_of
from tests.integration.ingestion.provider_account import BERLIN, ProviderAccount, ProviderEditor
from tests.integration.ingestion.test_caldav_faults import Faulty
from tests.sizes import dice, sized

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

PROVIDERS = {"google": Google, "outlook": Outlook}


class Lost(OutboundClient):
    """Answers to what is created do not arrive."""

    def request(self, method: str, url: str, **options: Any) -> Any:
        answer = super().request(method, url, **options)
        if method == "POST":
            raise TimeoutError
        return answer


@pytest.fixture(params=sorted(PROVIDERS))
def server(request) -> Iterator[ProviderDouble]:
    with running(PROVIDERS[request.param]) as found:
        yield found


def test_calendars_are_watched_as_long_as_they_are_connected(database, server):
    account = ProviderAccount(database, server, add_user(database))
    account.sync()
    assert server.channels == {}  # the provider does not reach this installation
    address = "http://127.0.0.1:1/api/v1/calendar/push"
    account.providers = {server.kind: replace(account.provider, push_url=address)}
    account.sync()
    first = set(server.channels)
    assert len(first) == len(server.names)
    secret = push_secret(KEY, account.id)
    assert all(secret in each.values() and f"{address}/{account.user.hex}{account.id.hex}" in each.values() for each in server.channels.values())  # fmt: skip
    account.sync()
    assert set(server.channels) == first
    with database.owner() as connection:
        connection.execute(
            "update calendar_connections set state = jsonb_set(state, '{channels,work,renew_at}', to_jsonb(now())) where id = %s",
            [account.id],
        )
    account.sync()
    kept = {"google": 1, "outlook": 2}[server.kind]  # Microsoft lets a subscription be prolonged, Google not
    assert (len(server.channels), len(first & set(server.channels))) == (2, kept)
    with database.owner() as connection:
        connection.execute("update calendar_connections set deleted_at = now() where id = %s", [account.id])
    account.try_sync()
    assert server.channels == {}


def test_a_creation_whose_answer_was_lost_is_not_repeated_and_what_changed_since_is_written(database, server):
    account = ProviderAccount(database, server, add_user(database))
    account.add()
    account.client = Lost
    assert account.try_sync()["failed"] == 1
    account.change(account.here["Mine"]["id"], title="Mine, later")
    account.client = OutboundClient
    account.sync()
    account.sync()
    assert {title for title, *_ in account.shown_there()} == {"Mine, later"}
    assert account.shown_here() == account.shown_there()


def test_a_series_whose_creation_was_not_answered_keeps_what_both_sides_changed_since(database, server):
    account = ProviderAccount(database, server, add_user(database))
    account.add(title="Stand-up", rrule="FREQ=DAILY;COUNT=3")
    account.client = Lost
    account.try_sync()
    ((id_, times),) = server.series("work").items()
    server.rename("work", id_, "Planning", times[1])
    account.change(account.here["Stand-up"]["id"], title="Daily")
    account.client = OutboundClient
    account.sync()
    account.sync()
    assert account.shown_here() == account.shown_there()
    kept = {row["title"] for row in events_of(database, account.user)}
    assert kept | {each["lost"].get("title") for each in account.conflicts} >= {"Daily", "Planning"}


def test_a_change_of_a_whole_series_here_and_of_an_occurrence_there_are_both_kept(database, server):
    account = ProviderAccount(database, server, add_user(database))
    start = START.astimezone(BERLIN)
    id_ = server.add("work", "Stand-up", start, start + HOUR, "FREQ=DAILY;COUNT=4")
    account.sync()
    account.change(account.here["Stand-up"]["id"], title="Daily")
    server.rename("work", id_, "Planning", start + DAY)
    server.remove("work", id_, start + 2 * DAY)
    for _ in range(3):
        account.sync()
        assert account.shown_here() == account.shown_there()
        assert sorted(row["title"] for row in events_of(database, account.user)) == ["Daily", "Daily", "Planning"]


@pytest.mark.parametrize("story", sized([1], range(40)))
def test_random_edits_on_both_sides_converge_and_lose_nothing(database, server, story):
    """Tokens expire on top. After one round that succeeds, both sides agree."""
    draw = dice(300 + story)
    account = ProviderAccount(database, server, add_user(database))
    editor = ProviderEditor(account, server, draw)
    for _ in range(sized(8, 20)):
        for _ in range(draw.randrange(1, 7)):
            editor.edit()
        if draw.random() < 0.3:
            draw.choice([server.expire_access, server.expire_sync])()
        account.client = lambda policy: Faulty(policy, draw)
        for _ in range(draw.randrange(3)):
            account.try_sync()
    account.client = OutboundClient
    account.sync()
    here, there = account.shown_here(), account.shown_there()
    assert len(here & there) >= 0.99 * len(here | there), here ^ there
    account.sync()
    assert account.shown_here() == account.shown_there()
    assert editor.lost() == set()
    account.sync()
    counts = account.sync()
    assert {counts[name] for name in ("added", "changed", "removed", "sent", "conflicts")} == {0}
