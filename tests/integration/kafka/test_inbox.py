"""What other producers write to the inbox: in by the same door, once, or refused with the reason and the bytes."""

import threading
from contextlib import closing
from hashlib import sha256
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer

from focusflow.database.session import Role
from focusflow.identity import new_id
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, position_key
from ingestion.kafka.broker import MESSAGE_BYTES
from ingestion.kafka.dead_letters import BEGINNING, DeadLetterPublisher
from ingestion.kafka.inbox import QUERIES, Inbox
from ingestion.kafka.topic_state import Overtaken
from ingestion.kafka.wiring import inbox_service
from ingestion.landing.lander import raw_rows
from ingestion.outbox.source import Run
from pipelines.engine import silver
from tests.conftest import BUCKETS


@pytest.fixture
def inbox(database, kafka, empty_positions):
    kafka.prepare(BUCKETS, 1)
    return Inbox(database)


@pytest.fixture
def empty_positions(database):
    """The topic is a new one for each test."""
    with database.transaction(Role.INGESTION) as tx:
        tx.run("delete from inbox_position")
        tx.run("delete from inbox_refused")


@pytest.fixture
def send(kafka):
    """As a producer that knows nothing of us: librdkafka, no key, no partition."""
    producer = Producer({"bootstrap.servers": kafka.servers})

    def send(*values):
        for value in values:
            producer.produce(kafka.inbox, value if isinstance(value, bytes) else orjson.dumps(value))
        assert producer.flush(20) == 0

    return send


@pytest.fixture
def deliver(inbox, kafka, send):
    """Sends, and has it read. Says how many messages were."""

    def deliver(*values):
        send(*values)
        return take_all(inbox, kafka)

    return deliver


def tracked(database, user_id, **other):
    with database.transaction(Role.INGESTION) as tx:
        now = tx.now
    return {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": "https://shop.example",
        "type": "activity.tracked",
        "time": now.isoformat(),
        "userid": str(user_id),
        "data": {"name": "Opened", "properties": {"page": "/"}},
        "somethingelse": 1,
    } | other


def take_all(inbox, kafka):
    with kafka.log(kafka.inbox) as messages:
        total = 0
        while count := inbox.take_once(messages, 1):
            total += count
        return total


def in_outbox(database, user_id):
    with database.transaction(Role.INGESTION) as tx:
        rows = tx.all("select event_id, value from outbox where user_id = %(id)s order by id", {"id": user_id})
    return {str(row["event_id"]): orjson.loads(row["value"]) for row in rows}


def refusals(database):
    with database.transaction(Role.INGESTION) as tx:
        return {bytes(row["value"]): row["reason"] for row in tx.all("select value, reason from inbox_refused")}


def test_a_foreign_event_comes_in_as_one_of_ours(database, user_id, deliver):
    event = tracked(database, user_id)
    assert deliver(event) == 1
    ((id_, taken),) = in_outbox(database, user_id).items()
    assert id_ == event["id"]
    assert taken["source"] == "https://shop.example"
    assert taken["dataschema"] == "focusflow:activity:1"
    assert taken["timezone"] == "Europe/Berlin"
    assert taken["data"]["name"] == "Opened"
    assert "somethingelse" not in taken


def test_the_same_event_comes_in_once_however_often_it_is_sent(database, user_id, deliver):
    one, other = tracked(database, user_id), tracked(database, user_id, id="order-17")
    deliver(one, other, one)
    deliver(other, one)
    assert len(in_outbox(database, user_id)) == 2


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id: String should have at least 1 character"),
        ({"userid": "nobody"}, "userid"),
        ({"userid": "01900000-0000-7000-8000-000000000000"}, "There is no such user"),
        ({"type": "task.completed"}, "other types come from the API"),
        ({"time": "2026-01-01T00:00:00"}, "time: Input should have timezone info"),
        ({"time": "9999-01-01T00:00:00Z"}, "in the future"),
        ({"data": {"properties": {}}}, "data: name: Field required"),
        ({"data": {"name": "x" * 201}}, "data: name"),
    ],
)
def test_what_does_not_keep_the_contract_is_refused_with_the_reason(database, user_id, deliver, wrong, reason):
    bad = tracked(database, user_id, **wrong)
    deliver(bad)
    assert in_outbox(database, user_id) == {}
    assert reason in refusals(database)[orjson.dumps(bad)]


@pytest.mark.parametrize(
    "value", [b"", b"\xff\xfe", b"{", b"[]", b"null", b'{"a":"\\ud800"}', b"[" * 60_000, b"x" * 70_000]
)
def test_poison_is_kept_as_it_came_and_holds_up_nothing(database, user_id, deliver, value):
    good = tracked(database, user_id)
    assert deliver(value, good, value) == 3
    assert set(in_outbox(database, user_id)) == {good["id"]}
    assert set(refusals(database)) == {value}


@pytest.mark.usefixtures("inbox")
def test_what_was_refused_stands_in_the_deadletter_topic(database, lake, kafka, user_id, send):
    send(b"not json", tracked(database, user_id))
    stop, turned = threading.Event(), list[None]()
    service = inbox_service(database, lake, kafka, buckets=BUCKETS, retention_hours=1)
    thread = threading.Thread(target=service.run, args=(stop, lambda **_: turned.append(None)), daemon=True)
    thread.start()
    with kafka.log(kafka.deadletter) as log:
        dead_letters: list[Any] = []
        for _ in range(20):
            dead_letters += [
                record
                for each in log.read(dict.fromkeys(range(BUCKETS), len(dead_letters)), 10, 1)
                for record in each.records
            ]
            if dead_letters:
                break
    stop.set()
    thread.join(10)
    assert [letter.value for letter in dead_letters] == [b"not json"]
    assert b"Invalid JSON" in dict(dead_letters[0].headers)["reason"]
    assert in_outbox(database, user_id)
    assert turned


def test_a_refused_message_that_kafka_would_not_take_back_is_published_by_its_beginning(database, kafka, inbox):
    value = b"x" * (MESSAGE_BYTES - 100)
    with database.transaction(Role.INGESTION) as tx:
        refused = {"now": tx.now, "partitions": [0, 0], "offsets": [1, 2], "reasons": ["too large", "not JSON"]}
        tx.run(QUERIES["refuse"], refused | {"values": [value, b"small"]})
    with closing(kafka.publisher(kafka.deadletter)) as publisher, kafka.log(kafka.deadletter) as log:
        assert inbox.repeat_refused(publisher) == 2
        (fetched,) = log.read({0: 0}, 10, 5)
    large, small = fetched.records
    assert (large.value, small.value) == (value[:BEGINNING], b"small")
    headers = dict(large.headers)
    assert (headers["size"], headers["sha256"]) == (b"%d" % len(value), sha256(value).hexdigest().encode())


def test_what_silver_could_not_read_stands_in_the_deadletter_topic_once(lake, kafka):
    kafka.prepare(BUCKETS, 1)
    lake.open(RAW_EVENTS).append(
        raw_rows(duckdb_session(), [Run(2, [0, 1], [b"not json", b"\xff"])]), positions={position_key(2): 2}
    )
    dead_letters = DeadLetterPublisher(lake, BUCKETS)
    with closing(kafka.publisher(kafka.deadletter)) as publisher, kafka.log(kafka.deadletter) as log:
        assert dead_letters.publish_once(publisher) == 0
        silver.load_incremental(lake, duckdb_session(), BUCKETS)
        assert dead_letters.publish_once(publisher) == 2
        assert DeadLetterPublisher(lake, BUCKETS).publish_once(publisher) == 0
        assert log.bounds(2) == (0, 2)
        (fetched,) = log.read({2: 0}, 10, 5)
    assert [
        (dict(each.headers)["log_offset"], dict(each.headers)["reason"], each.value) for each in fetched.records
    ] == [
        (b"0", b"not JSON", b"not json"),
        (b"1", b"not UTF-8", b"\xff"),
    ]


def test_of_two_that_take_the_same_messages_one_writes_them(database, kafka, user_id, inbox, send):
    send(tracked(database, user_id))

    class Slow:
        """Another one takes the messages between the reading and the writing."""

        def __init__(self, log):
            self.partitions, self.bounds, self._read = log.partitions, log.bounds, log.read

        def read(self, *how):
            fetched = self._read(*how)
            take_all(inbox, kafka)
            return fetched

    with kafka.log(kafka.inbox) as log, pytest.raises(Overtaken):
        inbox.take_once(Slow(log), 5)
    assert len(in_outbox(database, user_id)) == 1
