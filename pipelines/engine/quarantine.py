"""What could not be read: looking at it, and trying it again when the contracts have learned to read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from focusflow.database.queries import load_queries
from focusflow.errors import NotFound
from focusflow.lake.session import Inputs, Scan, Session
from focusflow.lake.tables import Lake, Pinned, position_key
from pipelines.engine import build, daily, histories, silver

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: Everything that follows silver by its positions.
FOLLOWERS = (
    *(histories.spec(noun) for noun in histories.KEPT), daily.DAILY, *(table.spec for table in build.TABLES),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bad:
    """An event that could not be read, by its place in the log."""

    bucket: int
    log_offset: int
    reason: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Retried:
    """The outcome of trying again."""

    taken_in: int
    left: int


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The table of what could not be read, and the way out of it."""

    lake: Lake
    session: Session
    tag_key: str | None = None

    def reasons(self) -> dict[str, int]:
        """How many events are kept for each reason, the most frequent first."""
        return dict(self.session.rows(QUERIES["reasons"], self._events()))

    def listed(self, limit: int) -> list[Bad]:
        return [Bad(*row) for row in self.session.rows(QUERIES["list"], self._events(), {"limit": limit})]

    def one(self, bucket: int, log_offset: int) -> tuple[str, bytes]:
        """Why an event could not be read, and its bytes as they came."""
        found = self.session.rows(QUERIES["one"], self._events(), {"bucket": bucket, "log_offset": log_offset})
        if not found:
            raise NotFound(
                f"No event {bucket}:{log_offset} is in quarantine. `focusflow quarantine list` shows those that are."
            )
        reason, value = found[0]
        return str(reason), bytes(value)

    def retry(self) -> Retried:
        """Take in what can be read now. Whatever follows silver looks at it again from the first of them on, with its next refresh.

        A crash between two commits does no harm: what silver has already is not read again, and still leaves quarantine.
        """
        silver_, kept = self.lake.open(silver.EVENTS), self.lake.open(silver.QUARANTINE)
        buckets = [bucket for (bucket,) in self.session.rows(QUERIES["buckets"], {"quarantine.events": Scan.of(kept)})]
        tried = [self._retry_bucket(silver_, kept, bucket) for bucket in buckets]
        return Retried(sum(each.taken_in for each in tried), sum(each.left for each in tried))

    def _retry_bucket(self, silver_: Pinned, kept: Pinned, bucket: int) -> Retried:
        where = f"bucket = {bucket}"
        session, quarantined = self.session, {"quarantine.events": Scan.of(kept, where)}
        raw_events = session.run(silver.query("quarantined_events"), quarantined)
        with silver.validated(session, raw_events, self.tag_key) as validated:
            given = {"raw_events": raw_events, "validated": validated}
            left = session.run(silver.query("still_quarantined"), given)
            (readable,) = session.row("select min(log_offset) from validated where reason is null", given)
            if readable is None:
                return Retried(0, len(left))
            good = silver.deduplicated(session, validated, silver_, [bucket])
        # With silver's own position, unmoved: whoever reads events of this bucket meanwhile has this refused.
        silver_.append(good, positions={position_key(bucket): silver_.position(position_key(bucket))})
        self._send_back({bucket: readable})
        kept.replace(left, where=where, positions={})
        return Retried(len(good), len(left))

    def _send_back(self, places: Mapping[int, int]) -> None:
        """Have everything that follows silver read it again from these places on."""
        for spec in FOLLOWERS:
            table = self.lake.open(spec)
            behind = {
                position_key(bucket): place
                for bucket, place in places.items()
                if table.position(position_key(bucket)) > place
            }
            if behind:
                table.append(table.columns().empty_table(), positions=behind)

    def _events(self) -> Inputs:
        return {"quarantine.events": Scan.of(self.lake.open(silver.QUARANTINE))}


def place_of(text: str) -> tuple[int, int]:
    """
    >>> place_of("3:71")
    (3, 71)
    """
    numbers: Sequence[str] = text.split(":")
    if len(numbers) != 2 or not all(each.isdecimal() for each in numbers):
        raise NotFound(f"{text} is no place of an event. One is written like 3:71, bucket and place in the log.")
    return int(numbers[0]), int(numbers[1])
