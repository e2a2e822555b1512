"""P19: what an event takes on the disk, in all layers together, once the lake has been compacted. The histories are the demo's."""

from benchmarks.p06_refresh_day import BUCKETS
from benchmarks.p17_one_event import NOON, Home, home
from benchmarks.result import Result
from focusflow.settings import load_settings
from pipelines.engine.maintenance import Maintenance

PEOPLE, DAYS = 20, 365
MOST_BYTES = 600


def measure(scale: float) -> Result:
    with home(max(int(PEOPLE * scale), 5), DAYS) as one:
        events = sum(one.landed.values())
        one.refresh(NOON)
        settings = load_settings(home=one.folder, buckets=BUCKETS)
        for _ in Maintenance(one.lake, one.session, one.database, settings, NOON).tidy():
            pass
        layers = bytes_by_layer(one)
    detail = {"events": f"{events:,}", "users": len(one.users), "days": DAYS}
    detail |= {layer: f"{size / events:,.0f} B" for layer, size in sorted(layers.items())}
    return Result(
        "P19",
        "an event on the disk, in all layers, compacted",
        sum(layers.values()) / events,
        MOST_BYTES,
        "B",
        more_is_better=False,
        detail=detail,
    )


def bytes_by_layer(one: Home) -> dict[str, int]:
    """The files of the newest version of each table: earlier ones go after `FOCUSFLOW_LAKE_HISTORY_HOURS`."""
    layers: dict[str, int] = {}
    for name in one.lake.names():
        table = one.lake.pinned(name)
        if table is not None:
            layer = name.partition("/")[0]
            layers[layer] = layers.get(layer, 0) + sum(table.sizes().values())
    return layers
