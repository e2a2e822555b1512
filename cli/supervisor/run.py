"""One `focusflow up`: database, parts, the demo's first tables, then watching until told to stop."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cli.supervisor.child import Child
from cli.supervisor.database import DatabaseKeeper
from cli.supervisor.lock import Lock, orphans_of, wait_for
from cli.supervisor.logs import Log
from cli.supervisor.services import Layout, own_command, plan_layout
from cli.supervisor.signals import StopSignals
from cli.supervisor.tree import State, Tree
from focusflow.clock import now
from focusflow.errors import SetupProblem
from focusflow.settings import Settings

ORPHAN_SECONDS = 12.0
ROUND_SECONDS = 0.1
ERRAND_STOP_SECONDS = 5.0
LATE_SECONDS = 60.0  # then the addresses are shown, though not all is ready

FIRST = ("api", "dashboard")  # what users see; the others wait for the demo's errands

#: What fills the first page of the demo, each safe to run again. Dagster waits for it, so that no two build one table.
ERRANDS = (("demo",), ("land", "--once"), ("refresh",))


class Reporter(Protocol):
    """Where the supervisor reports how it goes."""

    def start_progress(self) -> None: ...
    def stop_progress(self) -> None: ...
    def report_state(self, name: str, state: State, detail: str = "") -> None: ...
    def report(self, sentence: str) -> None: ...
    def announce(self, addresses: Mapping[str, str], logins: Mapping[str, str], seconds: float) -> None: ...


def run(
    settings: Settings,
    lock: Lock,
    screen: Reporter,
    stopping: StopSignals,
    *,
    logins: Mapping[str, str] | None,
    has_own_kafka: bool = False,
) -> None:
    """Until told to stop. With the logins of the demo, its users are written first; with a Kafka of its own, events go through it."""
    begun = time.monotonic()
    if orphans := orphans_of(lock.before):
        screen.report("The last run was killed. Waiting for what it left behind to end.")
        wait_for(orphans, ORPHAN_SECONDS, stopping.is_wanted)
    layout = plan_layout(settings, is_demo=logins is not None, has_own_kafka=has_own_kafka)
    supervision = _Supervision(settings, layout, lock, screen, stopping)
    try:
        supervision.start_database()
        supervision.start(with_demo=logins is not None)
        if not stopping.is_wanted():
            screen.announce(layout.addresses, logins or {}, time.monotonic() - begun)
        while not stopping.is_wanted():
            supervision.supervise_once()
    finally:
        supervision.stop()


@dataclass(slots=True)
class _Supervision:
    settings: Settings
    layout: Layout
    lock: Lock
    screen: Reporter
    stopping: StopSignals
    log: Log = field(init=False)
    database: DatabaseKeeper = field(init=False)
    tree: Tree = field(init=False)

    def __post_init__(self) -> None:
        logs, environment = self.settings.home / "logs", {**os.environ, **self.layout.environment}
        self.log = Log(logs / "up.log")
        self.database = DatabaseKeeper(self.settings)
        self.tree = Tree(self.layout.parts, logs=logs, environment=environment, report=self._report_state)

    def start_database(self) -> None:
        self.screen.report_state("database", State.STARTING)
        self.database.start()
        while not (self.database.is_ready() or self.stopping.is_wanted()):
            self._pass_on_reports()
            time.sleep(ROUND_SECONDS)
        if self.database.is_ready():
            self.screen.report_state("database", State.READY)

    def start(self, *, with_demo: bool) -> None:
        if self.stopping.is_wanted():
            return
        self.tree.start(*FIRST)
        for arguments in ERRANDS if with_demo else ():
            self._run_errand(arguments)
        if not self.stopping.is_wanted():
            self.tree.start(*(part.name for part in reversed(self.layout.parts) if part.name not in FIRST))
            self.screen.start_progress()
        begun, is_late = time.monotonic(), False
        while not (self.tree.is_ready() or self.stopping.is_wanted()):
            self.supervise_once()
            if not is_late and time.monotonic() - begun > LATE_SECONDS:
                is_late = True
                addresses = ", ".join(f"{name} {address}" for name, address in self.layout.addresses.items())
                self._report(f"Not ready yet: {', '.join(self.tree.unready())}. The addresses are: {addresses}.")
        self.screen.stop_progress()

    def supervise_once(self) -> None:
        self.tree.tick()
        self.database.is_ready()
        self._pass_on_reports()
        time.sleep(ROUND_SECONDS)

    def stop(self) -> None:
        self.screen.start_progress()
        self.tree.stop(at_once=self.stopping.is_urgent)
        self.database.stop()
        self.screen.stop_progress()

    def _run_errand(self, arguments: tuple[str, ...]) -> None:
        if self.stopping.is_wanted():
            return
        errand = self.tree.errand(own_command(*arguments))
        try:
            while errand.exit_code() is None and not self.stopping.is_wanted():
                self.supervise_once()
        finally:
            _end(errand)
        if errand.exit_code() and not self.stopping.is_wanted():
            raise SetupProblem(
                f"`focusflow {' '.join(arguments)}` ended with exit code {errand.exit_code()}. Its output stands above."
            )

    def _pass_on_reports(self) -> None:
        for sentence in self.database.reports():
            self._report(sentence)

    def _report(self, sentence: str) -> None:
        self.log.append(f"{now():%Y-%m-%d %H:%M:%S} {sentence}")
        self.screen.report(sentence)

    def _report_state(self, name: str, state: State, detail: str) -> None:
        self.log.append(f"{now():%Y-%m-%d %H:%M:%S} {name}: {detail or state.value}")
        self.screen.report_state(name, state, detail)
        self.lock.announce(self.layout.addresses, self.tree.processes())


def _end(errand: Child) -> None:
    errand.ask_to_stop()
    errand.ends_within(ERRAND_STOP_SECONDS)
    errand.kill()
