"""Two-way synchronization with Google and Microsoft where requests fail, answers are lost, and both sides edit at random."""

from collections.abc import Iterator

import pytest

from focusflow.outbound import OutboundClient
from tests.conftest import add_user
from tests.integration.ingestion.calendar_providers import Google, Outlook, ProviderDouble, running
from tests.integration.ingestion.provider_account import ProviderAccount, ProviderEditor
from tests.integration.ingestion.test_caldav_faults import Faulty
from tests.sizes import dice, sized

PROVIDERS = {"google": Google, "outlook": Outlook}


@pytest.fixture(params=sorted(PROVIDERS))
def server(request) -> Iterator[ProviderDouble]:
    with running(PROVIDERS[request.param]) as found:
        yield found


@pytest.mark.parametrize("story", range(sized(2, 40)))
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
