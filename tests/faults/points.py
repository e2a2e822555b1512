"""The named points at which relay, lander, refresher and others are killed or frozen: functions of theirs, and the moment before or after a call."""

import os
import signal
import threading
from functools import reduce, wraps
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit


class Point(NamedTuple):
    """Where in the code, `module:name`, and when."""

    where: str
    when: str  # before, after, or within: as soon as a data file shows up

    def strike(self, number: signal.Signals, nth: int = 1) -> None:
        """Have this process sent that signal when it comes to the point for the nth time."""
        module, _, path = self.where.partition(":")
        *owners, name = path.split(".")
        holder = reduce(getattr, owners, import_module(module))
        work, calls = getattr(holder, name), count(1)

        @wraps(work)
        def struck(*arguments, **how):
            is_due = next(calls) == nth
            if is_due and self.when == "within":
                folder = Path(urlsplit(arguments[0].table_uri).path)
                known = set(folder.rglob("*.parquet"))
                threading.Thread(target=_at_a_new_file, args=(folder, known, number), daemon=True).start()
            if is_due and self.when == "before":
                os.kill(os.getpid(), number)
            result = work(*arguments, **how)
            if is_due and self.when == "after":
                os.kill(os.getpid(), number)
            return result

        setattr(holder, name, struck)


def _at_a_new_file(folder: Path, known: set[Path], number: signal.Signals) -> None:
    while known.issuperset(folder.rglob("*.parquet")):
        pass
    os.kill(os.getpid(), number)


#: Of the lander, in the order in which it comes to them.
LANDER = (
    Point("focusflow.database.session:Transaction.run", "after"),  # places are given, and not committed
    Point("ingestion.landing.service:sequence_once", "after"),
    Point("ingestion.landing.lander:following", "before"),  # a batch is read
    Point("ingestion.landing.lander:raw_rows", "after"),
    Point("focusflow.lake.tables:write_deltalake", "within"),  # a file is written, and not committed
    Point("focusflow.lake.tables:Pinned._fsync_commit", "before"),  # it is committed, and not forced to disk
    Point("focusflow.lake.fsync:_fsync", "after"),  # some of it is
    Point("focusflow.lake.tables:Pinned._create_checkpoint", "before"),
    Point("focusflow.lake.fsync:fsync_checkpoint", "before"),
    Point("focusflow.lake.tables:Pinned._fsync_commit", "after"),
)

#: Of the relay likewise.
RELAY = (
    Point("ingestion.kafka.broker:Kafka.prepare", "after"),
    Point("ingestion.kafka.topic_state:TopicState.accept_topic", "before"),
    Point("ingestion.kafka.topic_state:TopicState.begin", "after"),
    Point("ingestion.kafka.broker:Kafka.publisher", "after"),
    Point("focusflow.database.session:Transaction.run", "after"),
    Point("ingestion.kafka.relay:messages_of", "after"),
    Point("ingestion.kafka.broker:KafkaPublisher.send", "after"),  # on its way, and not acknowledged
    Point("ingestion.kafka.broker:KafkaDelivery.acknowledged", "after"),  # and not noted
    Point("ingestion.kafka.topic_state:TopicState.advance", "after"),
)

#: What else the lander passes when it reads from Kafka.
READER = (
    Point("ingestion.kafka.broker:KafkaLog.bounds", "after"),
    Point("ingestion.kafka.broker:KafkaLog.read", "before"),
    Point("ingestion.kafka.broker:KafkaLog.read", "after"),
    Point("ingestion.kafka.source:BrokerSource.read", "after"),
)

#: Of the inbox.
INBOX = (
    Point("ingestion.kafka.broker:KafkaLog.read", "after"),
    Point("ingestion.kafka.inbox:_move", "after"),
    Point("ingestion.kafka.inbox:_first_time", "after"),
    Point("ingestion.kafka.inbox:_take", "after"),
    Point("focusflow.database.session:Transaction.commit", "after"),
)

#: Of the resident refresher, in the order in which it comes to them.
REFRESHER = (
    Point("pipelines.engine.silver:load_incremental", "before"),
    Point("focusflow.lake.tables:write_deltalake", "within"),  # a file of silver is written, and not committed
    Point("focusflow.lake.tables:Pinned._fsync_commit", "before"),
    Point("pipelines.engine.silver:load_incremental", "after"),
    Point("pipelines.engine.histories:load_incremental", "after"),
    Point("pipelines.engine.daily:compute", "after"),
    Point("pipelines.engine.build:compute", "after"),  # the rows of a gold table are computed, and not written
    Point("pipelines.engine.checks:blocking_rules", "after"),
    Point("pipelines.engine.publish_tables:Publication.write", "after"),  # in a transaction that is not committed
    Point("pipelines.engine.publish_tables:publish", "after"),
    Point("pipelines.refresher.service:record_success", "before"),
    Point("pipelines.refresher.service:record_success", "after"),
)

#: Of the sender of webhooks, in the order in which it comes to them.
WEBHOOKS = (
    Point("ingestion.webhooks.fan_out:_write", "after"),  # deliveries are written, and not committed
    Point("ingestion.webhooks.fan_out:FanOut._step", "after"),  # they are
    Point("ingestion.webhooks.sender:WebhookSender._attempt", "before"),  # one is claimed, and not sent
    Point("focusflow.outbound:OutboundClient.request", "before"),
    Point("focusflow.outbound:OutboundClient.request", "after"),  # it was taken, and nobody wrote that down
    Point("ingestion.webhooks.sender:WebhookSender._record", "after"),  # it is written down, and not committed
    Point("ingestion.webhooks.sender:WebhookSender._send_next", "after"),
)
