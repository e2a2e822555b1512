"""The served description holds: requests made from it, thousands in a full run, get no answer that it does not name."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sizes import SEED, sized

CONFIG = Path(__file__).with_name("schemathesis.toml")

#: Of each operation, beside those that are made by rule.
EXAMPLES = sized(3, 100)

#: In the phase of coverage, each limit of each field is tried, which makes most of the requests.
PHASES = sized("examples,fuzzing,stateful", "examples,coverage,fuzzing,stateful")

#: These would end the sign-in that the run is made with, or count as guessing. They have tests of their own.
LEFT_OUT = (
    r"/auth/(logout|sessions|change-password|register|login|forgot-password|reset-password|verify-email)|^/api/v1/me$"
)


@pytest.mark.timeout(1600)
def test_no_request_made_from_the_description_gets_an_answer_beyond_it(address, database, me, tmp_path):
    with database.owner() as connection:
        connection.execute("update users set role = 'admin' where id = %s", [me.id])
    command: list[str] = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(CONFIG),
        "run",
        f"{address}/openapi.json",
    ]
    options: list[str] = [
        "--header",
        f"Authorization: Bearer {me.access_token}",
        "--checks",
        "all",
        "--max-examples",
        str(EXAMPLES),
        "--phases",
        PHASES,
        "--seed",
        str(SEED + 7),
    ]
    done = subprocess.run(
        [*command, *options, "--exclude-path-regex", LEFT_OUT, "--no-color", "--suppress-health-check", "all"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Test cases:" in done.stdout
