"""How much of its kind a test does: enough to see the behavior in `make test`, and what rare faults need in `make test-full`."""

import os
import random
from typing import TypeVar

import pytest

Size = TypeVar("Size")

IS_FULL = os.environ.get("TEST_SIZE") == "full"

#: Where a full run begins; TEST_SEED repeats one. Set here, it reaches the other workers of the run too.
SEED = int(os.environ.setdefault("TEST_SEED", str(random.SystemRandom().randrange(2**32)) if IS_FULL else "0"))

#: What repeats, at greater cost, what another test shows of the same code.
full_only = pytest.mark.skipif(not IS_FULL, reason="part of `make test-full`")


def sized(usual: Size, full: Size) -> Size:
    return full if IS_FULL else usual


def dice(number: int) -> random.Random:
    """The same draws in each usual run, others in each full one."""
    return random.Random(SEED + number)
