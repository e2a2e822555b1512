"""One hostile user beside fifty others: `python -m tests.faults.noisy_neighbor`. It prints what the others get, without and beside them.

The hostile user sends rules that are expensive to follow, searches that find nothing, bodies of 10 MB, reminders to an address that refuses
them, and time zones without end, from a process of its own. Phases without and with it take turns. The exit code is 0 only if latency, age of
the numbers and emails stay within twice those of the quiet phases, by the median of all rounds, and everything of the others arrives.
"""

import argparse
import itertools
import json
import multiprocessing
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from email.message import EmailMessage
from multiprocessing.synchronize import Event
from typing import Any

import httpx2
import psutil

from focusflow import clock
from tests.e2e.conftest import Stack, a_stack, until
from tests.faults.chaos import DRAIN_SECONDS, ZONES, User, differences, query, victims
from tests.mailserver import Post, served

CONNECTIONS = 16
WORST_RATIO = 2.0
REMINDERS = 300
MAIL_SECONDS = 180
RULES = (
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYEASTER=0", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", "FREQ=DAILY;BYSETPOS=366",
    "FREQ=YEARLY;INTERVAL=400;BYMONTH=2;BYMONTHDAY=29", "FREQ=DAILY;COUNT=999999", "FREQ=MONTHLY;BYMONTHDAY=" + ",".join(["31"] * 5000),
)  # fmt: skip


class Hostile:
    """Sixteen connections of one account that send whatever costs most."""

    def __init__(self, user: User, address: str) -> None:
        self.user, self.address = user, address
        self.answers: Counter[int] = Counter()

    def prepare(self) -> None:
        self.user.request("PATCH", "/preferences", {"notifications": {"task_reminder": BY_EMAIL}})
        for number in range(60):
            begin = {"start_at": "1970-01-01T09:00:00Z", "end_at": "1970-01-01T09:30:00Z", "rrule": "FREQ=DAILY"}
            self.user.request("POST", "/calendar", {"title": f"Series {number}", **begin})
        for number in range(300):
            self.user.request("POST", "/tasks", {"title": f"{number} " + "lorem ipsum dolor " * 25})
        soon = (clock.now() + timedelta(seconds=20)).isoformat()
        for number in range(REMINDERS):
            self.user.request("POST", "/notifications", {"title": f"unsendable {number}", "scheduled_at": soon})

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """In a process of its own, so that its work is not taken from those who measure."""
        context = multiprocessing.get_context("spawn")
        stop, answers = context.Event(), context.SimpleQueue()
        process = context.Process(target=send_all, args=(self.user.token, self.address, stop, answers), daemon=True)
        process.start()
        try:
            yield
        finally:
            stop.set()
            self.answers.update(answers.get())
            process.join(30)


def send_all(token: str, address: str, stop: Event, answers: Any) -> None:
    found: Counter[int] = Counter()
    large = json.dumps({"title": "y", "notes": "z" * 10_000_000}).encode()

    def send(first: int) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with httpx2.Client(base_url=f"{address}/api/v1", timeout=10, trust_env=False, headers=headers) as client:
            for turn in itertools.count(first):
                if stop.is_set():
                    return
                method, url, body = hostile_request(turn, large)
                try:
                    found[client.request(method, url, content=body).status_code] += 1
                except httpx2.HTTPError:
                    found[0] += 1

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(send, range(CONNECTIONS)))
    answers.put(found)


def hostile_request(turn: int, large: bytes) -> tuple[str, str, bytes | None]:
    soon = (clock.now() + timedelta(minutes=1)).isoformat()
    requests: list[tuple[str, str, Any]] = [
        ("POST", "/tasks", {"title": "x", "due_date": "2026-12-01", "recurrence": RULES[turn // 8 % len(RULES)]}),
        ("GET", "/tasks/search?q=zzzzqqqq%20xxxxyyyy", None),
        ("GET", "/calendar?since=2026-11-01&until=2027-01-31", None),
        ("GET", "/tasks?limit=200", None),
        ("POST", "/tasks", large),
        ("POST", "/notifications", {"title": "unsendable", "scheduled_at": soon}),
        ("PATCH", "/me", {"timezone": ZONES[turn // 8 % len(ZONES)]}),
        ("GET", "/scores?limit=100", None),
    ]
    method, url, body = requests[turn % len(requests)]
    return method, url, json.dumps(body).encode() if isinstance(body, dict) else body


BY_EMAIL = {"is_enabled": True, "channels": ["email"]}


class Mailbox(Post):
    """Notes when each reminder came, by its title, and refuses those of the hostile user for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.came: dict[str, datetime] = {}
        self.on_text = self._note

    def _note(self) -> None:
        mail: EmailMessage = self.taken[-1]
        self.came.setdefault(str(mail["Subject"]), clock.now())


@dataclass
class Figures:
    """What the others got in one phase; the seconds of processors are those of the whole platform."""

    median_ms: float
    p95_ms: float
    to_gold_s: float
    worst_mail_s: float
    requests: float
    cpu_s: float


def phase(stack: Stack, users: list[User], mailbox: Mailbox, seconds: float, name: str) -> Figures:
    """For so many seconds, and until what was due in them has arrived. The last of the users does nothing else."""
    *users, probe = users
    due = clock.now() + timedelta(seconds=seconds / 2)
    for user in users:
        title = f"{name} {user.email}"
        user.request("POST", "/notifications", {"title": title, "scheduled_at": due.isoformat()})
        user.latencies.clear()
    before, begun = cpu_seconds(stack), time.monotonic()
    time.sleep(seconds)
    latencies = [each * 1000 for user in users for each in list(user.latencies)]
    used = (cpu_seconds(stack) - before) / (time.monotonic() - begun)
    age = freshness(stack, probe)
    expected = {f"{name} {user.email}" for user in users}
    until(
        lambda: expected <= {each for each in map(subject_of(expected), list(mailbox.came)) if each},
        MAIL_SECONDS,
        f"{name}: all reminders",
    )
    late = max(
        (at - due).total_seconds() for subject, at in list(mailbox.came.items()) if subject_of(expected)(subject)
    )
    return Figures(
        statistics.median(latencies),
        statistics.quantiles(latencies, n=20)[-1],
        age,
        late,
        len(latencies) / seconds,
        used,
    )


def subject_of(expected: set[str]) -> Any:
    return lambda subject: next((each for each in expected if each in subject), None)


def cpu_seconds(stack: Stack) -> float:
    total = 0.0
    for process in victims(stack).values():
        for each in [process, *process.children(recursive=True)]:
            try:
                times = each.cpu_times()
            except psutil.Error:
                continue
            total += times.user + times.system
    return total


def freshness(stack: Stack, user: User) -> float:
    """Seconds from an acknowledged task to its row in gold."""
    before, begun = _created(stack, user), time.monotonic()
    user.request("POST", "/tasks", {"title": "Fresh"})
    while _created(stack, user) <= before:
        assert time.monotonic() - begun < DRAIN_SECONDS, "no row in gold"
        time.sleep(0.5)
    return time.monotonic() - begun


def _created(stack: Stack, user: User) -> int:
    rows = query(
        stack,
        f"select coalesce(sum(tasks_created), 0) as n from gold.productivity_daily where user_id = '{user.user_id}'",
    )
    return int(rows[0]["n"])


def report(rounds: list[tuple[Figures, Figures]], hostile: Hostile, wrong: list[str]) -> bool:
    """Whether the hostile user did not matter."""
    names = [each.name for each in fields(Figures)]
    print(f"{'':<8}" + "".join(f"{name:>14}" for name in names))
    for number, (quiet, noisy) in enumerate(rounds, 1):
        for label, figures in ((f"quiet {number}", quiet), (f"noisy {number}", noisy)):
            print(f"{label:<8}" + "".join(f"{getattr(figures, name):>14.1f}" for name in names))
    ratios = {
        name: statistics.median(getattr(noisy, name) / getattr(quiet, name) for quiet, noisy in rounds)
        for name in names
    }
    print(f"{'ratio':<8}" + "".join(f"{ratios[name]:>14.2f}" for name in names))
    print("answers to the hostile user:", dict(sorted(hostile.answers.items())))
    for difference in wrong[:20]:
        print("FAILED:", difference)
    return not wrong and all(
        ratios[name] <= WORST_RATIO for name in ("median_ms", "p95_ms", "to_gold_s", "worst_mail_s")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30, help="length of each phase")
    parser.add_argument("--rounds", type=int, default=3, help="of one phase without and one with the hostile user")
    given = parser.parse_args()
    mailbox = Mailbox()
    with a_stack() as stack, served(mailbox) as port:
        mail = {"HOST": "127.0.0.1", "PORT": str(port), "SECURITY": "none"}
        stack.environment |= {f"FOCUSFLOW_SMTP_{name}": value for name, value in mail.items()}
        stack.environment["FOCUSFLOW_VERIFY_EMAIL"] = "false"
        stack.start()
        stop, address = threading.Event(), stack.address("api")
        users = [User(number, address, stop, seed=1) for number in range(given.users + 2)]
        for user in users:
            user.register()
            user.request("PATCH", "/preferences", {"notifications": {"task_reminder": BY_EMAIL}})
        *others, probe, bad = users
        mailbox.for_address[bad.email] = "451 4.2.2 try again later"
        hostile, rounds = Hostile(bad, address), list[tuple[Figures, Figures]]()
        hostile.prepare()
        for user in others:
            user.start()
        for number in range(1, given.rounds + 1):
            quiet = phase(stack, [*others, probe], mailbox, given.seconds, f"quiet {number}")
            print("quiet", quiet, flush=True)
            with hostile.at_work():
                noisy = phase(stack, [*others, probe], mailbox, given.seconds, f"noisy {number}")
            print("noisy", noisy, flush=True)
            rounds.append((quiet, noisy))
        stop.set()
        for user in others:
            user.join(DRAIN_SECONDS)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (wrong := differences(stack, others)) and time.monotonic() < deadline:
            time.sleep(2)
        failures = [each.sentence for each in wrong] + [failure for user in others for failure in user.failures]
    return 0 if report(rounds, hostile, failures) else 1


if __name__ == "__main__":
    sys.exit(main())
