"""What is to be sent to channels: written down in the transaction that makes a notification known, once for each channel that wants it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from reports.periods.content import REPORT

QUERIES: Final = load_queries(Path(__file__).with_name("queries.sql"))

#: So many numbers of a report are in its short version.
LINES_OF_REPORT = 3


@dataclass(frozen=True, slots=True)
class Message:
    """A notification for channels. `subject_id` is what it is about: the same is sent once."""

    user_id: UUID
    kind: str
    subject_id: UUID
    title: str
    body: str
    useful_until: datetime


def announce(tx: Transaction, message: Message, now: datetime) -> int:
    """Have a message sent to the channels of its user that want its kind. Returns to how many."""
    return tx.run(QUERIES["announce"], asdict(message) | {"now": now}) if message.useful_until > now else 0


def short_report(content: Mapping[str, Any]) -> str:
    """A report in a few lines of text."""
    report = REPORT.validate_python(content)
    numbers = [f"{line.label}: {line.value}" for line in report.lines[:LINES_OF_REPORT]]
    return "\n".join([report.headline, *numbers])
