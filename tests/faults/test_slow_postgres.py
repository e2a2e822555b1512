"""PostgreSQL behind a link that is slow, silent for seconds, and cut: users and the lander go on by themselves, and nothing is lost or doubled."""

import math
import threading
import time

import pytest

from focusflow.database.session import Database
from ingestion.landing.service import OutboxMaintenance, open_ingestion
from tests.conftest import BUCKETS
from tests.faults.accounts import assert_nothing_lost_or_doubled
from tests.faults.kafka.test_postgres_restarted import Patient
from tests.faults.slow_link import slow_link
from tests.sizes import dice, sized

pytestmark = pytest.mark.timeout(400)  # as long as the machine lets it

NEVER = float("inf")
ROUNDS = sized(2, 20)
ANSWER_SECONDS = 1.5  # what a part waits for an answer; minutes in the product
SILENT_SECONDS = 2 * ANSWER_SECONDS


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


@pytest.mark.fault("database slow, silent, and cut off")
def test_a_database_behind_a_bad_link_loses_and_doubles_nothing(database, database_url, lake, tally):
    moments, stop = dice(11), threading.Event()
    with (
        slow_link(database_url) as link,
        Database(link.url, connections=6, answer_timeout_seconds=ANSWER_SECONDS) as behind,
    ):
        writers = Patient(behind, pause=0.02)
        ingestion = open_ingestion(behind, lake, buckets=BUCKETS, rows=200, age_seconds=0)
        upkeep = OutboxMaintenance(link.url, due_at=NEVER)
        landing = threading.Thread(target=ingestion.run, args=(stop, upkeep), daemon=True)
        landing.start()

        def lands_more():
            before = sum(ingestion.lander.positions.values())
            until(lambda: sum(ingestion.lander.positions.values()) > before)

        for _ in range(ROUNDS):
            link.delay = moments.uniform(0.02, 0.1)
            lands_more()  # slowly
            link.delay = math.inf
            time.sleep(SILENT_SECONDS)
            link.delay = 0
            with tally.recovery():
                lands_more()
            for _ in range(3):
                time.sleep(moments.uniform(0, 0.2))
                link.cut()
            with tally.recovery():
                lands_more()
        accepted = writers.finish()
        assert landing.is_alive()
        stop.set()
        landing.join(30)
    tally.tries = 5 * ROUNDS
    assert_nothing_lost_or_doubled(database, lake, accepted, tally)
