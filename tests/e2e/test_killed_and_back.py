"""The platform is shot at: each part comes back, nothing that was written is lost, and in the end it is gone without a trace."""

import json
import signal

import psutil
import pytest

from cli.supervisor.health import answers
from cli.supervisor.lock import read_announcement
from tests.e2e.conftest import Stack, until
from tests.e2e.test_first_hour import HEALTH, add_task, signed_up

pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("name", ["dashboard", "dagster", "api", "land", "database"])
def test_what_is_killed_comes_back_and_nothing_written_is_lost(demo, name):
    with signed_up(demo, f"noor-{name}@example.com") as client:
        add_task(client, "Written before")
        before = demo.postmaster() if name == "database" else demo.children()[name]
        before.kill()
        until(lambda: _is_back(demo, name, before), 60, f"{name} is back")
        until(lambda: answers(demo.address("api") + HEALTH["api"]), 20, "the API answers again")
        task = add_task(client, "Written after")
        assert client.post(f"/tasks/{task}/complete").status_code == 200
        assert {each["title"] for each in client.get("/tasks").json()["items"]} == {"Written before", "Written after"}


def _is_back(demo: Stack, name: str, before: psutil.Process) -> bool:
    try:
        now = demo.postmaster() if name == "database" else demo.children()[name]
        is_ready = answers(demo.address(name) + HEALTH[name]) if name in HEALTH else True
        return now != before and now.is_running() and is_ready
    except (KeyError, OSError, ValueError, psutil.Error):
        return False


def test_after_everything_was_killed_it_comes_up_again_and_has_lost_nothing(demo):
    with signed_up(demo, "noor-everything@example.com") as client:
        written = [add_task(client, f"Task {number}") for number in range(20)]
        demo.kill_everything()
        demo.start()
        assert [client.get(f"/tasks/{each}").status_code for each in written] == [200] * 20
    _is_sound(demo)


def test_when_only_up_is_killed_the_rest_leaves_by_itself_and_up_goes_on(demo):
    demo.signal(signal.SIGKILL)
    demo.start()
    assert answers(demo.address("api") + HEALTH["api"])
    _is_sound(demo)


def _is_sound(demo: Stack) -> None:
    """Nothing is lost or doubled, and in the end nothing is on its way any more."""

    def has_arrived() -> bool:
        verdict = demo.run("verify", "--json")
        assert verdict.returncode == 0, verdict.stdout + verdict.stderr
        return bool(json.loads(verdict.stdout)["verdict"] == "Nothing is lost, nothing is doubled.")

    until(has_arrived, 60, "everything has arrived")


def test_ctrl_c_leaves_no_process_and_no_lock(demo):
    assert demo.signal(signal.SIGINT) == 0, demo.log_text()
    assert "Everything has stopped." in demo.log_text()
    until(lambda: not demo.processes(), 5, f"all have ended: {demo.processes()}")
    assert read_announcement(demo.home) is None
    assert sorted(each.name for each in demo.home.iterdir() if each.name.endswith(".lock")) == ["up.lock"]
