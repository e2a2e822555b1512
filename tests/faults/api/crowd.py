"""Many clients at once on real connections, who note what they were promised."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from uuid import uuid4

import orjson

ANSWER_SECONDS = 30
TRIES = 60
#: The database is away, or a user's other requests wait for it and hold all the slots of that user.
REFUSALS = (429, 503)


@dataclass
class Journal:
    """What was answered: tasks that a 201 named, how often each status came, and when refusals did."""

    created: dict[str, str] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    gaps: list[float] = field(default_factory=list)
    without_advice: int = 0
    given_up: int = 0
    slowest: float = 0


def crowd(port: int, tokens: list[str], *, clients: int, seconds: float) -> Journal:
    """So many clients that write and read for so long. A refusal is tried again, with the same key."""
    return asyncio.run(_crowd(port, tokens, clients, seconds))


async def _crowd(port: int, tokens: list[str], clients: int, seconds: float) -> Journal:
    journal, end = Journal(), time.monotonic() + seconds
    await asyncio.gather(*(_client(port, tokens[n % len(tokens)], n, end, journal) for n in range(clients)))
    return journal


async def _client(port: int, token: str, number: int, end: float, journal: Journal) -> None:
    chance = random.Random(number)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    mine: list[str] = []
    while time.monotonic() < end:
        kind = chance.choices(["create", "list", "scores", "change", "read"], [4, 2, 1, 2, 2])[0]
        if kind == "create" or not mine:
            title = uuid4().hex
            answer = await _insist(
                reader, writer, _request("POST", "/tasks", token, {"title": title}, key=title), journal
            )
            if answer is not None:
                task = orjson.loads(answer)["id"]
                journal.created[task] = title
                mine.append(task)
        elif kind == "change":
            path = f"/tasks/{chance.choice(mine)}"
            await _insist(reader, writer, _request("PATCH", path, token, {"notes": uuid4().hex}), journal)
        else:
            path = {"list": "/tasks?limit=20", "scores": "/scores?limit=5", "read": f"/tasks/{chance.choice(mine)}"}[
                kind
            ]
            await _insist(reader, writer, _request("GET", path, token), journal)
    writer.close()


def _request(method: str, path: str, token: str, body: object = None, key: str = "") -> bytes:
    content = b"" if body is None else orjson.dumps(body)
    lines = [f"{method} /api/v1{path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}"]
    lines += [f"Idempotency-Key: {key}"] if key else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode() + content


async def _insist(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, journal: Journal
) -> bytes | None:
    """The body of a good answer; after many refusals none."""
    for _ in range(TRIES):
        begun = time.monotonic()
        writer.write(request)
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_SECONDS)).decode("latin-1").lower()
        headers = dict(line.partition(": ")[::2] for line in head.splitlines()[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
        status = int(head.split(" ", 2)[1])
        journal.statuses[status] = journal.statuses.get(status, 0) + 1
        journal.slowest = max(journal.slowest, time.monotonic() - begun)
        if status < 300:
            return body
        if status not in REFUSALS:
            return None
        journal.gaps.append(time.monotonic())
        journal.without_advice += "retry-after" not in headers
        await asyncio.sleep(0.25)
    journal.given_up += 1
    return None
