"""P13: from the answer that a completed task is written to the page that shows it, in a browser, at random moments, while another user
writes 20 events a second and everything of `focusflow up` runs.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from playwright.sync_api import Locator, Page, expect, sync_playwright

from benchmarks.http import PASSWORD
from benchmarks.result import Result, percentile
from focusflow.metrics import BY_NAME
from tests.e2e.conftest import Stack, a_stack, chromium

TASKS = 60
EMAIL, BUSY_EMAIL = "noor@example.com", "busy@example.com"
GOAL_SECONDS, GOAL_MEDIAN = 3, 1.5
EVENTS_PER_SECOND, LONGEST_PAUSE = 20, 6.0


def measure(scale: float) -> Result:
    count = max(int(TASKS * scale), 3)
    with a_stack() as stack, sync_playwright() as playwright:
        stack.start("--demo")
        with httpx2.Client(base_url=f"{stack.address('api')}/api/v1", timeout=30, trust_env=False) as client:
            sign_in(client, EMAIL)
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page()
            complete_task(client, 1)  # a new account is shown an empty state and no figure
            open_today(page, stack)
            with busy(stack):
                taken = [until_visible(client, page, number) for number in range(2, count + 2)]
            browser.close()
    return Result(
        "P13",
        "event accepted → in gold and on the page, everything running",
        percentile(taken, 95),
        GOAL_SECONDS,
        "s at p95",
        more_is_better=False,
        detail={
            "median": f"{percentile(taken, 50):.1f} s (goal {GOAL_MEDIAN})",
            "most": f"{max(taken):.1f} s",
            "events": count,
        },
    )


@contextmanager
def busy(stack: Stack) -> Iterator[None]:
    """Another user writes all the while."""
    stop = threading.Event()

    def write() -> None:
        with httpx2.Client(base_url=f"{stack.address('api')}/api/v1", timeout=30, trust_env=False) as client:
            sign_in(client, BUSY_EMAIL)
            while not stop.wait(1 / EVENTS_PER_SECOND):
                client.post("/tasks", json={"title": "Another"})

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def sign_in(client: httpx2.Client, email: str) -> None:
    account = {"email": email, "password": PASSWORD, "display_name": "Noor", "timezone": "UTC"}
    client.post("/auth/register", json=account).raise_for_status()
    answer = client.post("/auth/login", json={"email": email, "password": PASSWORD}).raise_for_status()
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def complete_task(client: httpx2.Client, number: int) -> None:
    task = client.post("/tasks", json={"title": f"Task {number}"}).raise_for_status().json()
    client.post(f"/tasks/{task['id']}/complete").raise_for_status()


def open_today(page: Page, stack: Stack) -> None:
    page.goto(stack.address("dashboard"))
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(completed_on(page)).to_have_text("1", timeout=60_000)


def completed_on(page: Page) -> Locator:
    metric = page.get_by_test_id("stMetric").filter(has_text=BY_NAME["tasks_completed"].label)
    return metric.get_by_test_id("stMetricValue").first


def until_visible(client: httpx2.Client, page: Page, number: int) -> float:
    """Seconds until the page, which nobody reloads, counts so many completed tasks: it reads them from gold."""
    time.sleep(random.uniform(0, LONGEST_PAUSE))  # else each event would come at the same moment of a refresh
    complete_task(client, number)
    begun = time.perf_counter()
    expect(completed_on(page)).to_have_text(str(number), timeout=120_000)
    return time.perf_counter() - begun
