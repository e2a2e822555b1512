"""Small processes that stand in for the parts, and trees of them that do not outlive their test."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.supervisor.tree import Limits, Part, State, Tree

FOREVER = "import time; time.sleep(60)"
BRIEFLY = Limits(
    start=30, settled=0.05, stop=2, check=0.05, start_check=0.02, silent=0.5, first_delay=0.05, longest_delay=0.2
)


def part(name: str, program: str = FOREVER, health: str | None = None, *, has_heartbeat: bool = False) -> Part:
    return Part(name, (sys.executable, "-c", program), health, has_heartbeat=has_heartbeat)


def eventually(is_so: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "the expected state was not reached in time"
        time.sleep(0.02)


class Trees:
    """Makes trees, remembers what they report, and stops them in the end."""

    def __init__(self, logs: Path) -> None:
        self.logs, self.reported, self.details = logs, list[tuple[str, State]](), list[str]()
        self._trees = list[Tree]()

    def tree(self, *parts: Part, limits: Limits = BRIEFLY) -> Tree:
        tree = Tree(
            parts,
            logs=self.logs,
            environment=dict(os.environ),
            report=self._record,
            limits=limits,
        )
        self._trees.append(tree)
        return tree

    def _record(self, name: str, state: State, detail: str) -> None:
        self.reported.append((name, state))
        self.details += [detail] if detail else []

    def ready(self, *parts: Part, limits: Limits = BRIEFLY) -> Tree:
        tree = self.tree(*parts, limits=limits)
        tree.start(*(each.name for each in parts))
        ticking(tree, tree.is_ready)
        return tree

    def stop(self, tree: Tree) -> None:
        self._trees.remove(tree)
        tree.stop(at_once=lambda: False)

    def stop_all(self) -> None:
        for tree in list(self._trees):
            self._trees.remove(tree)
            tree.stop(at_once=lambda: True)


def ticking(tree: Tree, until: Callable[[], object], seconds: float = 30) -> None:
    def is_so() -> object:
        tree.tick()
        return until()

    eventually(is_so, seconds)


@pytest.fixture
def trees(tmp_path: Path) -> Iterator[Trees]:
    trees = Trees(tmp_path / "logs")
    try:
        yield trees
    finally:
        trees.stop_all()
