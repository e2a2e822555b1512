"""A caller's requests take turns; another caller's do not wait for them, and who used much of late gets less."""

import asyncio
from contextlib import suppress

import pytest

from operational_api.security.fair_share import FairShare
from operational_api.security.quota import TooManyRequests


@pytest.fixture
def seconds():
    return [0.0]


@pytest.fixture
def share(seconds):
    return FairShare(at_once=2, wait_seconds=0.01, clock=lambda: seconds[0])


async def use(share, seconds, caller, for_seconds):
    leave = await share.enter(caller)
    seconds[0] += for_seconds
    leave()


async def let_in(share, caller):
    """How many of its requests are let in at a time."""
    number = 0
    with suppress(TooManyRequests):
        while True:
            await share.enter(caller)
            number += 1
    return number


def test_more_requests_than_slots_of_one_caller_wait_while_another_caller_enters():
    async def scenario():
        share = FairShare(at_once=2, wait_seconds=60)
        first = await share.enter("ada")
        await share.enter("ada")
        third = asyncio.ensure_future(share.enter("ada"))
        await asyncio.sleep(0)
        await share.enter("ben")
        assert not third.done()
        first()
        await third

    asyncio.run(scenario())


def test_a_request_that_waits_too_long_is_refused_and_takes_no_slot(share):
    async def scenario():
        first, _ = await share.enter("ada"), await share.enter("ada")
        with pytest.raises(TooManyRequests):
            await share.enter("ada")
        first()
        await share.enter("ada")

    asyncio.run(scenario())


@pytest.mark.parametrize("is_let_in", [False, True], ids=["while it waits", "as it is let in"])
def test_a_request_that_is_broken_off_takes_no_slot(is_let_in):
    async def scenario():
        share = FairShare(at_once=1, wait_seconds=60)
        leave = await share.enter("ada")
        waiting = asyncio.ensure_future(share.enter("ada"))
        await asyncio.sleep(0)
        if is_let_in:
            leave()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        if not is_let_in:
            leave()
        await asyncio.wait_for(share.enter("ada"), 5)

    asyncio.run(scenario())


def test_a_caller_who_used_much_beside_others_waits_until_most_of_it_is_forgotten(share, seconds):
    async def scenario():
        await use(share, seconds, "ben", 0.1)
        await use(share, seconds, "ada", 10)
        with pytest.raises(TooManyRequests) as refused:
            await share.enter("ada")
        assert 5 <= refused.value.retry_after <= 10
        assert await let_in(share, "ben") == 2
        seconds[0] += refused.value.retry_after
        assert await let_in(share, "ada") == 1
        seconds[0] += 60
        assert await let_in(share, "ada") == 1  # two in all

    asyncio.run(scenario())


def test_a_request_that_waits_for_what_its_caller_used_is_let_in_by_time_alone():
    async def scenario():
        ahead = [0.0]
        loop = asyncio.get_running_loop()
        share = FairShare(at_once=2, wait_seconds=60, clock=lambda: loop.time() + ahead[0])
        await use(share, ahead, "ben", 0.1)
        await use(share, ahead, "ada", 2.51)  # a little over the limit
        await asyncio.wait_for(share.enter("ada"), 10)

    asyncio.run(scenario())


def test_a_caller_who_is_alone_is_not_slowed_down(share, seconds):
    async def scenario():
        await use(share, seconds, "ada", 1000)
        assert await let_in(share, "ada") == 2

    asyncio.run(scenario())


def test_nobody_is_slowed_down_where_all_users_requests_take_long(share, seconds):
    async def scenario():
        leaves = [await share.enter(caller) for caller in ("ada", "ben", "cem")]
        seconds[0] += 20
        for leave in leaves:
            leave()
        for caller in ("ada", "ben", "cem"):
            assert await let_in(share, caller) == 2

    asyncio.run(scenario())


def test_the_keys_of_one_user_share_their_slots_once_their_owner_is_confirmed(share):
    async def scenario():
        for key in ("key 1", "key 2"):
            (await share.enter(key))()
            share.count_as("ada", key)
        assert await let_in(share, "key 1") == 2
        assert not await let_in(share, "key 2")

    asyncio.run(scenario())


def test_callers_are_forgotten(share, seconds):
    async def scenario():
        for number in range(50):
            await use(share, seconds, number, 0.1)
        seconds[0] += 100
        await use(share, seconds, "ada", 0.1)
        assert list(share._lanes) == ["ada"]

    asyncio.run(scenario())
