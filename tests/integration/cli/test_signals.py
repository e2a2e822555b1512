"""A command that is told to end leaves nothing running: the last one to use the embedded server stops it."""

import signal
import subprocess
import sys

import pytest

from cli.supervisor.health import answers
from tests.conftest import copy_home
from tests.e2e.conftest import Stack, a_stack, until

USER = """
import sys, time
from pathlib import Path
from cli.termination import raised_on_signals
from focusflow.database.embedded import embedded_server
with raised_on_signals(), embedded_server(Path(sys.argv[1]), {"fsync": "off"}):
    print("at work", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def stack(home_with_database):
    with a_stack() as stack:
        copy_home(home_with_database, stack.home)
        yield stack


#: Under `nohup` the tests ignore SIGHUP, and what they start would inherit that.
HEARING = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_DFL); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"


def start(stack: Stack, *command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HEARING, *command],
        env=stack.environment,
        cwd=stack.folder,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_api_that_is_terminated_stops_the_server_that_it_started(stack, number):
    with start(stack, "-m", "focusflow", "api") as api:
        until(lambda: answers(f"{stack.address('api')}/health/ready"), 90, "the API is ready")
        assert stack.postmaster().is_running()
        api.send_signal(number)
        assert api.wait(60) == 0
    assert stack.processes() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_any_command_that_is_terminated_stops_the_server_that_it_started(stack, number):
    with start(stack, "-c", USER, str(stack.home)) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "at work\n"
        command.send_signal(number)
        assert command.wait(60) == 128 + number
    assert stack.processes() == []
