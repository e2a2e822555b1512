"""The life of one `focusflow up`: database, parts, the demo's first tables, then watching until told to stop."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cli.supervisor.child import Child
from cli.supervisor.lock import Lock, orphans_of, wait_for
from cli.supervisor.services import Layout, lay_out, own
from cli.supervisor.signals import Stopping
from cli.supervisor.tree import State, Tree
from focusflow.database.installation import Running, revivable_database
from focusflow.errors import SetupProblem
from focusflow.settings import Settings

DATABASE_SECONDS = 2.0
ORPHAN_SECONDS = 12.0
ROUND_SECONDS = 0.1
ERRAND_STOP_SECONDS = 5.0

FIRST = ("api", "dashboard")  # what people see; the others wait for the demo's errands

#: What fills the first page of the demo, each safe to run again. Dagster waits for it, so that no two build one table.
ERRANDS = (("demo",), ("land", "--once"), ("refresh",))


class Teller(Protocol):
    """Whom the run tells how it goes."""

    def watch(self) -> None: ...
    def rest(self) -> None: ...
    def tell(self, name: str, state: State) -> None: ...
    def say(self, sentence: str) -> None: ...
    def announce(self, addresses: Mapping[str, str], logins: Mapping[str, str], seconds: float) -> None: ...


def run(
    settings: Settings,
    lock: Lock,
    screen: Teller,
    stopping: Stopping,
    *,
    logins: Mapping[str, str] | None,
    has_own_kafka: bool = False,
) -> None:
    """Until told to stop. With the logins of the demo, its people are written first; with a Kafka of its own, events go through it."""
    begun = time.monotonic()
    if orphans := orphans_of(lock.before):
        screen.say("The last run was killed. Waiting for what it left behind to end.")
        wait_for(orphans, ORPHAN_SECONDS)
    layout = lay_out(settings, is_demo=logins is not None, has_own_kafka=has_own_kafka)
    screen.tell("database", State.STARTING)
    with revivable_database(settings) as database:
        screen.tell("database", State.READY)
        life = _Life(settings, layout, lock, screen, stopping, database)
        try:
            life.start(with_demo=logins is not None)
            if not stopping.is_wanted():
                screen.announce(layout.addresses, logins or {}, time.monotonic() - begun)
            while not stopping.is_wanted():
                life.look_after_all()
        finally:
            life.stop()


@dataclass(slots=True)
class _Life:
    settings: Settings
    layout: Layout
    lock: Lock
    screen: Teller
    stopping: Stopping
    database: Running
    tree: Tree = field(init=False)
    database_seen_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        environment = {**os.environ, **self.layout.environment}
        self.tree = Tree(self.layout.parts, logs=self.settings.home / "logs", environment=environment, tell=self._tell)

    def start(self, *, with_demo: bool) -> None:
        self.tree.start(*FIRST)
        for arguments in ERRANDS if with_demo else ():
            self._run_errand(arguments)
        if not self.stopping.is_wanted():
            self.tree.start(*(part.name for part in reversed(self.layout.parts) if part.name not in FIRST))
            self.screen.watch()
        while not (self.tree.is_ready() or self.stopping.is_wanted()):
            self.look_after_all()
        self.screen.rest()

    def look_after_all(self) -> None:
        self.tree.tick()
        if time.monotonic() - self.database_seen_at > DATABASE_SECONDS:
            if self.database.revive():
                self.screen.say("The database had died and runs again.")
            self.database_seen_at = time.monotonic()
        time.sleep(ROUND_SECONDS)

    def stop(self) -> None:
        self.screen.watch()
        self.tree.stop(at_once=self.stopping.is_urgent)
        self.screen.rest()

    def _run_errand(self, arguments: tuple[str, ...]) -> None:
        if self.stopping.is_wanted():
            return
        errand = self.tree.errand(own(*arguments))
        try:
            while errand.exit_code() is None and not self.stopping.is_wanted():
                self.look_after_all()
        finally:
            _end(errand)
        if errand.exit_code() and not self.stopping.is_wanted():
            raise SetupProblem(
                f"`focusflow {' '.join(arguments)}` ended with exit code {errand.exit_code()}. What it said stands above."
            )

    def _tell(self, name: str, state: State) -> None:
        self.screen.tell(name, state)
        self.lock.announce(self.layout.addresses, self.tree.processes())


def _end(errand: Child) -> None:
    errand.ask_to_stop()
    errand.ends_within(ERRAND_STOP_SECONDS)
    errand.kill()
