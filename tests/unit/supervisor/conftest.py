"""Small processes that stand in for the parts, and a tree of them that does not outlive its test."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.supervisor.tree import Limits, Part, State, Tree

FOREVER = "import time; time.sleep(60)"
BRIEFLY = Limits(ready_seconds=10, settled_seconds=0.05, stop_seconds=2)


def part(name: str, program: str = FOREVER, health: str | None = None, *, has_pulse: bool = False) -> Part:
    return Part(name, (sys.executable, "-c", program), health, has_pulse)


def eventually(is_so: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.02)


class Grove:
    """Plants trees, remembers what they tell, and fells them in the end."""

    def __init__(self, logs: Path) -> None:
        self.logs, self.told = logs, list[tuple[str, State]]()
        self._trees = list[Tree]()

    def tree(self, *parts: Part, limits: Limits = BRIEFLY) -> Tree:
        tree = Tree(
            parts,
            logs=self.logs,
            environment=dict(os.environ),
            tell=lambda name, state: self.told.append((name, state)),
            limits=limits,
        )
        self._trees.append(tree)
        return tree

    def ready(self, *parts: Part, limits: Limits = BRIEFLY) -> Tree:
        tree = self.tree(*parts, limits=limits)
        tree.start(*(each.name for each in parts))
        ticking(tree, tree.is_ready)
        return tree

    def fell(self, tree: Tree) -> None:
        self._trees.remove(tree)
        tree.stop(at_once=lambda: False)

    def fell_all(self) -> None:
        for tree in list(self._trees):
            self._trees.remove(tree)
            tree.stop(at_once=lambda: True)


def ticking(tree: Tree, until: Callable[[], object]) -> None:
    def is_so() -> object:
        tree.tick()
        return until()

    eventually(is_so)


@pytest.fixture
def grove(tmp_path: Path) -> Iterator[Grove]:
    grove = Grove(tmp_path / "logs")
    try:
        yield grove
    finally:
        grove.fell_all()
