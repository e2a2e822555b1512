"""`python -m benchmarks.sign_in_timing [PAIRS]`: whether the time of a refused sign-in tells known from unknown addresses.

Sign-ins with a wrong password alternate between an address that has an account and one that has none, in random order within each pair, one
at a time. Each comes from a network of its own, so that none is delayed. Printed is the mean difference of the pairs with its 95 % interval,
and their median.
"""

import asyncio
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address
from pathlib import Path

from benchmarks.http import BUCKETS, PASSWORD, free_port, listening, request
from focusflow import forwarding
from focusflow.database.embedded import embedded_server
from focusflow.database.migrate import prepare
from focusflow.identity import new_id

PAIRS = 1_000
WARM_UP = 20
#: Of a trusted proxy. It tells the API another address each time.
FIRST_ADDRESS = IPv4Address("10.0.0.1")
SECRET_KEY = "kq7vN2xR9mW4tB8zL5cJ1hF6dG3sY0pA"  # noqa: S105 (of a database that lives for a minute)


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    with served() as port:
        differences, known = asyncio.run(_measure(port, pairs))
    mean, error = statistics.fmean(differences), statistics.stdev(differences) / math.sqrt(len(differences))
    low, high = mean - 1.96 * error, mean + 1.96 * error
    print(f"{2 * pairs} sign-ins, {statistics.median(known):.2f} ms at the median for an address with an account")
    print(f"known minus unknown: {mean:+.3f} ms on average (95 % interval {low:+.3f} to {high:+.3f})")
    print(f"median of the differences: {statistics.median(differences):+.3f} ms")


@contextmanager
def served() -> Iterator[int]:
    """The API in a home of its own, as one process."""
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder, ExitStack() as running:
        Path(folder).chmod(0o711)
        server = running.enter_context(embedded_server(Path(folder)))
        prepare(server.url, BUCKETS)
        environment = {
            "PATH": "/usr/bin:/bin",
            "FOCUSFLOW_HOME": folder,
            "FOCUSFLOW_SECRET_KEY": SECRET_KEY,
            "BENCHMARK_DATABASE": server.url,
            "FOCUSFLOW_LOG_LEVEL": "WARNING",
        }
        port = free_port()
        arguments = [
            "--factory",
            "benchmarks.servers:ours",
            "--port",
            str(port),
            "--log-level",
            "warning",
            "--no-access-log",
        ]
        running.enter_context(listening(port, environment, "uvicorn", *arguments))
        yield port


async def _measure(port: int, pairs: int) -> tuple[list[float], list[float]]:
    """For each pair the difference in ms; and how long the known address took."""
    known, networks = f"{new_id().hex}@example.com", iter(range(4 * (pairs + WARM_UP)))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def taken(path: str, body: dict[str, str]) -> float:
        signed = forwarding.signed(SECRET_KEY, str(FIRST_ADDRESS + next(networks)))
        message = request("POST", f"/api/v1/auth/{path}", body=body, **{forwarding.HEADER: signed})
        begun = time.perf_counter()
        writer.write(message)
        head = await reader.readuntil(b"\r\n\r\n")
        duration = (time.perf_counter() - begun) * 1000
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        answer = await reader.readexactly(length)
        if head[9:12] not in (b"401", b"202"):
            raise RuntimeError(f"answered {head[9:12]!r}: {answer[:200]!r}")
        return duration

    await taken("register", {"email": known, "password": PASSWORD, "display_name": "Ada"})
    dice, differences, times = random.Random(1), [], []
    for number in range(pairs + WARM_UP):
        emails = [known, f"{new_id().hex}@example.com"]
        dice.shuffle(emails)
        pair = {
            email == known: await taken("login", {"email": email, "password": "not the password"}) for email in emails
        }
        if number >= WARM_UP:
            differences.append(pair[True] - pair[False])
            times.append(pair[True])
    writer.close()
    return differences, times


if __name__ == "__main__":
    main()
