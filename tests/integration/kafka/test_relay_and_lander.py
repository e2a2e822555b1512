"""Through a real broker into raw: in order, once, and with a word about what is missing."""

from ingestion.ledger import Ledger
from ingestion.source import OutboxSource
from tests.integration.ingestion.conftest import raw_rows_of, write_events


def places_of(lake):
    return raw_rows_of(lake, "bucket, log_offset")


def all_places(database):
    return [
        (bucket, offset) for bucket, head in sorted(OutboxSource(database).heads().items()) for offset in range(head)
    ]


def test_what_is_written_lands_once_through_kafka(database, lake, users, relay, ingestion):
    written = {each for user_id in users for each in write_events(database, user_id, 300)}
    assert relay.drain() >= len(written)
    ingestion.drain()
    assert places_of(lake) == all_places(database)
    assert written <= {row[2] for row in raw_rows_of(lake)}


def test_the_topic_has_each_bucket_in_order_with_its_headers(database, users, relay, kafka):
    (event_id,) = write_events(database, users[0])
    relay.drain()
    with kafka.log(kafka.events) as log:
        for bucket, head in Ledger(database, kafka).published().items():
            fetched = log.read({bucket: 0}, 100_000, 5) if head else []
            offsets = [offset for each in fetched for offset in each.log_offsets()]
            assert offsets == list(range(head - len(offsets), head))
            for record in (record for each in fetched for record in each.records):
                headers = dict(record.headers)
                if headers["id"] == event_id.encode():
                    assert headers["type"] == b"task.created"
                    break
