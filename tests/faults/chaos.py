"""Random kills, hangs and clock jumps over every process of `focusflow up`, while users work: `python -m tests.faults.chaos --kills 300
--hangs 8 --clock-jumps 10 [--kafka]`.

An own ledger keeps what the API acknowledged. In the end it is compared with the API, raw, silver and gold per local day, and the recovery
time of each service is printed. The exit code is 0 only if nothing was lost or doubled and nobody had to help; with `--strict`, also only if
each service recovered within its goal, by the median of its kills.

`--mutant` runs a platform with a fault built in (tests/faults/mutants), which the comparison has to find: then the exit code is 0 if it does.
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
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
import psutil

from focusflow import clock
from focusflow.lake.tables import RAW_EVENTS, Lake, duckdb_connection, show
from ingestion.kafka.local_broker.server import LocalBroker
from tests.e2e.conftest import Stack, a_stack, until

ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin")
PASSWORD = "correct-horse-battery-staple"
RECOVERY_SECONDS = 120
DRAIN_SECONDS = 300
GOAL_SECONDS = 10
HANG_SECONDS = (20, 60)
CLOCK_SECONDS = 3600
MUTANTS = Path(__file__).with_name("mutants")
ACTIONS = ("create", "create", "create", "complete", "complete", "reopen", "log_time", "log_habit")


@dataclass
class DeliveryLog:
    """What one user's app was told: the local days of creations and completions, and which tasks are completed.

    A completion counts for its day unless the task is reopened on the same day.
    """

    zone: ZoneInfo
    created: Counter[str] = field(default_factory=Counter)
    tasks: dict[str, bool] = field(default_factory=dict)  # whether it is completed
    created_at: dict[str, datetime] = field(default_factory=dict)
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
        self.ledger.created_at[task["id"]] = datetime.fromisoformat(task["created_at"])
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
        begun = clock.now() - timedelta(minutes=self._dice.randint(70, 180))  # past, also where the clock is moved
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


@dataclass
class Difference:
    sentence: str
    lost: int = 0
    doubled: int = 0


@dataclass
class Outcome:
    """What a run did, and what was wrong in the end."""

    recoveries: list[Recovery] = field(default_factory=list)
    failures: list[Difference] = field(default_factory=list)


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


def differences(stack: Stack, users: list[User]) -> list[Difference]:
    """Where API, raw, silver and gold disagree with the ledgers. Empty is what it should be."""
    found: list[Difference] = []
    connection = duckdb_connection()
    lake = Lake(str(stack.home / "lake"))
    show(connection, [lake.open(RAW_EVENTS)])
    duplicates = connection.execute("select id from raw.events group by id having count(*) > 1").fetchall()
    if duplicates:
        found.append(Difference(f"raw has {len(duplicates)} events twice", doubled=len(duplicates)))
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
            sentence = f"the API has {len(listed)} tasks, {len(ledger.tasks)} were acknowledged, or their states differ"
            missing, unknown = ledger.tasks.keys() - listed.keys(), listed.keys() - ledger.tasks.keys()
            found.append(Difference(f"{user.email}: {sentence}", lost=len(missing), doubled=len(unknown)))
        found += once(f"{user.email}: task", "raw", {task: raw["task.created"][task] for task in ledger.tasks})
        found += once(f"{user.email}: task", "silver", {task: silver.get(task, 0) for task in ledger.tasks})
        entries = {entry: sum(raw[kind][entry] for kind in raw) for entry in ledger.entries}
        found += once(f"{user.email}: time entry", "raw", entries)
        completed = ledger.completed()
        wanted = {day: (ledger.created[day], completed[day]) for day in ledger.created | completed}
        gold = {day: counts for (user_id, day), counts in days.items() if user_id == user.user_id}
        if gold != wanted:
            found.append(Difference(f"{user.email}: gold says {gold}, the ledger {wanted}"))
    return found


def once(what: str, where: str, counts: Mapping[str, int]) -> list[Difference]:
    """What is not there exactly once."""
    return [
        Difference(f"{what} {key} is {count} times in {where}", lost=int(count == 0), doubled=max(count - 1, 0))
        for key, count in counts.items()
        if count != 1
    ]


def query(stack: Stack, sql: str) -> list[dict[str, Any]]:
    answer = stack.run("sql", "--json", sql)
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def random_kills(given: argparse.Namespace, seed: int) -> Outcome:
    dice, outcome = random.Random(seed), Outcome()
    faults = ["kill"] * given.kills + ["hang"] * given.hangs + ["clock"] * given.clock_jumps
    dice.shuffle(faults)
    counts = ", ".join(f"{count} x {fault}" for fault, count in sorted(Counter(faults).items()))
    print(f"seed {seed}, {counts}, {given.users} users, Kafka {'on' if given.kafka else 'off'}", flush=True)
    with ExitStack() as resources:
        stack = resources.enter_context(a_stack())
        if given.clock_jumps:
            stack.environment |= moved_clock(stack.folder / "clock")
        if given.clock_jumps and given.kafka:
            stack.environment |= resources.enter_context(elsewhere(stack.folder / "broker"))
        if given.mutant:
            stack.environment |= {"PYTHONPATH": str(MUTANTS), "FOCUSFLOW_MUTANT": given.mutant}
        stack.start(*(["--kafka"] if given.kafka and not given.clock_jumps else []))
        stop = threading.Event()
        users = [User(number, stack.address("api"), stop, seed) for number in range(given.users)]
        for user in users:
            user.register()
        for user in users:
            user.start()
        begun, limit = time.monotonic(), 60 * given.minutes
        while faults and time.monotonic() - begun < limit:
            time.sleep(dice.uniform(0, 2 * given.pause))
            outcome.recoveries += strike(stack, faults.pop(), dice, given.only)
            if len(outcome.recoveries) % 25 < 2:
                requests = sum(user.ledger.requests for user in users)
                seconds = time.monotonic() - begun
                print(f"{len(outcome.recoveries)} faults, {requests:,} requests, {seconds:.0f} s", flush=True)
        stop.set()
        for user in users:
            user.join(RECOVERY_SECONDS + 30)
        outcome.failures += [Difference(failure) for user in users for failure in user.failures]
        if stack.up is None or stack.up.poll() is not None:
            outcome.failures.append(Difference("`focusflow up` ended by itself: " + stack.log_text()[-500:]))
        else:
            outcome.failures += remaining_differences(stack, users, 60 if given.mutant else DRAIN_SECONDS)
    report(outcome, users)
    return outcome


def strike(stack: Stack, fault: str, dice: random.Random, only: str | None) -> list[Recovery]:
    """One fault, and how long the services that it hit took to work again."""
    alive = sorted((each for each in victims(stack).items() if only in (None, each[0])), key=lambda each: each[0])
    assert alive, f"there is no service {only}"
    if fault == "clock":
        return jump(stack, dice.choice((-1, 1)) * dice.uniform(60, CLOCK_SECONDS))
    if fault == "hang":
        return [hang(stack, *dice.choice(alive), dice.uniform(*HANG_SECONDS))]
    return kill(stack, dice.sample(alive, k=min(len(alive), dice.choice((1, 1, 1, 2)))))


def remaining_differences(stack: Stack, users: list[User], seconds: float) -> list[Difference]:
    """What still differs when everything has had the time to arrive."""
    found: list[Difference] = []
    try:
        until(lambda: not differences(stack, users), seconds, "everything arrived")
    except AssertionError:
        found += differences(stack, users)
    verdict = stack.run("verify")
    print(verdict.stdout.strip(), verdict.stderr.strip(), flush=True)
    return found + ([Difference("`focusflow verify` failed")] if verdict.returncode else [])


def moved_clock(file: Path) -> dict[str, str]:
    """The environment of processes whose wall clock is off by what the file says. Their monotonic clocks are right: no clock jump moves those."""
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    if library is None:
        raise SystemExit("Clock jumps need libfaketime: apt-get install faketime.")
    file.write_text("+0\n", encoding="utf-8")
    file.chmod(0o644)  # as root, PostgreSQL runs as another account
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DISABLE_SHM": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(Path(__file__).parents[1] / "dates"),
    }


@contextmanager
def elsewhere(folder: Path) -> Iterator[dict[str, str]]:
    """A broker under the true clock, as one on another machine: Kafka does not start under a clock that libfaketime moves."""
    broker = LocalBroker(folder)
    broker.start()
    try:
        yield {"KAFKA_BOOTSTRAP_SERVERS": broker.address}
    finally:
        broker.stop()


def jump(stack: Stack, seconds: float) -> list[Recovery]:
    """Move the clock of all processes at once, by seconds from the true time, and wait until they work."""
    file = Path(stack.environment["FAKETIME_TIMESTAMP_FILE"])
    draft = file.with_name("clock.new")
    draft.write_text(f"{seconds:+.0f}\n", encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(file)
    begun, waiting = time.monotonic(), set(victims(stack))
    while not _is_off_by(stack, seconds) or (waiting := {each for each in waiting if not is_well(stack, each)}):
        assert time.monotonic() - begun < RECOVERY_SECONDS, f"{waiting} did not recover\n{stack.log_text()[-2000:]}"
        time.sleep(0.1)
    return [Recovery("all", time.monotonic() - begun, "clock")]


def _is_off_by(stack: Stack, seconds: float) -> bool:
    """Whether the clock of the API has moved."""
    try:
        answer = httpx2.get(stack.address("api") + "/health/live", timeout=2, trust_env=False)
    except httpx2.HTTPError:
        return False
    off = parsedate_to_datetime(answer.headers["Date"]) - clock.now()
    return abs(off.total_seconds() - seconds) < 10


def medians(recoveries: list[Recovery]) -> dict[tuple[str, str], tuple[int, float, float]]:
    """By service and fault: how often, and the median and the longest recovery."""
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in recoveries:
        seconds[each.service, each.fault].append(each.seconds)
    return {key: (len(each), statistics.median(each), max(each)) for key, each in sorted(seconds.items())}


def slow_services(recoveries: list[Recovery]) -> list[str]:
    """Those that recover from a kill more slowly than their goal."""
    return [
        service
        for (service, fault), (_, median, _) in medians(recoveries).items()
        if fault == "kill" and median > GOAL_SECONDS
    ]


def report(outcome: Outcome, users: list[User]) -> None:
    print(f"{'service':<12}{'fault':<6}{'times':>6}{'median s':>10}{'worst s':>9}  goal {GOAL_SECONDS} s")
    for (service, fault), (times, median, worst) in medians(outcome.recoveries).items():
        verdict = "missed" if median > GOAL_SECONDS else "met"
        print(f"{service:<12}{fault:<6}{times:>6}{median:>10.1f}{worst:>9.1f}  {verdict}")
    tasks = sum(len(user.ledger.tasks) for user in users)
    entries = sum(len(user.ledger.entries) for user in users)
    print(
        f"acknowledged: {tasks:,} tasks, {entries:,} time entries, {sum(user.ledger.requests for user in users):,} requests"
    )
    for failure in outcome.failures[:20]:
        print("DIFFERS:", failure.sentence)
    differ = len(outcome.failures)
    print(f"{differ} differences" if differ else "nothing lost, nothing doubled, nobody had to help")


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--hangs", type=int, default=0, help="stop a process for 20 to 60 seconds, so many times")
    parser.add_argument("--clock-jumps", type=int, default=0, help="move all clocks by up to an hour, so many times")
    parser.add_argument("--minutes", type=float, default=600, help="begin no fault after so many minutes")
    parser.add_argument("--only", help="kill and stop this service only: land, api, dagster, …")
    parser.add_argument("--mutant", choices=["positions_first"], help="a fault to find")
    parser.add_argument(
        "--strict", action="store_true", help=f"fail if a service takes more than {GOAL_SECONDS} s to recover"
    )
    parser.add_argument("--users", type=int, default=6)
    parser.add_argument(
        "--pause", type=float, default=1.0, help="seconds between kills, on average, after everything is well again"
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--kafka", action="store_true", help="send the events through an own Kafka broker")
    return parser


def main() -> int:
    given = options().parse_args()
    outcome = random_kills(given, given.seed)
    if given.mutant:
        print(f"the mutant {given.mutant} was {'found' if outcome.failures else 'NOT found'}")
        return 0 if outcome.failures else 1
    return 1 if outcome.failures or (given.strict and slow_services(outcome.recoveries)) else 0


if __name__ == "__main__":
    sys.exit(main())
