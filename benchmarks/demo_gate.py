"""`python -m benchmarks.demo_gate --from 2026-01-15 --homes 6`: whether the gate serves a model in the demo, whenever that is started.

Each home holds the history that `focusflow demo` writes on another day. It is loaded, trained and tried as in service.
"""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.real_histories.load import load
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import Lake
from focusflow.settings import load_settings
from ingestion.demo.history import generate_history
from ingestion.demo.personas import personas
from models.evaluation.promotion_gate import refusals
from models.training.challenger import judged
from models.training.dataset import lists_of_lake

#: Between the starts of two homes: other weekdays, other seasons, and both halves of a day.
APART = timedelta(days=47, hours=11)


def verdict(now: datetime, *, seed: int, days: int) -> str:
    """What the gate says of one home."""
    with TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        events = (
            event
            for persona in personas()
            for event in generate_history(persona, now=now, seed=seed, days=days, recorded_at=now).events
        )
        load(settings, events)
        figures, left_out = judged(lists_of_lake(Lake.of(settings), duckdb_session()))
    refused = refusals(figures)
    gain = figures["gain"]
    return (
        f"{'served' if not refused else 'refused'}: {gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}) over"
        f" {figures['best_baseline']}, risk {'left out' if left_out else 'served'};"
        f" likelihood off by {figures['likelihood']['calibration_error']:.3f} {'; '.join([*refused, *left_out])}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.demo_gate", description=__doc__)
    parser.add_argument("--from", dest="first", type=datetime.fromisoformat, default="2026-01-15T07:00")
    parser.add_argument("--homes", type=int, default=6)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for number in range(options.homes):
        now = options.first.replace(tzinfo=UTC) + number * APART
        print(f"{now:%a %Y-%m-%d %H:%M} {verdict(now, seed=options.seed, days=options.days)}", flush=True)


if __name__ == "__main__":
    main()
