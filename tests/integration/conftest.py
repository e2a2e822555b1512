"""What holds for all tests of parts together."""

import io
import sys
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from cli.main import main
from focusflow.lake import fsync


@pytest.fixture(autouse=True)
def no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forcing each commit to the disk takes as long as making it, and shows only where the power goes: that is for tests/faults."""
    monkeypatch.setattr(fsync, "_fsync", lambda _: None)


@pytest.fixture
def focusflow(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., CompletedProcess[bytes]]:
    """Runs a command in the process of the test: one of its own would load all libraries first, for each command."""

    def run(*arguments: str, stdin: str = "") -> CompletedProcess[bytes]:
        monkeypatch.setattr(sys, "argv", ["focusflow", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            main()
        stdout, stderr = capfdbinary.readouterr()
        return CompletedProcess(arguments, int(ended.value.code or 0), stdout, stderr)

    return run
