"""Looks after the processes: starts them, waits until they are ready, starts again what dies, and stops them in order."""

import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cli import lifeline
from cli.supervisor.child import Child, Identity
from cli.supervisor.health import answers, speaks
from cli.supervisor.logs import Log
from focusflow import heartbeat
from focusflow.errors import SetupProblem


class State(StrEnum):
    STARTING = "starting"
    READY = "ready"
    DIED = "died, starts again"
    SILENT = "answers no more, is ended"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Part:
    """What to run, and the address that answers once it is ready. Where there is none, to stay alive is enough, and to have a pulse
    where it shows one.
    """

    name: str
    command: tuple[str, ...]
    health: str | None = None
    has_pulse: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How often and how long; tests are less patient."""

    deaths: int = 5
    window_seconds: float = 60
    ready_seconds: float = 120
    settled_seconds: float = 1
    stop_seconds: float = 6
    listen_seconds: float = 15
    silent_seconds: float = 60
    pulseless_seconds: float = 240  # longer than a broker that hangs is waited for
    shorten_logs_seconds: float = 30


class PartFailed(SetupProblem):
    """A part does not run, and starting it again is of no use."""


@dataclass(slots=True)
class Member:
    part: Part
    log: Log
    pulse: Path
    child: Child | None = None
    since: float = 0
    starts_at: float | None = None
    is_ready: bool = False
    was_ready: bool = False
    listened_at: float = 0
    pulse_at: int = 0
    heard_at: float = 0
    deaths: deque[float] = field(default_factory=deque)


class Tree:
    """The parts, in the order in which they are stopped. Nothing happens by itself: call `tick()` again and again."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        logs: Path,
        environment: Mapping[str, str],
        tell: Callable[[str, State], None],
        limits: Limits | None = None,
    ) -> None:
        self._members = {
            part.name: Member(part, Log(logs / f"{part.name}.log"), logs / f"{part.name}.pulse") for part in parts
        }
        self._tell, self._limits = tell, limits or Limits()
        self._lifeline, self._our_end = os.pipe()  # nobody inherits our end, so it closes with us, whatever ends us
        self._environment = {**environment, lifeline.VARIABLE: str(self._lifeline)}
        self._errand: Child | None = None
        self._logs_shortened_at = time.monotonic()

    def start(self, *names: str) -> None:
        for name in names:
            self._start(self._members[name])

    def is_ready(self) -> bool:
        return all(member.is_ready for member in self._members.values())

    def processes(self) -> dict[str, Identity]:
        children = {name: member.child for name, member in self._members.items()} | {"errand": self._errand}
        return {name: child.identity for name, child in children.items() if child and child.exit_code() is None}

    def errand(self, command: tuple[str, ...]) -> Child:
        """A process that is to end by itself, and speaks on our terminal."""
        self._errand = Child(command, self._environment, self._lifeline, None)
        return self._errand

    def tick(self) -> None:
        """Look after everyone once. Raises PartFailed when there is no point in going on."""
        for member in self._members.values():
            if member.child is None:
                if member.starts_at is not None and time.monotonic() >= member.starts_at:
                    self._start(member)
            elif (code := member.child.exit_code()) is not None:
                self._bury(member, member.child, code)
            elif not member.is_ready:
                self._look_whether_ready(member)
            else:
                self._listen(member, member.child)
        if time.monotonic() - self._logs_shortened_at > self._limits.shorten_logs_seconds:
            self._logs_shortened_at = time.monotonic()
            for member in self._members.values():
                member.log.shorten()

    def stop(self, *, at_once: Callable[[], bool]) -> None:
        """One after the other, each politely for a while and then by force; all by force as soon as `at_once` says so."""
        for member in self._members.values():
            member.starts_at = None
            if member.child is None:
                continue
            self._tell(member.part.name, State.STOPPING)
            member.child.ask_to_stop()
            deadline = time.monotonic() + self._limits.stop_seconds
            while not (at_once() or time.monotonic() > deadline or member.child.ends_within(0.1)):
                pass
            member.child.kill()
            member.child, member.is_ready = None, False
            self._tell(member.part.name, State.STOPPED)
        for end in (self._our_end, self._lifeline):
            os.close(end)

    def _start(self, member: Member) -> None:
        member.log.shorten()
        output = member.log.opened()
        try:
            environment = {
                **self._environment,
                **({heartbeat.VARIABLE: str(member.pulse)} if member.part.has_pulse else {}),
            }
            member.child = Child(member.part.command, environment, self._lifeline, output)
        finally:
            os.close(output)
        member.since, member.starts_at, member.is_ready = time.monotonic(), None, False
        self._tell(member.part.name, State.STARTING)

    def _look_whether_ready(self, member: Member) -> None:
        age = time.monotonic() - member.since
        member.is_ready = answers(member.part.health) if member.part.health else age > self._limits.settled_seconds
        if member.is_ready:
            member.was_ready = True
            member.listened_at = member.heard_at = time.monotonic()
            self._tell(member.part.name, State.READY)
        elif age > self._limits.ready_seconds:
            raise self._failed(member, f"was not ready within {self._limits.ready_seconds:.0f} s")

    def _listen(self, member: Member, child: Child) -> None:
        """A process can stand still without dying. One that has said nothing for long is ended, and starts again as if it had died."""
        now = time.monotonic()
        if now - member.listened_at < self._limits.listen_seconds:
            return
        member.listened_at = now
        limits = self._limits
        if self._gives_a_sign(member):
            member.heard_at = now
        elif now - member.heard_at > (limits.silent_seconds if member.part.health else limits.pulseless_seconds):
            self._tell(member.part.name, State.SILENT)
            child.kill()

    def _gives_a_sign(self, member: Member) -> bool:
        if member.part.health:
            return speaks(member.part.health)
        before, member.pulse_at = member.pulse_at, member.pulse.stat().st_mtime_ns if member.pulse.exists() else 0
        return not member.part.has_pulse or member.pulse_at != before

    def _bury(self, member: Member, child: Child, code: int) -> None:
        child.kill()  # what it left behind would hold its port or its locks
        member.child, member.is_ready = None, False
        if code > 0 and not member.was_ready:  # it says itself that it cannot run; a signal says nothing of the kind
            raise self._failed(member, f"ended with exit code {code}")
        now = time.monotonic()
        member.deaths.append(now)
        while member.deaths[0] < now - self._limits.window_seconds:
            member.deaths.popleft()
        if len(member.deaths) > self._limits.deaths:
            raise self._failed(member, f"died {len(member.deaths)} times within {self._limits.window_seconds:.0f} s")
        member.starts_at = now + 0.1 * 2 ** (len(member.deaths) - 1)
        self._tell(member.part.name, State.DIED)

    def _failed(self, member: Member, what: str) -> PartFailed:
        lines = member.log.last_lines()
        said = [f"The end of its log, {member.log.path}:", *lines] if lines else [f"Its log is {member.log.path}."]
        return PartFailed("\n".join([f"`focusflow {member.part.name}` {what}.", *said]))
