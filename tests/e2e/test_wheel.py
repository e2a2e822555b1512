"""The wheel alone, in an empty directory: what `uvx focusflow up` and pipx run."""

import signal

import pytest

from cli.supervisor.health import answers
from tests.e2e.conftest import SERVERS, a_stack
from tests.wheel import build_wheel, install_wheel

HEALTH = {"api": "/health/ready", "dagster": "/server_info", "dashboard": "/signin"}


@pytest.mark.timeout(400)
def test_it_is_checked_comes_up_and_stops_from_the_wheel_alone(tmp_path):
    with a_stack() as stack:
        stack.python = str(install_wheel(build_wheel(tmp_path), stack.folder / "venv"))
        doctor = stack.run("doctor")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
        stack.start()
        assert all(answers(stack.address(name) + HEALTH[name]) for name in SERVERS)
        assert stack.run("status").returncode == 0
        assert stack.signal(signal.SIGINT) == 0
        assert "Everything has stopped." in stack.log_text()
