"""P14: from `focusflow up --demo` in an empty home, with everything installed, to numbers of the demo's user; and `focusflow --help`."""

import subprocess
import sys
import time

import httpx2

from benchmarks.result import Result, percentile, seconds
from ingestion.demo.accounts import EMAILS
from ingestion.demo.personas import PASSWORD
from tests.e2e.conftest import a_stack

GOAL_SECONDS, GOAL_HELP_SECONDS = 25, 0.25
LONGEST_SECONDS = 180


def measure(scale: float) -> Result:  # noqa: ARG001 (a start has one size)
    show_help = [sys.executable, "-m", "focusflow", "--help"]
    helped = seconds(lambda: subprocess.run(show_help, check=True, stdout=subprocess.DEVNULL), times=7)
    with a_stack() as stack:
        begun = time.monotonic()
        ready = stack.start("--demo")
        with httpx2.Client(base_url=f"{stack.address('api')}/api/v1", timeout=30, trust_env=False) as client:
            account = {"email": EMAILS[0], "password": PASSWORD}
            token = client.post("/auth/login", json=account).raise_for_status().json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            while not has_numbers(client):
                if time.monotonic() - begun > LONGEST_SECONDS:
                    raise TimeoutError("The demo shows no numbers.")
                time.sleep(0.1)
        taken = time.monotonic() - begun
    return Result(
        "P14",
        "`focusflow up --demo` in an empty home → numbers and scores of its user",
        taken,
        GOAL_SECONDS,
        "s",
        more_is_better=False,
        detail={"ready": f"{ready:.1f} s", "--help": f"{percentile(helped, 50):.2f} s (goal {GOAL_HELP_SECONDS})"},
    )


def has_numbers(client: httpx2.Client) -> bool:
    paths = ("/analytics/productivity", "/scores?limit=1")
    return all(client.get(path).raise_for_status().json()["items"] for path in paths)
