"""P20: all tests, from a clean clone to their end, on this machine. It takes longer than all other measurements: `--full` alone includes it."""

import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks.result import Result, seconds

ROOT = Path(__file__).resolve().parents[1]
GOAL_MINUTES, MOST_SECONDS = 12, 3600
ONLY_IN_FULL = True


def measure(scale: float) -> Result:
    """With less than the full scale, the unit tests alone."""
    target = "test" if scale >= 1 else "test-unit"
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        clone = ["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), folder]
        subprocess.run(clone, check=True)
        install = ["make", "--directory", folder, ".venv/.dev"]
        (installed,) = seconds(lambda: subprocess.run(install, check=True, stdout=subprocess.DEVNULL))
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FOCUSFLOW_", "PYTEST_"))}
        run = ["make", "--directory", folder, target]
        (tested,) = seconds(lambda: subprocess.run(run, env=clean, check=True, timeout=MOST_SECONDS))
    return Result(
        "P20",
        f"`make {target}` from a clean clone",
        tested / 60,
        GOAL_MINUTES,
        "minutes",
        more_is_better=False,
        detail={"installed before in": f"{installed:.0f} s"},
    )
