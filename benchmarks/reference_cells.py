"""`python -m benchmarks.reference_cells --cells 500000`: gold tables of random histories, cell by cell, against the reference implementation.

Homes are numbered by their seeds, so that a run goes on where another stopped (`--first`), and a home that differs can be built again. It
stops at the first cell that differs, or after `--seconds` of the processor.
"""

import argparse
import time
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.integration.pipelines.generated_histories import random_history
from tests.integration.pipelines.gold_oracle import compare_all


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reference_cells", description=__doc__)
    parser.add_argument("--cells", type=int, default=500_000, help="of the daily table, to be compared")
    parser.add_argument("--first", type=int, default=1, help="seed of the first home")
    parser.add_argument("--seconds", type=float, default=500, help="of the processor, after which it stops")
    options = parser.parse_args()
    cells: Counter[str] = Counter()
    seed = options.first
    while cells["productivity_daily"] < options.cells and time.process_time() < options.seconds:
        random = Random(seed)
        users = [random_history(random) for _ in range(random.randint(3, 4))]
        with TemporaryDirectory() as folder:
            try:
                cells += compare_all(Path(folder), users, random.randint(0, 70), random)
            except AssertionError:
                print(f"The home of seed {seed} differs:", flush=True)
                raise
        print(
            f"seed {seed}: {cells['productivity_daily']:,} cells of the daily table, {cells.total():,} in all",
            flush=True,
        )
        seed += 1


if __name__ == "__main__":
    main()
