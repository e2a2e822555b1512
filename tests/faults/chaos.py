"""Random kills and hangs over every process of `focusflow up`, while users work: `python -m tests.faults.chaos --kills 300 --hangs 8 [--kafka]`.

An own ledger keeps what the API acknowledged. In the end it is compared with the API, raw, silver and gold per local day, and the recovery
time of each service is printed. The exit code is 0 only if nothing was lost or doubled and nobody had to help; with `--strict`, also only if
each service recovered within its goal, by the median of its kills.
"""

import argparse
import json
import random
import re
import statistics
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
import psutil

from focusflow import clock
from focusflow.lake.tables import RAW_EVENTS, Lake, duckdb_connection, show
from tests.e2e.conftest import Stack, a_stack, until

ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin")
PASSWORD = "correct-horse-battery-staple"
RECOVERY_SECONDS = 120
DRAIN_SECONDS = 300
GOAL_SECONDS = 10
HANG_SECONDS = (20, 60)
ACTIONS = ("create", "create", "create", "complete", "complete", "reopen", "log_time", "log_habit")


@dataclass
class DeliveryLog:
    """What one user's app was told: the local days of creations and completions, and which tasks are completed.

    A completion counts for its day unless the task is reopened on the same day.
    """

    zone: ZoneInfo
    created: Counter[str] = field(default_factory=Counter)
    tasks: dict[str, bool] = field(default_factory=dict)  # whether it is completed
    completions: set[tuple[str, str]] = field(default_factory=set)  # of a task, on a day
    entries: set[str] = field(default_factory=set)
    habit_days: set[str] = field(default_factory=set)
    requests: int = 0

    def day(self, moment: str) -> str:
        return datetime.fromisoformat(moment).astimezone(self.zone).date().isoformat()

    def completed(self) -> Counter[str]:
        return Counter(day for _, day in self.completions)


class User(threading.Thread):
    """One app that writes all the while. It repeats a request with the same key until it is answered."""

    def __init__(self, number: int, address: str, stop: threading.Event, seed: int) -> None:
        super().__init__(name=f"user-{number}", daemon=True)
        self.zone = ZONES[number % len(ZONES)]
        self.email = f"user-{number}@example.com"
        self.ledger = DeliveryLog(ZoneInfo(self.zone))
        self.failures: list[str] = []
        self.latencies: list[float] = []
        self._halt, self._dice = stop, random.Random(f"{seed}-{number}")
        network = {"X-Forwarded-For": f"198.51.100.{number + 1}"}  # sign-ups are limited by network
        self._client = httpx2.Client(base_url=f"{address}/api/v1", timeout=10, trust_env=False, headers=network)
        self.token = ""
        self.user_id = ""
        self._habit = ""

    def register(self) -> None:
        body = {"email": self.email, "password": PASSWORD, "display_name": "Chaos", "timezone": self.zone}
        self._client.post("/auth/register", json=body).raise_for_status()
        self._sign_in()
        self.user_id = self.request("GET", "/me")["id"]
        self._habit = self.request("POST", "/habits", {"title": "Walk", "frequency": "daily"})["id"]

    def _sign_in(self) -> None:
        answer = self._client.post("/auth/login", json={"email": self.email, "password": PASSWORD})
        answer.raise_for_status()
        self.token = answer.json()["access_token"]

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer, however often it takes. Only an answer that blames the request ends it."""
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                begun = time.monotonic()
                answer = self._client.request(
                    method, path, json=body, headers={**headers, "Authorization": f"Bearer {self.token}"}
                )
                self.ledger.requests += 1
                self.latencies.append(time.monotonic() - begun)
                if answer.status_code == 401:
                    self._sign_in()
                elif answer.status_code < 400:
                    return answer.json() if answer.content else None
                elif answer.status_code < 500 and answer.status_code not in (409, 429):
                    raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            except httpx2.HTTPError:
                pass
            assert time.monotonic() < deadline, f"{method} {path}: no answer within {RECOVERY_SECONDS} s"
            time.sleep(0.2)

    def run(self) -> None:
        while not self._halt.wait(self._dice.uniform(0.05, 0.4)):
            try:
                getattr(self, f"_{self._dice.choice(ACTIONS)}")()
            except (AssertionError, KeyError) as error:
                self.failures.append(f"{self.email}: {error}")
                return

    def _create(self) -> None:
        task = self.request("POST", "/tasks", {"title": f"Task {len(self.ledger.tasks)}"})
        self.ledger.tasks[task["id"]] = False
        self.ledger.created[self.ledger.day(task["created_at"])] += 1

    def _complete(self) -> None:
        if task_id := self._any(is_done=False):
            task = self.request("POST", f"/tasks/{task_id}/complete")
            self.ledger.tasks[task_id] = True
            self.ledger.completions.add((task_id, self.ledger.day(task["completed_at"])))

    def _reopen(self) -> None:
        if task_id := self._any(is_done=True):
            task = self.request("POST", f"/tasks/{task_id}/reopen")
            self.ledger.tasks[task_id] = False
            self.ledger.completions.discard((task_id, self.ledger.day(task["updated_at"])))

    def _any(self, *, is_done: bool) -> str | None:
        found = [task_id for task_id, done in self.ledger.tasks.items() if done is is_done]
        return self._dice.choice(found) if found else None

    def _log_time(self) -> None:
        begun = clock.now() - timedelta(minutes=self._dice.randint(10, 60))
        span = {"started_at": begun.isoformat(), "ended_at": (begun + timedelta(minutes=5)).isoformat()}
        self.ledger.entries.add(self.request("POST", "/time", span)["id"])

    def _log_habit(self) -> None:
        day = clock.local_date(clock.now(), self.ledger.zone.key).isoformat()
        self.request("PUT", f"/habits/{self._habit}/logs/{day}", {"value": 1})
        self.ledger.habit_days.add(day)

    def listed(self) -> dict[str, bool]:
        """Every task that the API has, and whether it is completed."""
        found: dict[str, bool] = {}
        cursor = None
        while True:
            page = self.request("GET", "/tasks?limit=200" + (f"&cursor={cursor}" if cursor else ""))
            found |= {task["id"]: task["status"] == "completed" for task in page["items"]}
            cursor = page.get("next_cursor")
            if not cursor:
                return found


@dataclass
class Recovery:
    service: str
    seconds: float
    fault: str = "kill"


def victims(stack: Stack) -> dict[str, psutil.Process]:
    """Every process that may be killed, by the service it belongs to."""
    found = stack.children()
    found.pop("errand", None)
    with suppress(FileNotFoundError, psutil.Error, ValueError, IndexError):
        found["database"] = stack.postmaster()
    return found


def is_well(stack: Stack, service: str, before: int | None = None) -> bool:
    """Whether the service works, by another process than the one that was killed."""
    process = victims(stack).get(service)
    if process is None or process.pid == before:
        return False
    if service in ("api", "database"):
        return _answers(stack.address("api") + "/health/ready")
    if service == "dagster":
        return _answers(stack.address("dagster") + "/server_info")
    if service == "dashboard":
        return _answers(stack.address("dashboard") + "/_stcore/health")
    last = [line for line in stack.log_text().splitlines() if re.search(rf" {service}: ", line)]
    return bool(last) and last[-1].endswith("ready")


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


def kill(stack: Stack, chosen: list[tuple[str, psutil.Process]]) -> list[Recovery]:
    """Kill one process or several at the same moment, and wait until others serve in their places."""
    begun, waiting, recovered = time.monotonic(), {}, []
    for service, process in chosen:
        waiting[service] = process.pid
        process.kill()
    while waiting:
        for service in [name for name, pid in waiting.items() if is_well(stack, name, pid)]:
            recovered.append(Recovery(service, time.monotonic() - begun))
            del waiting[service]
        assert time.monotonic() - begun < RECOVERY_SECONDS, (
            f"{sorted(waiting)} did not recover\n{stack.log_text()[-2000:]}"
        )
        time.sleep(0.1)
    return recovered


def hang(stack: Stack, service: str, process: psutil.Process, seconds: float) -> Recovery:
    """Stop a process for a while, with the whole server where it is the database, and wait until the service works: by it, or by the one that
    took its place meanwhile. What counts is the time from the end of the hang.
    """
    hanging = [process, *(process.children(recursive=True) if service == "database" else ())]
    for each in hanging:
        with suppress(psutil.Error):
            each.suspend()
    time.sleep(seconds)
    for each in hanging:
        with suppress(psutil.Error):  # the supervisor has ended it
            each.resume()
    begun = time.monotonic()
    while not is_well(stack, service):
        assert time.monotonic() - begun < RECOVERY_SECONDS, f"{service} did not recover\n{stack.log_text()[-2000:]}"
        time.sleep(0.1)
    return Recovery(service, time.monotonic() - begun, "hang")


def differences(stack: Stack, users: list[User]) -> list[str]:
    """Where API, raw, silver and gold disagree with the ledgers. Empty is what it should be."""
    found: list[str] = []
    connection = duckdb_connection()
    lake = Lake(str(stack.home / "lake"))
    show(connection, [lake.open(RAW_EVENTS)])
    duplicates = connection.execute("select id from raw.events group by id having count(*) > 1").fetchall()
    found += [f"raw has {len(duplicates)} events twice"] if duplicates else []
    subjects = "json_extract_string(decode(value), '$.subject')"
    raw: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, subject, count in connection.execute(
        f"select type, {subjects}, count(*) from raw.events group by all"
    ).fetchall():
        raw[kind][subject] += count
    days: dict[tuple[str, str], tuple[int, int]] = {
        (row["user_id"], row["local_date"]): (row["tasks_created"], row["tasks_completed"])
        for row in query(
            stack,
            "select user_id::text as user_id, local_date::text as local_date, tasks_created, tasks_completed"
            " from gold.productivity_daily where tasks_created + tasks_completed > 0",
        )
    }
    silver = {
        row["subject"]: row["n"]
        for row in query(
            stack,
            "select subject::text as subject, count(*) as n from silver.events where type = 'task.created' group by all",
        )
    }
    for user in users:
        ledger = user.ledger
        listed = user.listed()
        if listed != ledger.tasks:
            found.append(
                f"{user.email}: the API has {len(listed)} tasks, {len(ledger.tasks)} were acknowledged, or their states differ"
            )
        found += [
            f"{user.email}: {task} is {raw['task.created'][task]} times in raw"
            for task in ledger.tasks
            if raw["task.created"][task] != 1
        ]
        found += [
            f"{user.email}: {task} is {silver.get(task, 0)} times in silver"
            for task in ledger.tasks
            if silver.get(task, 0) != 1
        ]
        found += [
            f"{user.email}: time entry {entry} is not once in raw"
            for entry in ledger.entries
            if sum(raw[kind][entry] for kind in raw) != 1
        ]
        completed = ledger.completed()
        wanted = {day: (ledger.created[day], completed[day]) for day in ledger.created | completed}
        gold = {day: counts for (user_id, day), counts in days.items() if user_id == user.user_id}
        if gold != wanted:
            found.append(f"{user.email}: gold says {gold}, the ledger {wanted}")
    return found


def query(stack: Stack, sql: str) -> list[dict[str, Any]]:
    answer = stack.run("sql", "--json", sql)
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def random_kills(given: argparse.Namespace, seed: int) -> bool:
    kills, hangs, has_kafka = given.kills, given.hangs, given.kafka
    dice = random.Random(seed)
    print(
        f"seed {seed}, {kills} kills, {hangs} hangs, {given.users} users, Kafka {'on' if has_kafka else 'off'}",
        flush=True,
    )
    with a_stack() as stack:
        stack.start(*(["--kafka"] if has_kafka else []))
        stop = threading.Event()
        people = [User(number, stack.address("api"), stop, seed) for number in range(given.users)]
        for user in people:
            user.register()
        for user in people:
            user.start()
        recoveries: list[Recovery] = []
        begun = time.monotonic()
        faults = ["kill"] * kills + ["hang"] * hangs
        dice.shuffle(faults)
        while faults:
            fault = faults.pop()
            time.sleep(dice.uniform(0, 2 * given.pause))
            alive = sorted(victims(stack).items(), key=lambda each: each[0])
            if fault == "hang":
                recoveries.append(hang(stack, *dice.choice(alive), dice.uniform(*HANG_SECONDS)))
                continue
            recoveries += kill(stack, dice.sample(alive, k=min(len(alive), dice.choice((1, 1, 1, 2)))))
            if len(recoveries) % 25 < 2:
                requests = sum(user.ledger.requests for user in people)
                print(f"{len(recoveries)} faults, {requests:,} requests, {time.monotonic() - begun:.0f} s", flush=True)
        stop.set()
        for user in people:
            user.join(RECOVERY_SECONDS + 30)
        failures = [failure for user in people for failure in user.failures]
        has_ended = stack.up is None or stack.up.poll() is not None
        failures += ["`focusflow up` ended by itself: " + stack.log_text()[-500:]] if has_ended else []
        if not has_ended:
            try:
                until(lambda: not differences(stack, people), DRAIN_SECONDS, "everything arrived")
            except AssertionError:
                failures += differences(stack, people)
            verdict = stack.run("verify")
            print(verdict.stdout.strip(), verdict.stderr.strip(), flush=True)
            failures += ["`focusflow verify` failed"] if verdict.returncode else []
        slow = report(recoveries, people, failures)
        return not failures and not (given.strict and slow)


def report(recoveries: list[Recovery], users: list[User], failures: list[str]) -> list[str]:
    """Print what happened. Returns the services that recover from a kill more slowly than their goal."""
    print(f"{'service':<12}{'fault':<6}{'times':>6}{'median s':>10}{'worst s':>9}  goal {GOAL_SECONDS} s")
    slow = []
    for service, fault in sorted({(each.service, each.fault) for each in recoveries}):
        seconds = [each.seconds for each in recoveries if (each.service, each.fault) == (service, fault)]
        median = statistics.median(seconds)
        slow += [service] if fault == "kill" and median > GOAL_SECONDS else []
        verdict = "missed" if median > GOAL_SECONDS else "met"
        print(f"{service:<12}{fault:<6}{len(seconds):>6}{median:>10.1f}{max(seconds):>9.1f}  {verdict}")
    tasks = sum(len(user.ledger.tasks) for user in users)
    entries = sum(len(user.ledger.entries) for user in users)
    print(
        f"acknowledged: {tasks:,} tasks, {entries:,} time entries, {sum(user.ledger.requests for user in users):,} requests"
    )
    for failure in failures[:20]:
        print("FAILED:", failure)
    print("nothing lost, nothing doubled, nobody had to help" if not failures else f"{len(failures)} differences")
    return slow


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--hangs", type=int, default=0, help="stop a process for 20 to 60 seconds, so many times")
    parser.add_argument(
        "--strict", action="store_true", help=f"fail if a service takes more than {GOAL_SECONDS} s to recover"
    )
    parser.add_argument("--users", type=int, default=6)
    parser.add_argument(
        "--pause", type=float, default=1.0, help="seconds between kills, on average, after everything is well again"
    )
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--kafka", action="store_true", help="send the events through an own Kafka broker")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    return 0 if random_kills(given, seed) else 1


if __name__ == "__main__":
    sys.exit(main())
