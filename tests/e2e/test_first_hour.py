"""The first hour with FocusFlow on a new machine: it comes up, says where, is looked at and written to."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from cli.supervisor.health import answers
from focusflow.metrics import BY_NAME
from tests.e2e.conftest import Stack

pytestmark = pytest.mark.timeout(400)

FIGURES = logging.getLogger("figures")
PASSWORD = "correct horse battery"
HEALTH = {"api": "/health/ready", "dagster": "/server_info", "dashboard": "/_stcore/health"}


def test_doctor_finds_nothing_wrong_before_the_first_start(demo):
    doctor = demo.first_checkup
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr


def test_it_comes_up_with_the_demo_and_says_where(demo):
    running = len(demo.processes())
    FIGURES.info("ready after %.0f s, %d MiB in %d processes", demo.ready_after, demo.memory(), running)
    said = demo.log_text()
    for name, path in HEALTH.items():
        assert demo.address(name) in said
        assert answers(demo.address(name) + path)
    assert "demo@example.com  focusflow-demo" in said


def test_a_second_one_learns_where_the_first_one_runs(demo):
    second = demo.run("up")
    assert second.returncode == 1
    assert demo.address("dashboard") in second.stderr


def test_status_knows_where_it_runs_how_fresh_it_is_and_how_much_there_is(demo):
    status = demo.run("status", "--json")
    assert status.returncode == 0, status.stderr
    told = json.loads(status.stdout)
    assert told["addresses"] == {name: demo.address(name) for name in HEALTH}
    assert told["last_landed"]
    assert told["last_gold"]
    assert told["counts"]["people"] == 5
    assert told["counts"]["events"] > 10_000


def test_doctor_finds_nothing_wrong(demo):
    doctor = demo.run("doctor")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert "✗" not in doctor.stdout


@contextmanager
def signed_up(demo: Stack, email: str) -> Iterator[httpx2.Client]:
    """Their client, signed in."""
    with httpx2.Client(base_url=f"{demo.address('api')}/api/v1", timeout=20, trust_env=False) as client:
        account = {"email": email, "password": PASSWORD, "display_name": "Noor", "timezone": "UTC"}
        registered = client.post("/auth/register", json=account)
        assert registered.status_code == 202, registered.text
        token = client.post("/auth/login", json={"email": email, "password": PASSWORD}).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def add_task(client: httpx2.Client, title: str) -> str:
    created = client.post("/tasks", json={"title": title})
    assert created.status_code == 201, created.text
    return str(created.json()["id"])


@contextmanager
def _signed_in(demo: Stack, browser: Browser, email: str, password: str) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(demo.address("dashboard"))
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        yield page


@pytest.mark.browser
def test_who_signs_in_sees_today_and_the_overview_with_data(demo, browser):
    with _signed_in(demo, browser, "demo@example.com", "focusflow-demo") as page:
        expect(page.get_by_role("heading", name="Next", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Done: ").first).to_be_visible()
        expect(page.get_by_text("usual on a").first).to_be_visible()
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        expect(page.get_by_text("Tasks completed").first).to_be_visible()
        expect(page.locator("canvas, svg.marks").first).to_be_visible()
        assert page.get_by_test_id("stException").count() == 0


@pytest.mark.browser
@pytest.mark.timeout(480)
def test_a_completed_task_comes_to_the_page_by_itself(demo, browser):
    with (
        signed_up(demo, "noor@example.com") as client,
        _signed_in(demo, browser, "noor@example.com", PASSWORD) as page,
    ):
        expect(page.get_by_text("No open tasks.")).to_be_visible()
        task = add_task(client, "Water the plants")
        expect(page.get_by_text("Water the plants")).to_be_visible(timeout=180_000)
        assert client.post(f"/tasks/{task}/complete").status_code == 200
        begun = time.monotonic()
        completed = page.get_by_test_id("stMetric").filter(has_text=BY_NAME["tasks_completed"].label)
        # While the page is built again, the old metrics stand beside the new ones for a moment.
        expect(completed.get_by_test_id("stMetricValue").first).to_have_text("1", timeout=180_000)
        FIGURES.info("a completed task was on the page after %.1f s", time.monotonic() - begun)
        page.get_by_role("link", name="Tasks", exact=True).click()
        created = page.get_by_test_id("stMetric").filter(has_text="Created")
        expect(created.get_by_test_id("stMetricValue").first).to_have_text("1", timeout=60_000)
