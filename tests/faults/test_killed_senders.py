"""kill -9 at any moment of sending, over many users and a mail server with moods: no mailbox gets a week's report twice."""

import multiprocessing
import time
from collections import Counter
from datetime import timedelta

import pytest

from focusflow.database.session import Role
from focusflow.identity import new_id
from reports.delivery.delivery_log import DeliveryLog
from reports.delivery.schedule import PAUSES
from tests.faults.senders import MONDAY, Forgetful, send
from tests.mailserver import Post, served
from tests.sizes import dice, sized

pytestmark = pytest.mark.timeout(400)  # a storm takes as long as the machine lets it

PEOPLE = sized(80, 200)
KILLS = sized(8, 20)
AT_A_TIME = 2
MOODS = ("451 greylisted", "550 no such mailbox", "hang up", "take and hang up", "take and hang", "452 full")


@pytest.fixture
def users(database):
    """Addresses, each due this Monday."""
    with database.owner() as connection, connection.cursor() as cursor:
        cursor.execute("truncate users cascade")
        ids = [new_id() for _ in range(PEOPLE)]
        cursor.executemany(
            "insert into users (id, created_at, updated_at, email, password_hash, display_name, timezone)"
            " values (%s, '2026-01-01', '2026-01-01', %s, 'none', 'Somebody', 'UTC')",
            [(each, f"{each}@example.com") for each in ids],
        )
        cursor.executemany(
            "insert into preferences (user_id, updated_at, monthly_report) values (%s, '2026-01-01', false)",
            [(each,) for each in ids],
        )
    return ids


class Moody(Post):
    """Takes most mails; of the others it wants to hear later, nothing, or it breaks off or falls silent before or after it took them. Some
    addresses it does not want to know, or not yet.
    """

    def __init__(self, dice):
        super().__init__()
        self.dice = dice

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        self.to_recipient = self.dice.choice(("450 later", "550 nobody")) if self.dice.random() < 0.05 else None
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (aiosmtpd's name)
        self.to_text = self.dice.choice(MOODS) if self.dice.random() < 0.2 else None
        answer, taken = self.to_text, len(self.taken)
        said = await super().handle_DATA(server, session, envelope)
        if answer and answer[0].isdigit():
            del self.taken[taken:]  # it said no: that mail is nobody's
        return said


def wait_for(post, mails, senders):
    """Until the server has taken so many more, or there is nobody left to send them."""
    enough, patience = len(post.taken) + mails, time.monotonic() + 10
    while len(post.taken) < enough and any(each.is_alive() for each in senders) and time.monotonic() < patience:
        time.sleep(0.002)


def states(database):
    with database.transaction(Role.REPORTING) as tx:
        return tx.all("select user_id, status, reason from report_deliveries")


@pytest.fixture
def random_kills(database_url, users, tmp_path):
    """Senders that are killed at any moment, two at a time, and then some that nobody kills. What the mail server took, and how much of it
    while they were killed.
    """

    def ran(delivery_log_of):
        moments, processes = dice(7), multiprocessing.get_context("forkserver")
        processes.set_forkserver_preload(["tests.faults.senders"])
        post = Moody(dice(8))
        with served(post) as port:
            running = []
            now = MONDAY

            def start():
                is_ready = processes.Event()
                process = processes.Process(
                    target=send,
                    args=(database_url, str(tmp_path), port, now),
                    kwargs={"is_ready": is_ready, "delivery_log_of": delivery_log_of},
                    daemon=True,
                )
                process.start()
                running.append(process)
                assert is_ready.wait(30)

            for _ in range(KILLS):
                if twice(post):
                    break  # there is no more to see
                while len(running) < AT_A_TIME:
                    start()
                wait_for(post, moments.randrange(12), running)
                time.sleep(moments.uniform(0, 0.02))
                victim = running.pop(moments.randrange(len(running)))
                victim.kill()
                victim.join(10)
                now += timedelta(minutes=2)  # what was greylisted comes round again between the kills
            for each in running:
                each.kill()
                each.join(10)
            killed_over = len(post.taken)
            for pause in () if twice(post) else (timedelta(hours=1), *PAUSES):  # nobody kills the last ones
                now += pause + timedelta(minutes=1)
                send(database_url, str(tmp_path), port, now, delivery_log_of=delivery_log_of)
        return post, killed_over

    return ran


def twice(post):
    """Whose mailbox has two."""
    return [address for address, mails in Counter(mail["To"] for mail in post.taken).items() if mails > 1]


@pytest.mark.fault("sender of emails killed at random moments")
def test_senders_killed_at_any_moment_mail_nobody_twice(database, users, random_kills, tally):
    post, killed_over = random_kills(DeliveryLog)
    tally.tries, tally.doubled = KILLS, len(twice(post))
    got = {mail["To"] for mail in post.taken}
    found = states(database)
    became = Counter(row["status"] for row in found)
    addresses = {
        status: {f"{row['user_id']}@example.com" for row in found if row["status"] == status} for status in became
    }
    assert killed_over > KILLS  # they did send between the kills
    assert twice(post) == []
    tally.lost = len(set(users) - {row["user_id"] for row in found})
    assert {row["user_id"] for row in found} == set(users)
    assert len(found) == became["sent"] + became["failed"] + became["unknown"] == PEOPLE
    assert all(row["reason"] for row in found if row["status"] != "sent")
    assert addresses["sent"] <= got <= addresses["sent"] | addresses["unknown"]
    assert became["unknown"] > 0  # the server hung up on some after their text
    assert became["sent"] > PEOPLE / 2


@pytest.mark.mutant("sender of emails killed at random moments")
def test_the_random_kills_finds_a_sender_that_sends_before_it_writes_down(random_kills):
    post, _ = random_kills(Forgetful)
    assert twice(post)
