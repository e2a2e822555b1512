"""Supervises processes: starts them, checks readiness, restarts those that end or hang, and stops them in order.

Nothing here blocks: threads query the servers, and a `tick` collects their answers.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from cli import lifeline
from cli.exit_codes import PERMANENT
from cli.supervisor.child import Child, Identity
from cli.supervisor.health import answers, responds
from cli.supervisor.logs import Log
from focusflow import heartbeat
from focusflow.errors import SetupProblem

LOG_TAIL_LINES = 5


class State(StrEnum):
    STARTING = "starting"
    READY = "ready"
    WAITING = "runs, and is not ready"
    ENDED = "ended"
    SILENT = "does not respond, is ended"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Part:
    """What to run. `health` answers 200 once it is ready; `liveness` answers anything as long as the process itself is well.

    A part with a heartbeat is ready once its loops have done their work; without an address, it lives as long as they turn.
    """

    name: str
    command: tuple[str, ...]
    health: str | None = None
    liveness: str | None = None
    has_heartbeat: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How often and how long, in seconds; tests use shorter ones."""

    first_delay: float = 0.2  # before a restart; twice as long after each failure,
    longest_delay: float = 30  # up to this
    stable: float = 10  # after being ready for this long, earlier failures no longer count
    start: float = 120  # until the first sign of life, and between notices that a part is not ready yet
    settled: float = 1
    stop: float = 6
    check: float = 15  # between two checks of a part that is ready
    start_check: float = 0.2  # and of one that is not
    silent: float = 60
    heartbeat: float = 240  # longer than a broker that hangs is waited for
    shorten_logs: float = 30


class PartFailed(SetupProblem):
    """A part does not run, and a restart does not help."""


class Answer(NamedTuple):
    """The answer of a part's health addresses."""

    is_ready: bool
    is_alive: bool


Report = Callable[[str, State, str], None]


@dataclass(slots=True)
class Member:
    part: Part
    log: Log
    heartbeat_file: Path
    child: Child | None = None
    started_at: float = 0
    restart_at: float | None = None
    is_ready: bool = False
    was_ready: bool = False
    ready_at: float = 0
    failures: int = 0  # one after the other, without being stable in between
    checked_at: float = 0
    alive_at: float | None = None
    heartbeat_at: int = 0
    reminded_at: float = 0
    question: "Future[Answer] | None" = None


class Tree:
    """Processes that are looked after with every `tick`. The parts are given in the order in which they are stopped."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        logs: Path,
        environment: Mapping[str, str],
        report: Report,
        limits: Limits | None = None,
    ) -> None:
        self._members = {
            part.name: Member(part, Log(logs / f"{part.name}.log"), logs / f"{part.name}.heartbeat") for part in parts
        }
        self._report, self._limits = report, limits or Limits()
        self._lifeline, self._our_end = os.pipe()  # nobody inherits our end, so it closes with us, whatever ends us
        self._environment = {**environment, lifeline.VARIABLE: str(self._lifeline)}
        self._errand: Child | None = None
        self._questions = ThreadPoolExecutor(max(len(parts), 1), thread_name_prefix="health")
        self._logs_shortened_at = time.monotonic()

    def start(self, *names: str) -> None:
        for name in names:
            self._start(self._members[name])

    def is_ready(self) -> bool:
        return not self.unready()

    def unready(self) -> list[str]:
        return [name for name, member in self._members.items() if not member.is_ready]

    def processes(self) -> dict[str, Identity]:
        children = {name: member.child for name, member in self._members.items()} | {"errand": self._errand}
        return {name: child.identity for name, child in children.items() if child and child.exit_code() is None}

    def errand(self, command: tuple[str, ...]) -> Child:
        """A process that is to end by itself, and writes to our terminal."""
        self._errand = Child(command, self._environment, self._lifeline, None)
        return self._errand

    def tick(self) -> None:
        """Look after everyone once. Raises PartFailed when there is no point in going on."""
        for member in self._members.values():
            if member.child is None:
                if member.restart_at is not None and time.monotonic() >= member.restart_at:
                    self._start(member)
            elif (code := member.child.exit_code()) is not None:
                self._handle_exit(member, member.child, code)
            else:
                self._check(member, member.child)
        if time.monotonic() - self._logs_shortened_at > self._limits.shorten_logs:
            self._logs_shortened_at = time.monotonic()
            for member in self._members.values():
                member.log.shorten()

    def stop(self, *, at_once: Callable[[], bool]) -> None:
        """One after the other, each politely for a while and then by force; all by force as soon as `at_once` says so."""
        self._questions.shutdown(wait=False, cancel_futures=True)
        for member in self._members.values():
            member.restart_at = None
            if member.child is None:
                continue
            self._report(member.part.name, State.STOPPING, "")
            member.child.ask_to_stop()
            deadline = time.monotonic() + self._limits.stop
            while not (at_once() or time.monotonic() > deadline or member.child.ends_within(0.1)):
                pass
            member.child.kill()
            member.child, member.is_ready = None, False
            self._report(member.part.name, State.STOPPED, "")
        for end in (self._our_end, self._lifeline):
            os.close(end)

    def _start(self, member: Member) -> None:
        member.log.shorten()
        member.heartbeat_file.unlink(missing_ok=True)  # the one of the process before
        output = member.log.opened()
        try:
            watched = {heartbeat.VARIABLE: str(member.heartbeat_file)} if member.part.has_heartbeat else {}
            member.child = Child(member.part.command, {**self._environment, **watched}, self._lifeline, output)
        finally:
            os.close(output)
        member.started_at = member.reminded_at = time.monotonic()
        member.restart_at, member.is_ready, member.alive_at, member.question = None, False, None, None
        member.checked_at, member.heartbeat_at = 0, 0
        self._report(member.part.name, State.STARTING, "")

    def _check(self, member: Member, child: Child) -> None:
        now = time.monotonic()
        if member.question is not None:
            if not member.question.done():
                return
            self._record_answer(member, child, member.question.result())
            member.question = None
        elif now - member.checked_at >= (self._limits.check if member.is_ready else self._limits.start_check):
            member.checked_at = now
            if member.part.health:
                member.question = self._questions.submit(_ask, member.part, is_ready=member.is_ready)
            else:
                self._record_answer(member, child, Answer(is_ready=True, is_alive=self._beats(member)))

    def _beats(self, member: Member) -> bool:
        """Whether the heartbeat was renewed since the last check. A part that has none is believed to live."""
        before, file = member.heartbeat_at, member.heartbeat_file
        member.heartbeat_at = file.stat().st_mtime_ns if file.exists() else 0
        return not member.part.has_heartbeat or member.heartbeat_at != before

    def _record_answer(self, member: Member, child: Child, answer: Answer) -> None:
        now, limits = time.monotonic(), self._limits
        if answer.is_alive:
            member.alive_at = now
        if not member.is_ready and answer.is_ready and self._has_worked(member):
            member.is_ready = member.was_ready = True
            member.ready_at = now
            self._report(member.part.name, State.READY, "")
        if member.alive_at is None:
            is_silent = now - member.started_at > limits.start
        else:
            is_silent = now - member.alive_at > (limits.silent if member.part.health else limits.heartbeat)
        if is_silent:
            self._report(member.part.name, State.SILENT, "")
            child.kill()
        elif not member.is_ready and now - member.reminded_at > limits.start:
            member.reminded_at = now
            self._report(member.part.name, State.WAITING, f"{State.WAITING.value}. {_end_of(member.log)}")

    def _has_worked(self, member: Member) -> bool:
        if member.part.has_heartbeat:
            return heartbeat.is_ready(member.heartbeat_file)
        return member.part.health is not None or time.monotonic() - member.started_at > self._limits.settled

    def _handle_exit(self, member: Member, child: Child, code: int) -> None:
        """Start it again, the later the more often it has ended; only one that says at its first start that it cannot run is given up."""
        child.kill()  # what it left behind would hold its port or its locks
        now, how = time.monotonic(), _how_it_ended(code)
        if code in PERMANENT and not member.was_ready:
            raise PartFailed(f"`focusflow {member.part.name}` {how}. {_end_of(member.log, 15)}")
        if member.is_ready and now - member.ready_at > self._limits.stable:
            member.failures = 0
        delay = restart_delay(member.failures, self._limits)
        member.failures += 1
        member.child, member.is_ready, member.restart_at = None, False, now + delay
        self._report(member.part.name, State.ENDED, f"{how}; starts again in {delay:.1f} s. {_end_of(member.log)}")


def restart_delay(failures: int, limits: Limits) -> float:
    """After so many failures in a row.

    >>> [restart_delay(failures, Limits()) for failures in (0, 1, 4, 10_000)]
    [0.2, 0.4, 3.2, 30]
    """
    return min(limits.first_delay * 2.0 ** min(failures, 20), limits.longest_delay)


def _ask(part: Part, *, is_ready: bool) -> Answer:
    """In a thread: a server that hangs keeps the answer for a while."""
    assert part.health is not None
    has_answered = not is_ready and answers(part.health)
    return Answer(has_answered, has_answered or responds(part.liveness or part.health))


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _end_of(log: Log, lines: int = LOG_TAIL_LINES) -> str:
    last = log.last_lines(lines)
    return "\n".join([f"The end of its log, {log.path}:", *last]) if last else f"Its log, {log.path}, is empty."
