"""P16: fifty users with the dashboard open, who all press something at the same moment. Browsers are not in it; all servers are, on this machine."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from benchmarks.http import free_port, listening
from benchmarks.result import Result, percentile
from ingestion.demo import PASSWORD
from ingestion.demo.personas import personas

PEOPLE, ROUNDS, RUN_SECONDS = 50, 3, 120
PAGES = ("", "overview", "tasks", "goals", "habits", "time", "insights")
ERRANDS = (("land", "--once"), ("refresh",))
RANGE = "range=90+days"
GOAL_SECONDS, GOAL_MEDIAN = 2, 0.7


def measure(scale: float) -> Result:
    users = max(int(PEOPLE * scale), 5)
    with crowded(users) as port:
        first, again = asyncio.run(_visited(port, users))
    pages = {page or "today": f"{percentile(taken, 50):.2f} s" for page, taken in again.items()}
    every = [each for taken in again.values() for each in taken]
    return Result(
        "P16",
        f"{users} people rerun a page of theirs at the same moment",
        percentile(every, 95),
        GOAL_SECONDS,
        "s at p95",
        more_is_better=False,
        detail={
            "median": f"{percentile(every, 50):.2f} s (goal {GOAL_MEDIAN})",
            "first visit": f"{percentile(first, 50):.2f} s",
        }
        | pages,
    )


@contextmanager
def crowded(users: int) -> Iterator[int]:
    """The port of a dashboard, with its API, over a year of days of so many users."""
    named = os.environ.get("BENCHMARK_CROWD")  # a home that has them already
    with ExitStack() as running:
        folder = named or running.enter_context(tempfile.TemporaryDirectory(prefix="focusflow-"))
        Path(folder).chmod(0o711)
        api, dashboard = free_port(), free_port()
        world = {
            **os.environ,
            "FOCUSFLOW_HOME": folder,
            "FOCUSFLOW_DEMO": "1",
            "FOCUSFLOW_API_PORT": str(api),
            "FOCUSFLOW_DASHBOARD_PORT": str(dashboard),
            "FOCUSFLOW_LOG_LEVEL": "WARNING",
        }
        for arguments in () if named else (("demo", "--users", str(users)), *ERRANDS):
            subprocess.run([sys.executable, "-m", "focusflow", *arguments], env=world, check=True, capture_output=True)
        for name, port in (("api", api), ("dashboard", dashboard)):
            running.enter_context(listening(port, world, "focusflow", name))
        yield dashboard


async def _visited(port: int, users: int) -> tuple[list[float], dict[str, list[float]]]:
    """How long a first visit takes, and each page again: in each round, all users at once."""
    pages = [await _opened(port, _cookie(port, person.email)) for person in personas(users)]

    async def all_at_once(path: str) -> list[float]:
        return await asyncio.gather(*(_rerun(page, path) for page in pages))

    first, again = await all_at_once(PAGES[0]), {}
    for path in PAGES:
        await all_at_once(path)  # what is kept by user and data is there from now on
        again[path] = [taken for _ in range(ROUNDS) for taken in await all_at_once(path)]
    await asyncio.gather(*(page.close() for page in pages))
    return first, again


async def _rerun(page: ClientConnection, path: str) -> float:
    """The seconds until the page was made."""
    asked = BackMsg()
    asked.rerun_script.query_string = RANGE
    asked.rerun_script.page_name = path
    begun = time.perf_counter()
    await page.send(asked.SerializeToString())
    async with asyncio.timeout(RUN_SECONDS):
        while True:
            message = await page.recv(decode=False)
            assert b"could not be made" not in message
            told = ForwardMsg.FromString(message)
            if told.WhichOneof("type") == "script_finished":
                assert told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
                return time.perf_counter() - begun


def _cookie(port: int, email: str) -> str:
    asked = HTTPConnection("127.0.0.1", port)
    form = urlencode({"email": email, "password": PASSWORD})
    asked.request("POST", "/signin", form, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = asked.getresponse()
    if answer.status != 303:
        raise RuntimeError(f"{email} cannot sign in: {answer.status}")
    return answer.headers["set-cookie"].partition(";")[0]


async def _opened(port: int, cookie: str) -> ClientConnection:
    return await connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        additional_headers={"Cookie": cookie},
        origin=Origin(f"http://127.0.0.1:{port}"),
        max_size=None,
        ping_interval=None,
        subprotocols=[Subprotocol("streamlit")],
    )
