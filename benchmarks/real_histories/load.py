"""Events straight into a lake: landed as raw, read by silver, made into histories, exactly as in an installation."""

from collections import defaultdict
from collections.abc import Iterable

from focusflow.contracts.envelope import Event
from focusflow.identity import bucket_of
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake, position_key
from focusflow.settings import Settings
from ingestion.landing.lander import raw_rows
from ingestion.outbox.source import Run
from pipelines.engine import histories, silver


def load(settings: Settings, events: Iterable[Event]) -> int:
    """Returns how many events came."""
    values: dict[int, list[bytes]] = defaultdict(list)
    for event in events:
        values[bucket_of(event.userid, settings.buckets)].append(event.as_bytes())
    settings.home.mkdir(parents=True, exist_ok=True)
    lake, session = Lake.of(settings), duckdb_session(temp_directory=str(settings.home / "tmp"))
    raw = lake.open(RAW_EVENTS)
    runs = [Run(bucket, range(len(own)), own) for bucket, own in values.items()]
    positions = {position_key(run.bucket): len(run.offsets) for run in runs}
    raw.append(raw_rows(session, runs), positions=positions)
    while silver.load_incremental(lake, session, settings.buckets).read:
        pass  # raw is read piece by piece
    for noun in histories.KEPT:
        histories.load_incremental(lake, session, noun, settings.buckets)
    return sum(map(len, values.values()))
