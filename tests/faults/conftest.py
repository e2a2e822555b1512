"""What the fault tests share with others, and with the table of `make chaos`."""

from collections.abc import Callable, Iterator
from dataclasses import asdict

import pytest

from tests.faults.tally import Tally
from tests.integration.refresher.conftest import site  # noqa: F401 (a fixture)


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    tally = Tally()
    yield tally
    for name, value in asdict(tally).items():
        record_property(name, value)
