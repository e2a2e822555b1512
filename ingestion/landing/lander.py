"""From a source into raw: the events as they came, and the position up to which they go, in one commit.

The commit is made onto the version from which the position was read, so of two landers at one position one is refused.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from focusflow import tracing
from focusflow.erasure import ERASED_EVENT
from focusflow.errors import Unavailable
from focusflow.lake.session import Session, duckdb_session
from focusflow.lake.tables import RAW_EVENTS, CommitConflict, Lake, position_key
from ingestion.outbox.source import PositionLost, Run, Source, is_full, missing

ENVELOPE = Path(__file__).with_name("envelope.sql").read_text(encoding="utf-8")
WITHOUT_ERASED = Path(__file__).with_name("without_erased.sql").read_text(encoding="utf-8")

#: How often in a row others may be quicker before the lander lets them be for a while.
ATTEMPTS = 20


class Lander:
    """Follows the log of some buckets."""

    def __init__(
        self,
        lake: Lake,
        buckets: Sequence[int],
        *,
        rows: int,
        suppressed: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        """`suppressed` returns the hashes of erased users, of whom no event lands."""
        self._suppressed = suppressed
        self._lake, self._buckets, self.rows = lake, buckets, rows
        self.has_more = False  #: to land, so that there is nothing to wait for
        self._session = duckdb_session("512MB")
        self._raw = lake.open(RAW_EVENTS)

    @property
    def positions(self) -> dict[int, int]:
        return {bucket: self._raw.position(position_key(bucket)) for bucket in self._buckets}

    def check(self, source: Source) -> None:
        """Refuse a log that ends before the lake does: it would give out positions again."""
        if sentence := older_than_lake(source.heads(), self.positions):
            raise PositionLost(sentence)

    def land_once(self, source: Source) -> int:
        """Land what follows on the positions as one commit, up to the rows of a batch. Returns how many events landed."""
        refused: CommitConflict | None = None
        for _ in range(ATTEMPTS):
            positions = self.positions
            try:
                found = source.read(positions, self.rows)
                self.has_more = is_full(found, self.rows)
                runs = [following(run, positions[run.bucket]) for run in found]
                return self._append([run for run in runs if run.offsets])
            except CommitConflict as conflict:
                refused = conflict
                self._raw = self._lake.open(RAW_EVENTS)
            except PositionLost:
                self._raw = self._lake.open(RAW_EVENTS)
                if self.positions == positions:  # else another lander has what is missing here
                    raise
        raise Unavailable("Other landers keep being quicker.") from refused

    def _append(self, runs: Sequence[Run]) -> int:
        if not runs:
            return 0
        positions = {position_key(run.bucket): run.offsets[-1] + 1 for run in runs}
        count = sum(len(run.offsets) for run in runs)
        traces = tracing.parents_of(value for run in runs for value in run.values)
        with tracing.spans("land", traces, {"focusflow.events": count}):
            rows = raw_rows(self._session, runs, self._suppressed())
            metadata = {tracing.COMMIT_KEY: " ".join(traces)} if traces else None
            self._raw.append(rows, positions=positions, metadata=metadata)
        return count


def older_than_lake(heads: Mapping[int, int], positions: Mapping[int, int]) -> str | None:
    """What is wrong where the log of a database ends before what has landed of it."""
    for bucket, position in positions.items():
        if heads.get(bucket, 0) < position:
            return (
                f"The database is older than the lake: bucket {bucket} ends at {heads.get(bucket, 0)}, and {position} events of it"
                " have landed. Restore the backup of the lake that belongs to this database."
            )
    return None


def following(run: Run, position: int) -> Run:
    """The part of a run that follows on a position. An event from before it is a resend; a gap is a loss.

    >>> following(Run(0, [3, 4, 3, 4, 5], [b"c", b"d", b"c", b"d", b"e"]), 4)
    Run(bucket=0, offsets=[4, 5], values=[b'd', b'e'])
    """
    if run.offsets == range(position, position + len(run.offsets)):
        return run  # a source that has looked already says so by a range
    offsets, values = [], []
    for offset, value in zip(run.offsets, run.values, strict=True):
        if offset > position:
            raise PositionLost(missing(run.bucket, position, offset))
        if offset == position:
            offsets.append(offset)
            values.append(value)
            position += 1
    return Run(run.bucket, offsets, values)


def raw_rows(session: Session, runs: Sequence[Run], suppressed: Collection[str] = ()) -> pa.Table:
    """Rows of raw: the envelope's columns beside the untouched bytes; placeholders for events of erased users."""
    landed = pa.table(
        {
            "bucket": pa.array([run.bucket for run in runs for _ in run.offsets], pa.int16()),
            "log_offset": pa.array([offset for run in runs for offset in run.offsets], pa.int64()),
            "value": pa.array([value for run in runs for value in run.values], pa.binary()),
        }
    )
    if suppressed:
        inputs = {"landed": landed, "suppressed": pa.table({"user_hash": sorted(suppressed)})}
        landed = session.run(WITHOUT_ERASED, inputs, {"placeholder": ERASED_EVENT})
    return session.run(ENVELOPE, {"landed": landed})
