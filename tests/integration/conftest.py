"""What holds for all tests of parts together."""

import pytest

from focusflow.lake import fsync


@pytest.fixture(autouse=True)
def no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forcing each commit to the disk takes as long as making it, and shows only where the power goes: that is for tests/faults."""
    monkeypatch.setattr(fsync, "_fsync", lambda _: None)
