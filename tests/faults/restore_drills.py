"""Backups at random moments of a busy platform, each restored on another home: `python -m tests.faults.restore_drills --drills 20`.

A restored home must have every write that was acknowledged before its backup began, and no event twice; `focusflow verify` has to agree. It
prints how long backups and restores take, and what a disaster at the end of the backup would cost: the age of the oldest acknowledged write
that is not in it. The exit code is 0 only if nothing was lost.
"""

import argparse
import base64
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from focusflow import clock
from focusflow.lake.tables import RAW_EVENTS, Lake, duckdb_connection, show
from tests.e2e.conftest import Stack, a_stack
from tests.faults.chaos import User

RESTORE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Drill:
    backup_seconds: float
    restore_seconds: float
    lost: int  # acknowledged before the backup began, and not restored
    doubled: int
    later: int  # acknowledged while the backup was made, and not in it
    recovery_point_seconds: float  # the age of the oldest of those when the backup was complete


def drill(stack: Stack, users: list[User], place: Path) -> Drill:
    before, begun = acknowledged(users), time.monotonic()
    made = stack.run("backup", str(place))
    assert made.returncode == 0, made.stderr
    backup_seconds, after, completed_at = time.monotonic() - begun, acknowledged(users), clock.now()
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        Path(folder).chmod(0o711)
        environment = {**stack.environment, "FOCUSFLOW_HOME": f"{folder}/home"}
        begun = time.monotonic()
        for arguments in (("restore", str(place)), ("land", "--once"), ("refresh",), ("verify",)):
            done = subprocess.run(
                [sys.executable, "-m", "focusflow", *arguments],
                env=environment,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=RESTORE_SECONDS,
                check=False,
            )
            assert done.returncode == 0, f"{arguments}: {done.stdout[-500:]} {done.stderr[-500:]}"
        restore_seconds = time.monotonic() - begun
        found = created(Lake(str(Path(folder, "home", "lake"))))
    later = after.keys() - found.keys()
    return Drill(
        backup_seconds,
        restore_seconds,
        lost=len(before.keys() - found.keys()),
        doubled=sum(count > 1 for count in found.values()),
        later=len(later),
        recovery_point_seconds=max(((completed_at - after[task]).total_seconds() for task in later), default=0),
    )


def acknowledged(users: list[User]) -> dict[str, datetime]:
    """When each task was created."""
    return {task: at for user in users for task, at in list(user.ledger.created_at.items())}


def created(lake: Lake) -> Counter[str]:
    """How often each task was created, by the events of raw."""
    connection = duckdb_connection()
    show(connection, [lake.open(RAW_EVENTS)])
    rows = connection.execute(
        "select json_extract_string(decode(value), '$.subject'), count(*) from raw.events where type = 'task.created' group by all"
    ).fetchall()
    return Counter(dict(rows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drills", type=int, default=20)
    parser.add_argument("--users", type=int, default=6)
    parser.add_argument("--encrypted", action="store_true", help="encrypt the backups")
    given = parser.parse_args()
    dice, drills = random.Random(), list[Drill]()
    with a_stack() as stack:
        if given.encrypted:
            stack.environment["FOCUSFLOW_BACKUP_KEY"] = base64.b64encode(os.urandom(32)).decode()
        stack.start()
        stop = threading.Event()
        users = [User(number, stack.address("api"), stop, seed=1) for number in range(given.users)]
        for user in users:
            user.register()
        for user in users:
            user.start()
        for number in range(1, given.drills + 1):
            time.sleep(dice.uniform(1, 10))
            drills.append(drill(stack, users, stack.folder / "backups"))
            print(number, drills[-1], flush=True)
        stop.set()
        for user in users:
            user.join(60)
        failures = [failure for user in users for failure in user.failures]
    for name in ("backup_seconds", "restore_seconds", "recovery_point_seconds", "later"):
        values = [float(getattr(each, name)) for each in drills]
        print(f"{name:<24} median {statistics.median(values):6.1f}  worst {max(values):6.1f}")
    lost, doubled = sum(each.lost for each in drills), sum(each.doubled for each in drills)
    print(f"{len(drills)} drills: {lost} lost, {doubled} doubled", *failures, sep="\n")
    return 1 if lost or doubled or failures else 0


if __name__ == "__main__":
    sys.exit(main())
