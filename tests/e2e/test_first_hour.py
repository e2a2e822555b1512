"""The first hour with FocusFlow on a new machine: up, looked at, written to, shot at, and gone without a trace."""

import json
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from cli.supervisor.health import answers
from cli.supervisor.lock import announced
from focusflow.metrics import BY_NAME
from tests.e2e.conftest import Stack, until

pytestmark = pytest.mark.timeout(400)

FIGURES = logging.getLogger("figures")
PASSWORD = "correct horse battery"
HEALTH = {"api": "/health/ready", "dagster": "/server_info", "dashboard": "/_stcore/health"}


def test_it_comes_up_with_the_demo_and_says_where(stack):
    seconds = stack.start("--demo")
    FIGURES.info("ready after %.0f s, %d MiB in %d processes", seconds, stack.memory(), len(stack.processes()))
    said = stack.said()
    for name, path in HEALTH.items():
        assert stack.address(name) in said
        assert answers(stack.address(name) + path)
    assert "demo@example.com  focusflow-demo" in said


def test_a_second_one_is_told_where_the_first_one_runs(stack):
    second = stack.run("up")
    assert second.returncode == 1
    assert stack.address("dashboard") in second.stderr


def test_status_knows_where_it_runs_how_fresh_it_is_and_how_much_there_is(stack):
    status = stack.run("status", "--json")
    assert status.returncode == 0, status.stderr
    told = json.loads(status.stdout)
    assert told["addresses"] == {name: stack.address(name) for name in HEALTH}
    assert told["last_landed"]
    assert told["last_gold"]
    assert told["counts"]["people"] == 5
    assert told["counts"]["events"] > 10_000


def test_doctor_finds_nothing_wrong(stack):
    doctor = stack.run("doctor")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert "✗" not in doctor.stdout


@contextmanager
def _somebody_new(stack: Stack, email: str) -> Iterator[httpx2.Client]:
    """Their client, signed in."""
    with httpx2.Client(base_url=f"{stack.address('api')}/api/v1", timeout=20, trust_env=False) as client:
        account = {"email": email, "password": PASSWORD, "display_name": "Noor", "timezone": "UTC"}
        registered = client.post("/auth/register", json=account)
        assert registered.status_code == 202, registered.text
        token = client.post("/auth/login", json={"email": email, "password": PASSWORD}).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def _task(client: httpx2.Client, title: str) -> str:
    created = client.post("/tasks", json={"title": title})
    assert created.status_code == 201, created.text
    return str(created.json()["id"])


@contextmanager
def _signed_in(stack: Stack, browser: Browser, email: str, password: str) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(stack.address("dashboard"))
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        yield page


@pytest.mark.browser
def test_who_signs_in_sees_today_and_the_overview_with_data(stack, browser):
    with _signed_in(stack, browser, "demo@example.com", "focusflow-demo") as page:
        expect(page.get_by_role("heading", name="Next", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Done").first).to_be_visible()
        expect(page.get_by_text("usual on a").first).to_be_visible()
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        expect(page.get_by_text("Tasks completed").first).to_be_visible()
        expect(page.locator("canvas, svg.marks").first).to_be_visible()
        assert page.get_by_test_id("stException").count() == 0


@pytest.mark.browser
@pytest.mark.timeout(480)
def test_a_completed_task_comes_to_the_page_by_itself(stack, browser):
    with (
        _somebody_new(stack, "noor@example.com") as client,
        _signed_in(stack, browser, "noor@example.com", PASSWORD) as page,
    ):
        expect(page.get_by_text("Nothing is open.")).to_be_visible()
        task = _task(client, "Water the plants")
        expect(page.get_by_text("Water the plants")).to_be_visible(timeout=180_000)
        assert client.post(f"/tasks/{task}/complete").status_code == 200
        begun = time.monotonic()
        completed = page.get_by_test_id("stMetric").filter(has_text=BY_NAME["tasks_completed"].label)
        expect(completed.get_by_test_id("stMetricValue")).to_have_text("1", timeout=180_000)
        FIGURES.info("a completed task was on the page after %.1f s", time.monotonic() - begun)


@pytest.mark.parametrize("name", ["dashboard", "dagster", "api", "land", "database"])
def test_what_is_killed_comes_back_and_nothing_written_is_lost(stack, name):
    with _somebody_new(stack, f"noor-{name}@example.com") as client:
        _task(client, "Written before")
        before = stack.postmaster() if name == "database" else stack.children()[name]
        before.kill()
        until(lambda: _is_back(stack, name, before), 60, f"{name} is back")
        until(lambda: answers(stack.address("api") + HEALTH["api"]), 20, "the API answers again")
        task = _task(client, "Written after")
        assert client.post(f"/tasks/{task}/complete").status_code == 200
        assert {each["title"] for each in client.get("/tasks").json()["items"]} == {"Written before", "Written after"}


def _is_back(stack: Stack, name: str, before: psutil.Process) -> bool:
    try:
        now = stack.postmaster() if name == "database" else stack.children()[name]
        is_ready = answers(stack.address(name) + HEALTH[name]) if name in HEALTH else True
        return now != before and now.is_running() and is_ready
    except (KeyError, OSError, ValueError, psutil.Error):
        return False


def test_after_everything_was_killed_it_comes_up_again_and_has_lost_nothing(stack):
    with _somebody_new(stack, "noor-everything@example.com") as client:
        written = [_task(client, f"Task {number}") for number in range(20)]
        stack.kill_everything()
        stack.start()
        assert [client.get(f"/tasks/{each}").status_code for each in written] == [200] * 20
    _is_sound(stack)


def test_when_only_up_is_killed_the_rest_leaves_by_itself_and_up_goes_on(stack):
    stack.signal(signal.SIGKILL)
    stack.start()
    assert answers(stack.address("api") + HEALTH["api"])
    _is_sound(stack)


def _is_sound(stack: Stack) -> None:
    """Nothing is lost or doubled, and in the end nothing is on its way any more."""

    def has_arrived() -> bool:
        verdict = stack.run("verify", "--json")
        assert verdict.returncode == 0, verdict.stdout + verdict.stderr
        return bool(json.loads(verdict.stdout)["verdict"] == "Nothing is lost, nothing is doubled.")

    until(has_arrived, 60, "everything has arrived")


def test_ctrl_c_leaves_no_process_and_no_lock(stack):
    assert stack.signal(signal.SIGINT) == 0, stack.said()
    until(lambda: not stack.processes(), 5, f"all have ended: {stack.processes()}")
    assert announced(stack.home) is None
    assert sorted(each.name for each in stack.home.iterdir() if each.name.endswith(".lock")) == ["up.lock"]
