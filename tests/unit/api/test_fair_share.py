"""A caller's requests take turns; another caller's do not wait for them."""

import asyncio

import pytest

from operational_api.security.fair_share import FairShare
from operational_api.security.quota import TooManyRequests


def test_more_requests_than_slots_of_one_caller_wait_while_another_caller_enters():
    async def scenario():
        share = FairShare(at_once=2, wait_seconds=60)
        for _ in range(2):
            await share.enter("ada")
        third = asyncio.ensure_future(share.enter("ada"))
        await asyncio.sleep(0)
        await share.enter("ben")
        assert not third.done()
        share.leave("ada")
        await third
        for caller in ("ada", "ada", "ben"):
            share.leave(caller)
        assert not share._lanes

    asyncio.run(scenario())


def test_a_request_that_waits_too_long_is_refused_and_takes_no_slot():
    async def scenario():
        share = FairShare(at_once=1, wait_seconds=0.01)
        await share.enter("ada")
        with pytest.raises(TooManyRequests):
            await share.enter("ada")
        share.leave("ada")
        await share.enter("ada")
        share.leave("ada")
        assert not share._lanes

    asyncio.run(scenario())


def test_a_request_that_is_broken_off_while_it_waits_takes_no_slot():
    async def scenario():
        share = FairShare(at_once=1, wait_seconds=60)
        await share.enter("ada")
        waiting = asyncio.ensure_future(share.enter("ada"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        share.leave("ada")
        assert not share._lanes

    asyncio.run(scenario())
